"""Why an expression has its value: each part with its value and place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from fieldstone_rules.closures import Compiler, compile_closure
from fieldstone_rules.environment import Environment, Value
from fieldstone_rules.errors import EvaluationError
from fieldstone_rules.expression import Expression
from fieldstone_rules.spans import line_and_column
from fieldstone_rules.tree import About, Aggregate, Apply, Constant, Node, children


@dataclass(frozen=True)
class Step:
    """A part of an expression and the value it had, in the order of evaluation. node: the part itself."""

    source: str
    value: Value
    line: int
    column: int
    node: Node = field(repr=False, compare=False)


def explain(expression: Expression, environment: Environment) -> tuple[Value, tuple[Step, ...]]:
    """The value of an expression and those of its parts that were evaluated. Raises EvaluationError."""
    steps: list[Step] = []

    def watch(node: Node, value: Value) -> None:
        if not isinstance(node, Constant):
            steps.append(_step(expression.source, node, value))

    return compile_closure(expression, watch)(environment), tuple(steps)


def explain_parts(expression: Expression, environment: Environment) -> tuple[Step, ...]:
    """Every part that stands in the text with the value that it has by itself, the innermost first.

    Also parts that the whole did not need: which ones were evaluated would tell of the values of others. A
    part that has no value has None.
    """
    compiler = Compiler(expression.source, raising=False)
    found: dict[tuple[int, int], Step] = {}
    for node in _parts(expression.tree):
        if not isinstance(node, Constant) and node.span.end > node.span.start:
            # `!=` and the equality below it have one place; the outer one is meant.
            place = (node.span.start, node.span.end)
            found[place] = _step(expression.source, node, _value(compiler, node, environment))
    return tuple(found.values())


def _parts(node: Node) -> Iterator[Node]:
    """A node after those below it that are about the same record."""
    if not isinstance(node, Aggregate | About | Apply):
        for child in children(node):
            yield from _parts(child)
    yield node


def _value(compiler: Compiler, node: Node, environment: Environment) -> Value:
    try:
        return compiler.compile(node)(environment)
    except EvaluationError:
        return None


def _step(source: str, node: Node, value: Value) -> Step:
    line, column = line_and_column(source, node.span.start)
    return Step(source[node.span.start : node.span.end], value, line, column, node)
