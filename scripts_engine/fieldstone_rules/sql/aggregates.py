"""Collections in SQL: correlated subqueries over the records that are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone_rules import limits
from fieldstone_rules.numbers import DECIMAL_PLACES, QUOTIENT_PLACES
from fieldstone_rules.routes import DELETED_AT
from fieldstone_rules.sql.lowering import Lowering, Place
from fieldstone_rules.sql.scope import SqlScope, is_there
from fieldstone_rules.sql_values import Column, bounded_decimal, bounded_integer, negation, number
from fieldstone_rules.tree import Aggregate, Binding, Collection, Gather, Node
from fieldstone_rules.types import Kind, reference


@dataclass(frozen=True)
class Rows:
    """The rows of a collection: their scope, what reads them, and which of them there are."""

    scope: SqlScope
    lowering: Lowering
    conditions: tuple[Column, ...]
    links: tuple[sa.FromClause, ...]

    def select(self, *columns: Any, where: Column | None = None) -> sa.Select[Any]:
        """A correlated SELECT over the rows."""
        base: sa.FromClause = self.scope.apply(self.scope.source)
        conditions = self.conditions if where is None else (*self.conditions, where)
        statement = sa.select(*columns).select_from(base, *self.links).where(*conditions)
        return statement.correlate_except(*self.scope.sources(), *self.links)


def lower(lowering: Lowering, node: Aggregate) -> Column:
    """The subquery of an aggregate."""
    rows = rows_of(lowering, node.collection)
    return _GATHERS[node.gather](rows, node)


def ids_of(lowering: Lowering, collection: Collection) -> sa.Select[Any]:
    """A correlated SELECT of the ids (`id`) of the records in a collection, in no order."""
    rows = rows_of(lowering, collection)
    where = None if collection.where is None else rows.lowering.is_true(collection.where)
    key = rows.scope.tables.column(rows.scope.source, rows.scope.entity, "id")
    return rows.select(key.label("id"), where=where)


def rows_of(lowering: Lowering, collection: Collection) -> Rows:
    """The rows of a collection, before its `where`.

    Of a record in the recycle bin they are also those that went there with it.
    """
    tables, source = lowering.tables(), collection.source
    alias = tables.table(source.entity).alias()
    around = _around(lowering, collection)
    with_it = None if around is None or source.many else around.ended
    scope = SqlScope(tables, source.entity, alias, live=with_it is None)
    inner = replace(lowering, places={**lowering.places, collection.binding: Place(scope, ())})
    conditions, links = _membership(lowering, collection, alias, None if around is None else around.ended)
    there = is_there(tables.column(alias, source.entity, DELETED_AT), with_it)
    allowed = tables.readable(alias, source.entity, None)
    wanted = [*conditions, there, *([] if allowed is None else [allowed])]
    if around is None or around.joined is None:
        return Rows(scope, inner, tuple(wanted), links)
    return Rows(scope, inner, (*wanted, around.same), (*links, around.joined))


class _Around(NamedTuple):
    """The record around rows that went to the recycle bin with it: when it did.

    joined: where the statement has to look it up, and `same`: that it is the one.
    """

    ended: Column
    joined: sa.FromClause | None = None
    same: Column = sa.true()


def _around(lowering: Lowering, collection: Collection) -> _Around | None:
    """The record whose rows may lie in the recycle bin with it; None where they cannot."""
    source, tables = collection.source, lowering.tables()
    if not source.along or source.owner is None or collection.of is None:
        return None
    place = lowering.place(collection.of) if isinstance(collection.of, Binding) else None
    if place is not None:
        return None if place.is_live else _Around(tables.column(place.alias, place.entity, DELETED_AT))
    around = tables.table(source.owner).alias()
    owner = lowering.targets(collection.of, frozenset({source.owner}))[source.owner]
    same = tables.column(around, source.owner, "id") == owner
    return _Around(tables.column(around, source.owner, DELETED_AT), around, same)


def _membership(
    lowering: Lowering, collection: Collection, alias: sa.FromClause, ended: Column | None
) -> tuple[tuple[Column, ...], tuple[sa.FromClause, ...]]:
    """What makes a row belong to the owner's collection. ended: as of `Tables.link`."""
    source, tables = collection.source, lowering.tables()
    if source.owner is None or collection.of is None:
        return (), ()
    owner = lowering.targets(collection.of, frozenset({source.owner}))[source.owner]
    if source.many:
        return _linked(lowering, collection, alias, owner, ended)
    assert source.inverse_field is not None
    return (tables.target(alias, source.entity, source.inverse_field, source.owner) == owner,), ()


def _linked(
    lowering: Lowering, collection: Collection, alias: sa.FromClause, owner: Column, ended: Column | None
) -> tuple[tuple[Column, ...], tuple[sa.FromClause, ...]]:
    """Rows paired with the owner in a link table, whichever of the two sides declares the field."""
    source, tables = collection.source, lowering.tables()
    assert source.owner is not None
    assert source.name is not None
    key = tables.column(alias, source.entity, "id")
    if source.inverse_field is None:
        pairs = tables.link(source.owner, source.name, ended)
        mine, theirs = pairs.source, pairs.target
    else:
        pairs = tables.link(source.entity, source.inverse_field, ended)
        theirs, mine = pairs.source, pairs.target
    return (mine == owner, theirs == key, *pairs.conditions), (pairs.rows,)


# ---- gathering


def where_of(rows: Rows, node: Aggregate) -> Column | None:
    """Which of the records are gathered; None for all. `all` looks at those that do not fit."""
    where = node.collection.where
    return None if where is None or node.gather is Gather.ALL else rows.lowering.is_true(where)


def _value(rows: Rows, node: Aggregate) -> Column:
    value: Node = node.value or Binding(
        reference(node.collection.source.entity), node.span, node.collection.binding
    )
    return rows.lowering.comparable(value)


def _count(_rows: Rows, _node: Aggregate) -> Column:
    return sa.func.count()


def _any(_rows: Rows, _node: Aggregate) -> Column:
    return sa.func.count() > 0


def _all(rows: Rows, node: Aggregate) -> Column:
    where = node.collection.where
    assert where is not None
    return sa.func.bool_and(rows.lowering.is_true(where).is_(sa.true()), type_=sa.Boolean())


def _sum(rows: Rows, node: Aggregate) -> Column:
    return _bounded(node, sa.func.sum(number(_value(rows, node)), type_=sa.Numeric()))


def _bounded(node: Aggregate, total: Column) -> Column:
    return bounded_integer(total) if node.type.kind is Kind.INTEGER else bounded_decimal(total)


def _average(rows: Rows, node: Aggregate) -> Column:
    value = number(_value(rows, node))
    total = sa.func.round(sa.func.sum(value, type_=sa.Numeric()), DECIMAL_PLACES, type_=sa.Numeric())
    count = sa.func.nullif(sa.func.count(value), 0, type_=sa.Numeric())
    rounded = sa.func.round(total / count, QUOTIENT_PLACES, type_=sa.Numeric())
    return bounded_decimal(sa.func.trim_scale(rounded, type_=sa.Numeric()))


def _extreme(function: Any) -> Callable[[Rows, Aggregate], Column]:
    def lowered(rows: Rows, node: Aggregate) -> Column:
        value = _value(rows, node)
        extreme: Column = function(value, type_=value.type)
        return extreme

    return lowered


COLUMNS: Mapping[Gather, Callable[[Rows, Aggregate], Column]] = {
    Gather.COUNT: _count,
    Gather.SUM: _sum,
    Gather.AVERAGE: _average,
    Gather.MIN: _extreme(sa.func.min),
    Gather.MAX: _extreme(sa.func.max),
    Gather.ANY: _any,
    Gather.ALL: _all,
}
"""The column of a SELECT that makes one value of rows, of which there is at least one."""


# ---- as a subquery


def _one(rows: Rows, node: Aggregate) -> Column:
    """A subquery of one value; the columns are lowered first, so that their joins are known."""
    wanted, where = COLUMNS[node.gather](rows, node), where_of(rows, node)
    return rows.select(wanted, where=where).scalar_subquery()


def _exists(rows: Rows, node: Aggregate) -> Column:
    where = where_of(rows, node)
    return rows.select(sa.literal_column("1"), where=where).exists()


def _for_all(rows: Rows, node: Aggregate) -> Column:
    where = node.collection.where
    assert where is not None
    fits = rows.lowering.is_true(where)
    return negation(rows.select(sa.literal_column("1"), where=fits.is_not(sa.true())).exists())


def _total(rows: Rows, node: Aggregate) -> Column:
    """The sum, of nothing 0; it is bounded outside, where it stands once."""
    value, where = number(_value(rows, node)), where_of(rows, node)
    total = rows.select(sa.func.sum(value, type_=sa.Numeric()), where=where).scalar_subquery()
    return _bounded(node, sa.func.coalesce(total, sa.literal_column("0", sa.Numeric()), type_=sa.Numeric()))


def _keys(rows: Rows, node: Aggregate) -> list[Any]:
    keys: list[Any] = []
    for key in node.collection.order:
        column = rows.lowering.comparable(key.value)
        keys.append((column.desc() if key.descending else column.asc()).nulls_last())
    return [*keys, rows.scope.tables.column(rows.scope.source, rows.scope.entity, "id")]


def _first(rows: Rows, node: Aggregate) -> Column:
    wanted, keys, where = _value(rows, node), _keys(rows, node), where_of(rows, node)
    return rows.select(wanted, where=where).order_by(*keys).limit(sa.literal_column("1")).scalar_subquery()


def _join(rows: Rows, node: Aggregate) -> Column:
    assert node.separator is not None
    separator = sa.cast(rows.lowering.value(node.separator), sa.Text)
    value, keys, where = _value(rows, node), _keys(rows, node), where_of(rows, node)
    ordered = postgresql.aggregate_order_by(separator, *keys)
    length = sa.func.sum(sa.cast(sa.func.length(value), sa.Numeric))
    separators = (sa.func.count(value) - 1) * sa.cast(sa.func.length(separator), sa.Numeric)
    fits = length + separators <= limits.current.text_length
    text = sa.case((fits, sa.func.string_agg(value, ordered, type_=sa.Text())))
    joined = rows.select(text, where=where).scalar_subquery()
    return sa.case((separator.is_not(None), joined)) if node.separator.type.nullable else joined


_GATHERS: Mapping[Gather, Callable[[Rows, Aggregate], Column]] = {
    Gather.COUNT: _one,
    Gather.SUM: _total,
    Gather.AVERAGE: _one,
    Gather.MIN: _one,
    Gather.MAX: _one,
    Gather.ANY: _exists,
    Gather.ALL: _for_all,
    Gather.FIRST: _first,
    Gather.JOIN: _join,
}
