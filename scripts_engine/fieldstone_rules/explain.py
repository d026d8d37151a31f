"""Why an expression has its value: each part with its value and place."""

from __future__ import annotations

from dataclasses import dataclass

from fieldstone_rules.closures import compile_closure
from fieldstone_rules.environment import Environment, Value
from fieldstone_rules.expression import Expression
from fieldstone_rules.spans import line_and_column
from fieldstone_rules.tree import Constant, Node


@dataclass(frozen=True)
class Step:
    """A part of an expression and the value it had, in the order of evaluation."""

    source: str
    value: Value
    line: int
    column: int


def explain(expression: Expression, environment: Environment) -> tuple[Value, tuple[Step, ...]]:
    """The value of an expression and those of its parts that were evaluated. Raises EvaluationError."""
    steps: list[Step] = []

    def watch(node: Node, value: Value) -> None:
        if not isinstance(node, Constant):
            steps.append(_step(expression.source, node, value))

    return compile_closure(expression, watch)(environment), tuple(steps)


def _step(source: str, node: Node, value: Value) -> Step:
    line, column = line_and_column(source, node.span.start)
    return Step(source[node.span.start : node.span.end], value, line, column)
