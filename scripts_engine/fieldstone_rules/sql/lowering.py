"""From the typed tree to SQL: values.

Conditions have their own module: a WHERE clause may be null where it means false, and that freedom is what
keeps
indexes usable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa

from fieldstone_rules.durations import Duration
from fieldstone_rules.functions.formatting import printed_sql
from fieldstone_rules.functions.time_sql import interval
from fieldstone_rules.sql.constants import RequestConstants, sql_type
from fieldstone_rules.sql.lengths import bounded
from fieldstone_rules.sql.scope import Path, SqlScope
from fieldstone_rules.sql_values import Column, negation, text
from fieldstone_rules.tree import (
    RECORD,
    About,
    Aggregate,
    Apply,
    Binding,
    Call,
    Cast,
    Choose,
    Constant,
    Fallback,
    Field,
    Interpolation,
    ListOf,
    Lookup,
    Node,
    OrganisationCurrency,
    Part,
    Setting,
    UserTeams,
    UserZone,
    Variable,
)
from fieldstone_rules.types import Kind

CONSTANTS = RequestConstants()
ANYTHING = "*"

Lower = Callable[["Lowering", Any], Column]


class Place(NamedTuple):
    """Where a record is: the alias that a path leads to in a statement."""

    scope: SqlScope
    path: Path

    @property
    def entity(self) -> str:
        """The record's entity."""
        return self.scope.at(self.path)[0]

    @property
    def alias(self) -> sa.FromClause:
        """The alias that holds the record."""
        return self.scope.at(self.path)[1]

    @property
    def is_live(self) -> bool:
        """Whether it is known that the record is in no recycle bin."""
        return self.scope.live and not self.path

    def column(self, name: str) -> Column:
        """A plain field of the record, null where the viewer may not read it."""
        column = self.scope.tables.column(self.alias, self.entity, name)
        return self.guarded(name, column)

    def guarded(self, name: str, column: Column) -> Column:
        """A column of the record's field `name` under the viewer's rights."""
        allowed = self.scope.tables.readable(self.alias, self.entity, name)
        return column if allowed is None else sa.case((allowed, column))


@dataclass(frozen=True)
class Readings:
    """How the other modules lower their nodes: conditions in three readings, references, aggregates."""

    true: Mapping[type[Node], Lower]
    false: Mapping[type[Node], Lower]
    exact: Mapping[type[Node], Lower]
    targets: Callable[[Lowering, Node, frozenset[str]], dict[str, Column]]
    aggregate: Lower


def as_condition(column: Column) -> Column:
    """A null that stands alone needs a type to be a condition."""
    return sa.cast(column, sa.Boolean) if isinstance(column.type, sa.types.NullType) else column


@dataclass(frozen=True)
class Lowering:
    """Lowers nodes. places: binding → where its record is. roots: the same for nodes that yield records, by
    identity.

    parameters: of the function whose body this is: name → the argument and the lowering it belongs to.
    constants: who asks and when; somebody else than the request's user may be put in.
    """

    readings: Readings
    places: Mapping[str, Place]
    roots: Mapping[int, Place] = field(default_factory=dict)
    parameters: Mapping[str, tuple[Lowering, Node]] = field(default_factory=dict)
    constants: RequestConstants = CONSTANTS

    def value(self, node: Node) -> Column:
        """The SQL for a node's value."""
        if node.type.kind is Kind.REFERENCE:
            return self.id_of(node)
        lower = self.readings.exact.get(type(node)) or _LOWERINGS[type(node)]
        return lower(self, node)

    def is_true(self, node: Node) -> Column:
        """Holds exactly where a condition is true, and may be null elsewhere."""
        lower = self.readings.true.get(type(node))
        return lower(self, node) if lower is not None else as_condition(self.value(node))

    def is_false(self, node: Node) -> Column:
        """Holds exactly where a condition is false, and may be null elsewhere."""
        lower = self.readings.false.get(type(node))
        return lower(self, node) if lower is not None else negation(as_condition(self.value(node)))

    def targets(self, node: Node, wanted: frozenset[str]) -> dict[str, Column]:
        """The ids that a reference holds for each of the wanted kinds of records that it may name."""
        return self.readings.targets(self, node, wanted)

    def id_of(self, node: Node) -> Column:
        """The id that a reference holds."""
        found = self.targets(node, frozenset(node.type.entities) or frozenset({ANYTHING}))
        if len(found) == 1:
            return next(iter(found.values()))
        return sa.func.coalesce(sa.cast(sa.null(), sa.Uuid), *found.values(), type_=sa.Uuid())

    def comparable(self, node: Node) -> Column:
        """The value in a form whose order is the language's: text by code point."""
        column = self.value(node)
        is_text = node.type.kind in (Kind.TEXT, Kind.CHOICE)
        return column.collate("C") if is_text and not isinstance(node, Field) else column

    def about(self, place: Place) -> Lowering:
        """A lowering for which `record` is another one."""
        return replace(self, places={**self.places, RECORD: place})

    def place(self, node: Node) -> Place | None:
        """Where the record is that a reference names, when joins lead there; None when it has to be looked
        up.
        """
        if id(node) in self.roots:
            return self.roots[id(node)]
        if isinstance(node, Binding):
            return self.places.get(node.name)
        several = isinstance(node, Cast)
        step = node.of if isinstance(node, Cast) else node
        if not isinstance(step, Field):
            return None
        before = self.place(step.of)
        if before is None:
            return None
        target = node.type.entities[0]
        return Place(before.scope, before.scope.hop(before.path, step.name, target, several=several))

    def tables(self) -> Any:
        """The platform's tables."""
        return next(iter(self.places.values())).scope.tables


# ---- records that have to be looked up


def root_of(node: Node) -> Node:
    """The node from which the hops to a record start."""
    while True:
        if isinstance(node, Field):
            node = node.of
        elif isinstance(node, Cast) and isinstance(node.of, Field):
            node = node.of.of
        else:
            return node


def looked_up(lowering: Lowering, root: Node, read: Callable[[Lowering], Column]) -> Column:
    """What is read of a record that no join leads to: a subquery by its id."""
    tables, entity = lowering.tables(), root.type.entities[0]
    alias = tables.table(entity).alias()
    scope = SqlScope(tables, entity, alias)
    inner = replace(lowering, roots={**lowering.roots, id(root): Place(scope, ())})
    column = read(inner)
    statement = sa.select(column).select_from(scope.apply(alias))
    statement = statement.where(tables.column(alias, entity, "id") == lowering.id_of(root))
    allowed = tables.readable(alias, entity, None)
    if allowed is not None:
        statement = statement.where(allowed)
    return statement.correlate_except(*scope.sources()).scalar_subquery()


# ---- values


def _constant(_: Lowering, node: Constant) -> Column:
    if node.value is None:
        return sa.null() if node.type.kind is Kind.NULL else sa.cast(sa.null(), sql_type(node.type))
    if isinstance(node.value, Duration):
        return interval(node.value)
    value = Decimal(node.value) if node.type.kind in (Kind.MONEY, Kind.PERCENT) else node.value
    return sa.literal(value, sql_type(node.type))


def _list(lowering: Lowering, node: ListOf) -> Column:
    type_ = sql_type(node.type)
    if not node.items:
        return sa.cast(sa.literal([], type_), type_)
    return sa.cast(sa.dialects.postgresql.array([lowering.value(item) for item in node.items]), type_)


def _variable(lowering: Lowering, node: Variable) -> Column:
    if node.name in lowering.parameters:
        outer, argument = lowering.parameters[node.name]
        return outer.value(argument)
    return CONSTANTS.variable(node.name, node.type)


def _field(lowering: Lowering, node: Field) -> Column:
    place = lowering.place(node.of)
    if place is None:
        return looked_up(lowering, root_of(node), lambda inner: inner.value(node))
    column = place.column(node.name)
    return sa.cast(column, sa.Text) if node.name == "id" and node.type.kind is Kind.TEXT else column


def _part(lowering: Lowering, node: Part) -> Column:
    written: Column = lowering.value(node.of)[node.name].astext
    return text(written) if node.type.kind is Kind.TEXT else sa.cast(written, sql_type(node.type))


def _about(lowering: Lowering, node: About) -> Column:
    place = lowering.place(node.of)
    if place is None:
        return looked_up(lowering, root_of(node.of), lambda inner: inner.value(node))
    body = lowering.about(place).value(node.body)
    return (
        body
        if not place.path
        else sa.case((place.scope.tables.column(place.alias, place.entity, "id").is_not(None), body))
    )


def _setting(_: Lowering, node: Setting) -> Column:
    return CONSTANTS.setting(node.app, node.key, node.type)


def _currency(_: Lowering, __: OrganisationCurrency) -> Column:
    return CONSTANTS.currency


def _user_zone(_: Lowering, __: UserZone) -> Column:
    return CONSTANTS.user_zone


def _teams(lowering: Lowering, _: UserTeams) -> Column:
    return lowering.constants.user_teams


def _lookup(lowering: Lowering, node: Lookup) -> Column:
    type_ = sql_type(node.type)
    known = {key: sa.literal(value, type_) for key, value in node.table.items() if value is not None}
    key = lowering.value(node.of)
    return sa.case(*((key == state, value) for state, value in known.items())) if known else sa.null()


def _choose(lowering: Lowering, node: Choose) -> Column:
    condition = lowering.is_true(node.condition)
    return sa.case((condition, lowering.value(node.then)), else_=lowering.value(node.otherwise))


def _fallback(lowering: Lowering, node: Fallback) -> Column:
    columns = [lowering.value(item) for item in node.items if item.type.kind is not Kind.NULL]
    return sa.func.coalesce(*columns, type_=columns[0].type) if columns else sa.null()


def _interpolation(lowering: Lowering, node: Interpolation) -> Column:
    joined: Column = sa.literal("", sa.Text)
    for part in node.parts:
        if part.type.kind is not Kind.NULL:
            piece = printed_sql(lowering.value(part), CONSTANTS)
            joined = joined.concat(sa.func.coalesce(piece, "", type_=sa.Text()))
    return bounded(node, joined)


def _call(lowering: Lowering, node: Call) -> Column:
    assert node.form.sql is not None, node.function.name
    written = node.form.constants
    arguments: list[Any] = [
        argument.value if position in written and isinstance(argument, Constant) else lowering.value(argument)
        for position, argument in enumerate(node.arguments)
    ]
    lowered: Column = node.form.sql(CONSTANTS, *arguments) if node.form.context else node.form.sql(*arguments)
    return bounded(node, lowered) if _is_joined(node) else lowered


def _is_joined(node: Call) -> bool:
    return node.function.name == "+" and node.type.kind is Kind.TEXT


def _apply(lowering: Lowering, node: Apply) -> Column:
    bound = {
        name: (lowering, argument) for name, argument in zip(node.parameters, node.arguments, strict=True)
    }
    return replace(lowering, parameters=bound).value(node.body)


def _aggregate(lowering: Lowering, node: Aggregate) -> Column:
    return lowering.readings.aggregate(lowering, node)


_LOWERINGS: dict[type[Node], Callable[[Lowering, Any], Column]] = {
    Constant: _constant,
    ListOf: _list,
    Variable: _variable,
    Field: _field,
    Part: _part,
    About: _about,
    Setting: _setting,
    OrganisationCurrency: _currency,
    UserTeams: _teams,
    UserZone: _user_zone,
    Lookup: _lookup,
    Choose: _choose,
    Fallback: _fallback,
    Interpolation: _interpolation,
    Call: _call,
    Apply: _apply,
    Aggregate: _aggregate,
}
