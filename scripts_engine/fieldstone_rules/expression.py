"""Expressions: what they are for, how a text becomes one, and what it depends on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fieldstone_rules.checking import RULES
from fieldstone_rules.checking.assignment import assignable
from fieldstone_rules.checking.context import Checking, Names, UserFunction, describe
from fieldstone_rules.checking.literals import template
from fieldstone_rules.checking.names import RESERVED
from fieldstone_rules.errors import Problem, RuleError
from fieldstone_rules.lowerable import why_not_lowerable
from fieldstone_rules.parsing import check_size, parse_expression
from fieldstone_rules.reading import collections_read, fields_read, is_constant, paths_read
from fieldstone_rules.schema import Schema
from fieldstone_rules.spans import NOWHERE, Span, problem_at
from fieldstone_rules.tree import PICKER, RECORD, Binding, Node, Variable
from fieldstone_rules.types import Kind, Type, reference


class Purpose(StrEnum):
    """What an expression is for: it decides what unknown means at the root and whether a SQL form is
    needed.
    """

    CONDITION = "condition"
    FILTER = "filter"
    PERMISSION = "permission"
    DENY = "deny"
    CHECK = "check"
    FORMULA = "formula"
    DEFAULT = "default"
    VALUE = "value"


CONDITIONS = frozenset({Purpose.CONDITION, Purpose.FILTER, Purpose.PERMISSION, Purpose.DENY, Purpose.CHECK})
UNKNOWN_IS_TRUE = frozenset({Purpose.DENY, Purpose.CHECK})
LOWERED = frozenset({Purpose.FILTER, Purpose.PERMISSION, Purpose.DENY, Purpose.FORMULA})


@dataclass(frozen=True)
class Scope:
    """Where an expression stands.

    entity: the record at hand; None when there is none. expected: the type that the value must fit.
    variables: name → type of what the surroundings provide. forbidden: functions and roots not allowed here.
    functions: those of the app's rule files. collections: a bare collection, such as `members`, is a value
    here. picker: the entity of the record that picks one of `entity` and that `record` means (see `picking`).
    """

    schema: Schema
    entity: str | None = None
    purpose: Purpose = Purpose.VALUE
    expected: Type | None = None
    variables: Mapping[str, Type] = field(default_factory=dict)
    user: bool = True
    old: bool = False
    forbidden: frozenset[str] = frozenset()
    functions: Mapping[str, UserFunction] = field(default_factory=dict)
    collections: bool = False
    picker: str | None = None

    @property
    def standing(self) -> Standing:
        """What a checked expression keeps of it."""
        return Standing(self.entity, self.purpose, self.picker)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a checked expression keeps of its scope: the entity of its record, its purpose, and who picks.

    It keeps no schema: expressions outlive the check that made them, and would hold on to all that it knew.
    """

    entity: str | None = None
    purpose: Purpose = Purpose.VALUE
    picker: str | None = None


@dataclass(frozen=True, eq=False)
class Expression:
    """A checked expression.

    scope: where it stands.
    reads: (entity, field) of everything it reads, formulas followed. paths: hops from the record, to
    prefetch.
    collections: it reads collections. constant: it depends on nothing but what stands in the text.
    """

    source: str
    tree: Node
    type: Type
    scope: Standing
    reads: frozenset[tuple[str, str]]
    paths: frozenset[tuple[str, ...]]
    collections: bool
    constant: bool
    warnings: tuple[Problem, ...] = ()


def check_expression(source: str, scope: Scope) -> Expression:
    """The expression that a text holds. Raises RuleError with all problems."""
    return _checked(source, scope, lambda checking, names: checking.check(parse_expression(source), names))


def check_text(source: str, scope: Scope) -> Expression:
    """The expression that makes a text out of a whole one with `{expressions}` in it, written without
    quotes and escapes. Raises RuleError with all problems.
    """
    check_size(source)
    return _checked(source, scope, template)


def _checked(source: str, scope: Scope, read: Callable[[Checking, Names], Node]) -> Expression:
    checking = _checking(source, scope)
    if scope.entity is not None and scope.schema.entity(scope.entity) is None:
        raise RuleError(
            [problem_at(source, NOWHERE, "unknown_name", f"There is no entity `{scope.entity}`.")], source
        )
    node = read(checking, names_of(scope))
    _check_root(checking, node, scope)
    if any(problem.severity == "error" for problem in checking.problems):
        raise RuleError(sorted(checking.problems, key=lambda p: (p.line, p.column)), source)
    return expression_of(source, node, scope.standing, tuple(checking.problems))


def expression_of(source: str, node: Node, scope: Standing, warnings: tuple[Problem, ...] = ()) -> Expression:
    """An expression around a tree that has been checked."""
    return Expression(
        source,
        node,
        node.type,
        scope,
        fields_read(node),
        paths_read(node),
        collections_read(node),
        is_constant(node),
        warnings,
    )


def _checking(source: str, scope: Scope) -> Checking:
    return Checking(
        source,
        scope.schema,
        RULES,
        old=scope.old,
        user=scope.user,
        forbidden=scope.forbidden,
        functions=scope.functions,
    )


def names_of(scope: Scope) -> Names:
    """The names that an expression in this scope starts with."""
    variables: dict[str, Node] = {
        name: Variable(type_, NOWHERE, name)
        for name, type_ in scope.variables.items()
        if name not in RESERVED
    }
    if scope.entity is None:
        return Names(None, variables)
    record = Binding(reference(scope.entity, nullable=False), NOWHERE, RECORD)
    meant = record
    if scope.picker is not None:
        meant = Binding(reference(scope.picker, nullable=False), NOWHERE, PICKER)
    return Names(record, {**variables, "#record": meant})


def _check_root(checking: Checking, node: Node, scope: Scope) -> None:
    span = Span(0, len(checking.source.rstrip()))
    if scope.purpose in CONDITIONS and node.type.kind not in (Kind.BOOLEAN, Kind.NULL):
        checking.report(span, "type", f"A condition is expected here, not a {describe(node.type)}.")
    elif node.type.kind is Kind.COLLECTION and not scope.collections:
        checking.report(span, "type", "A collection is no value.", "use `count(…)`, `first(…)`, `join(…)`")
    elif scope.expected is not None:
        assignable(checking, node, scope.expected)
    if scope.purpose in LOWERED:
        _check_lowerable(checking, node)
    if scope.purpose is Purpose.CHECK:
        warn_of_unknown(checking, span, node)


def warn_of_unknown(checking: Checking, span: Span, node: Node) -> None:
    """Warn of the condition of a check that may be unknown."""
    if node.type.nullable and node.type.kind is Kind.BOOLEAN:
        checking.report(span, "unknown_passes", "The check passes where this is unknown.", None, "warning")


def _check_lowerable(checking: Checking, node: Node) -> None:
    if any(problem.severity == "error" for problem in checking.problems):
        return
    for span, message in why_not_lowerable(node):
        checking.report(span, "not_lowerable", message)
