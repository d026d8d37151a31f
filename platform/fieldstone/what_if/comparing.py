"""The comparison in SQL: both sides' predicates over the same records, in one statement for all rights.

The records that differ are found once; counting them and showing the first of them reads only those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.context import Context
from fieldstone.model.model import Entity
from fieldstone.model.rule_columns import kept_column
from fieldstone.model.system_fields import TITLE
from fieldstone.what_if.answers import Changed, Side
from fieldstone.what_if.sides import Case, Right

Column = sa.ColumnElement[Any]


@dataclass(frozen=True)
class Comparison:
    """What is compared: some rights over the live records of an entity that the caller may read.

    context: the caller's. sides: before and after. most: how many records to show of each difference.
    """

    context: Context
    entity: Entity
    rights: Sequence[Right]
    sides: tuple[Case, Case]
    most: int


def changes(connection: sa.Connection, compared: Comparison) -> tuple[Changed, ...]:
    """The rights of which some record is gained or lost; one statement, or none where no right may differ."""
    if not compared.rights:
        return ()
    row = connection.execute(_statement(compared)).one()
    pairs = [row[at : at + 2] for at in range(0, len(row), 2)]
    found = [
        Changed(verb, field, _side(compared.entity, *gained), _side(compared.entity, *lost))
        for (verb, field), gained, lost in zip(compared.rights, pairs[::2], pairs[1::2], strict=True)
    ]
    return tuple(one for one in found if one.gained.count or one.lost.count)


def _side(entity: Entity, count: int, records: list[tuple[str, str]] | None) -> Side:
    shown = ({"id": id_, "entity": entity.name, "title": title} for id_, title in records or ())
    return Side(count, tuple(shown))


def _statement(compared: Comparison) -> sa.Select[Any]:
    differing = _differing(compared)
    columns: list[Column] = []
    for place in range(len(compared.rights)):
        before, after = differing.c[f"before_{place}"], differing.c[f"after_{place}"]
        for which in (sa.and_(after, sa.not_(before)), sa.and_(before, sa.not_(after))):
            columns += [sa.func.count().filter(which), _first(differing, which, compared.most)]
    return sa.select(*columns).select_from(differing)


def _differing(compared: Comparison) -> sa.CTE:
    """The records of which some right differs."""
    entity, source = compared.entity, compared.entity.table.alias()
    pairs = [[side.holds(entity, right, source) for side in compared.sides] for right in compared.rights]
    told = [
        holds.label(f"{name}_{place}")
        for place, pair in enumerate(pairs)
        for name, holds in zip(("before", "after"), pair, strict=True)
    ]
    title = kept_column(compared.context.model, entity.name, source, TITLE)
    statement = sa.select(source.c.id, title.label("title"), *told).where(
        source.c.deleted_at.is_(None),
        Case(compared.context).holds(entity, ("read", None), source),
        sa.or_(*(before.is_distinct_from(after) for before, after in pairs)),
    )
    return statement.cte("differing").prefix_with("MATERIALIZED")


def _first(differing: sa.CTE, which: Column, most: int) -> Column:
    """The first of some records by title, as pairs of id and title."""
    some = sa.select(differing.c.id, differing.c.title).where(which)
    some = some.order_by(differing.c.title, differing.c.id).limit(most)
    page = some.correlate(None).subquery()
    pair = sa.func.jsonb_build_array(page.c.id, page.c.title)
    ordered = postgresql.aggregate_order_by(pair, page.c.title, page.c.id)
    return sa.select(sa.func.jsonb_agg(ordered, type_=postgresql.JSONB())).scalar_subquery()
