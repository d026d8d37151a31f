"""Checking the expressions of a declaration: one run of the checker over a file, a piece at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lark import Token, Tree

from fieldstone_rules import limits
from fieldstone_rules.checking import RULES
from fieldstone_rules.checking.assignment import assignable
from fieldstone_rules.checking.context import Checking, Names, UserFunction, describe
from fieldstone_rules.checking.logic import condition
from fieldstone_rules.errors import Problem
from fieldstone_rules.expression import Expression, Purpose, Standing, expression_of
from fieldstone_rules.parsing import MeasuredTree, too_many_parts
from fieldstone_rules.rule_files.world import RuleWorld
from fieldstone_rules.spans import NOWHERE, line_and_column
from fieldstone_rules.tree import RECORD, Binding, Node, Variable
from fieldstone_rules.types import Kind, Type, reference, simple

BOOLEAN = simple(Kind.BOOLEAN)
TEXT = simple(Kind.TEXT)


@dataclass(frozen=True, eq=False)
class Body:
    """What the parts of one declaration share. entity: of the record at hand, if there is one.

    own_fields: why the fields of that record cannot be set here; None if they can.
    writes: why nothing but fields can be written here; None if records can be made and removed too.
    states: fields under a workflow can be given, as callers give them.
    incomplete: a record may lack what it needs, because that is what is tried.
    """

    checking: Checking
    world: RuleWorld
    entity: str | None
    own_fields: str | None = None
    writes: str | None = None
    states: bool = False
    incomplete: bool = False

    @property
    def problems(self) -> list[Problem]:
        """What has been found so far."""
        return self.checking.problems

    def line(self, tree: Tree[Token] | Token) -> int:
        """The line on which a part begins."""
        start = tree.start_pos if isinstance(tree, Token) else tree.meta.start_pos
        return line_and_column(self.checking.source, start or 0)[0]

    def names(self) -> Names:
        """The names that the declaration begins with."""
        if self.entity is None:
            return Names(None)
        record = Binding(reference(self.entity, nullable=False), NOWHERE, RECORD)
        return Names(record, {"#record": record})

    def node(self, tree: Tree[Token], names: Names) -> Node:
        """The typed tree of an expression of any type but a collection."""
        self._measure(tree)
        node = self.checking.check(tree, names)
        if node.type.kind is Kind.COLLECTION:
            hint = "use `count(…)`, `first(…)`, `join(…)`"
            return self.checking.report(tree, "type", "A collection is no value.", hint)
        return node

    def value(self, tree: Tree[Token], names: Names, expected: Type | None = None) -> Expression:
        """An expression that gives a value, of the expected type if one is given."""
        node = self.node(tree, names)
        if expected is not None:
            assignable(self.checking, node, expected)
        return self.expression(node, Purpose.VALUE)

    def condition(self, tree: Tree[Token], names: Names, purpose: Purpose = Purpose.CONDITION) -> Expression:
        """An expression that has to be a condition."""
        self._measure(tree)
        return self.expression(condition(self.checking, tree, names), purpose)

    def expression(self, node: Node, purpose: Purpose) -> Expression:
        """An expression around a checked tree."""
        return expression_of(self.checking.source, node, Standing(self.entity, purpose))

    def reference(self, tree: Tree[Token], names: Names) -> tuple[Expression, str | None]:
        """An expression that names one record, and its entity; reports if it is none or of several kinds."""
        expression = self.value(tree, names)
        type_ = expression.type
        if type_.kind is Kind.NULL:
            return expression, None
        if type_.kind is not Kind.REFERENCE:
            self.checking.report(tree, "type", f"A record is expected here, not a {describe(type_)}.")
            return expression, None
        if len(type_.entities) != 1:
            self.checking.report(tree, "cast", "This may be one of several kinds of records.", "cast it")
            return expression, None
        return expression, type_.entities[0]

    def _measure(self, tree: Tree[Token]) -> None:
        self.checking.expanded = 0
        if isinstance(tree, MeasuredTree) and tree.size > limits.current.nodes:
            self.checking.report(tree, "too_complex", too_many_parts())


def variable(name: str, type_: Type) -> Variable:
    """A variable that statements see."""
    return Variable(type_, NOWHERE, name)


def new_body(
    source: str,
    world: RuleWorld,
    entity: str | None,
    functions: Mapping[str, UserFunction],
    *,
    old: bool = False,
) -> Body:
    """The means to check one declaration of a file. old: `old`, `changed` and `became` may occur."""
    return Body(Checking(source, world, RULES, old=old, functions=functions), world, entity)


def restricted(body: Body, *, own_fields: str | None, writes: str | None) -> Body:
    """The same body where some writes are not allowed, with the reasons."""
    return replace(body, own_fields=own_fields, writes=writes)
