"""Python code under construction: functions, blocks of statements, and the pieces they are made of.

Every intermediate value is assigned to a local name, so code is flat where the tree is deep, and a piece of
code is always a name or a constant, which may be mentioned several times.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

ENVIRONMENT = "environment"
_WRITTEN_OUT = frozenset({bool, int, str, type(None)})


def name(identifier: str) -> ast.Name:
    """A name that is read."""
    return ast.Name(identifier, ast.Load())


def constant(value: bool | int | str | None) -> ast.Constant:
    """A value that stands in the code."""
    return ast.Constant(str(value) if isinstance(value, str) else value)


def attribute(of: ast.expr, identifier: str) -> ast.expr:
    """`of.identifier`; the identifier is ours, never one of a rule."""
    return ast.Attribute(of, identifier, ast.Load())


def item(of: ast.expr, key: str) -> ast.expr:
    """`of["key"]`."""
    return ast.Subscript(of, constant(key), ast.Load())


def call(function: ast.expr, *arguments: ast.expr) -> ast.Call:
    """`function(arguments)`."""
    return ast.Call(function, list(arguments), [])


def compare(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
    """`left operator right`."""
    return ast.Compare(left, [operator], [right])


def is_(value: ast.expr, what: bool | None) -> ast.expr:
    """`value is what`."""
    return compare(value, ast.Is(), constant(what))


def is_not(value: ast.expr, what: bool | None) -> ast.expr:
    """`value is not what`."""
    return compare(value, ast.IsNot(), constant(what))


def when(condition: ast.expr, then: ast.expr, otherwise: ast.expr) -> ast.expr:
    """`then if condition else otherwise`."""
    return ast.IfExp(condition, then, otherwise)


def either(*conditions: ast.expr) -> ast.expr:
    """`a or b`."""
    return conditions[0] if len(conditions) == 1 else ast.BoolOp(ast.Or(), list(conditions))


def both(*conditions: ast.expr) -> ast.expr:
    """`a and b`."""
    return conditions[0] if len(conditions) == 1 else ast.BoolOp(ast.And(), list(conditions))


def may_be_none(value: ast.expr) -> bool:
    """Whether a piece of code is not obviously there."""
    return not isinstance(value, ast.Constant) or value.value is None


def unless_none(values: Sequence[ast.expr], then: ast.expr) -> ast.expr:
    """`then`, or None if one of the values is None."""
    doubtful = [is_(value, None) for value in values if may_be_none(value)]
    return when(either(*doubtful), constant(None), then) if doubtful else then


@dataclass
class Unit:
    """A module of generated functions with the Python objects that they refer to.

    raising: a value that leaves its range is an error. late: what is built from the compiled functions.
    """

    source: str
    raising: bool
    functions: list[ast.stmt] = field(default_factory=list)
    known: dict[str, Any] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    late: list[Callable[[dict[str, Any]], None]] = field(default_factory=list)
    count: int = 0

    def fresh(self, prefix: str) -> str:
        """A name that is not taken."""
        self.count += 1
        return f"{prefix}{self.count}"

    def value(self, value: Any) -> ast.expr:
        """A Python object in the code: written out, or by a name that stands for it."""
        if type(value) in _WRITTEN_OUT:
            return constant(value)
        if id(value) not in self.names:
            self.names[id(value)] = self.fresh("known")
            self.known[self.names[id(value)]] = value
        return name(self.names[id(value)])

    def function(self, emit: Callable[[Block], ast.expr], identifier: str | None = None) -> str:
        """Define a function of the environment with the value that `emit` gives; its name."""
        chosen = identifier or self.fresh("function")
        block = Block(self, chosen)
        block.statements.append(ast.Return(emit(block)))
        given = ast.arguments([], [ast.arg(ENVIRONMENT)], None, [], [], None, [])
        self.functions.append(ast.FunctionDef(chosen, given, block.statements, [], None, None))
        return chosen

    def compiled(self) -> Callable[[Any], Any]:
        """The function `evaluate`, compiled; it sees the known objects and no builtins."""
        module = ast.fix_missing_locations(ast.Module(self.functions, []))
        namespace = {**self.known, "__builtins__": {}}
        exec(compile(module, "<rule>", "exec"), namespace)  # noqa: S102 - a tree of ours; texts are only constants
        for finish in self.late:
            finish(namespace)
        evaluate: Callable[[Any], Any] = namespace["evaluate"]
        return evaluate


class Block:
    """Statements that are being written, in the function called `function`."""

    def __init__(self, unit: Unit, function: str) -> None:
        self.unit = unit
        self.function = function
        self.statements: list[ast.stmt] = []

    def assign(self, value: ast.expr, target: ast.expr | None = None) -> ast.expr:
        """Assign to a new name, or to `target`; a name or constant that needs none stays as it is."""
        if target is None and isinstance(value, ast.Name | ast.Constant):
            return value
        identifier = target.id if isinstance(target, ast.Name) else self.unit.fresh("v")
        self.statements.append(ast.Assign([ast.Name(identifier, ast.Store())], value))
        return name(identifier)

    def variable(self, value: ast.expr) -> ast.expr:
        """A new name with a first value, to be assigned again."""
        return self.assign(value, name(self.unit.fresh("v")))

    def do(self, value: ast.expr) -> None:
        """Evaluate for its effect."""
        self.statements.append(ast.Expr(value))

    @contextmanager
    def branch(self, condition: ast.expr) -> Iterator[None]:
        """What is written inside happens only if the condition holds."""
        outer, self.statements = self.statements, []
        yield
        outer.append(ast.If(condition, self.statements or [ast.Pass()], []))
        self.statements = outer

    def attempt(self, error: type[Exception], value: ast.expr, instead: ast.expr) -> ast.expr:
        """The value of a call, or `instead` if it raises."""
        result = name(self.unit.fresh("v"))
        known = self.unit.value(error)
        tried = ast.Assign([ast.Name(result.id, ast.Store())], value)
        caught = ast.Assign([ast.Name(result.id, ast.Store())], instead)
        handler = ast.ExceptHandler(known, None, [caught])
        self.statements.append(ast.Try([tried], [handler], [], []))
        return name(result.id)
