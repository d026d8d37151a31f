"""Finding a record to refer to, as one types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.grants import access
from fieldstone.context import Context
from fieldstone.fields.stored_text import people_order
from fieldstone.model.model import Entity
from fieldstone.model.system_fields import TITLE
from fieldstone.records import keyset, lists, search, search_across
from fieldstone.records.listing import Reading
from fieldstone.records.query import Query
from fieldstone.records.source import Viewer
from fieldstone.records.statements import Statement
from fieldstone_rules import Expression
from fieldstone_rules.sql.constants import variable_parameters

Column = sa.ColumnElement[Any]
USUAL_NUMBER = 10
AT_ONCE = 25
"""How many entities one statement searches."""

ENOUGH = 50
"""With so many records found, no further entities are searched."""


@dataclass(frozen=True)
class Found:
    """A record that can be referred to."""

    id: UUID
    entity: str
    title: str


def lookup(  # noqa: PLR0917  what one types, how many, and what may be picked
    context: Context,
    entity: str,
    q: str | None,
    limit: int = USUAL_NUMBER,
    where: str | Expression | None = None,
    variables: Mapping[str, Any] | None = None,
) -> list[Found]:
    """Records whose search text holds all words of `q`, first those whose title begins with the first.

    where: what may be picked, as in a query. variables: the values of those in it.

    Raises:
        As `list_json`.
    """
    reading = Reading(context, entity, Query(where=where, q=q, limit=limit))
    key = (*reading.key, "lookup")
    statement = reading.kept.get(key, lambda: _statement(*reading.arguments))
    rows = reading.run(statement, **variable_parameters(variables or {}))
    found = zip(rows.column(0), rows.column(1), strict=True)
    return [Found(UUID(id_.decode()), entity, title.decode()) for id_, title in found]


def searchable(context: Context) -> list[str]:
    """The entities that declare what to search in, and of which the caller may read at least some records."""
    model, principal = context.model, context.principal
    return [
        name
        for name, entity in model.entities.items()
        if entity.declaration.search and access(model, principal, name).read.constant is not False
    ]


def search_everywhere(context: Context, entities: Sequence[str], q: str, most: int) -> list[Found]:
    """Records of several entities whose search text holds all words of `q`, what fits best first; where there
    are none, those with similar words. One statement for all entities, and perhaps a second.

    Of many entities only those are asked that hold such words at all, and of these, in their order, as many
    as it takes to find enough. most: of each entity.

    Raises:
        As `list_json`.
    """
    query = Query(q=q, limit=most)
    found = _found_everywhere(context, entities, query)
    if found or not search.may_be_mistyped(search.words(q)):
        return found
    return _found_everywhere(context, entities, replace(query, similar=True))


def _found_everywhere(context: Context, entities: Sequence[str], query: Query) -> list[Found]:
    wanted = entities if len(entities) <= AT_ONCE else search_across.holding(context, entities, query)
    found: list[tuple[int, Found]] = []
    for start in range(0, len(wanted), AT_ONCE):
        found += _found_in(context, wanted[start : start + AT_ONCE], query)
        if len(found) >= ENOUGH:
            break
    return [one for _, one in sorted(found, key=lambda ranked: -ranked[0])]


def _found_in(context: Context, entities: Sequence[str], query: Query) -> list[tuple[int, Found]]:
    """The best of some entities in one statement, each with its rank."""
    readings = [Reading(context, entity, query) for entity in entities]
    key = ("everywhere", *(reading.key for reading in readings))
    rows = readings[0].run(readings[0].kept.get(key, lambda: _statement_everywhere(readings)))
    texts = zip(*(rows.column(number) for number in range(4)), strict=True)
    return [
        (int(rank), Found(UUID(id_.decode()), entity.decode(), title.decode()))
        for rank, id_, entity, title in texts
    ]


def _statement_everywhere(readings: Sequence[Reading]) -> Statement:
    """Each entity has a sub-select of its own, so that each uses its index."""
    found = sa.union_all(*(sa.select(_best_of(reading)) for reading in readings)).subquery("found")
    texts = (sa.cast(found.c.rank, sa.Text), sa.cast(found.c.id, sa.Text), found.c.entity, found.c.title)
    select = sa.select(*texts)
    return Statement(select.order_by(found.c.rank.desc(), people_order(found.c.title), found.c.id))


def _best_of(reading: Reading) -> sa.Subquery:
    rows = lists.rows_of(*reading.arguments)
    terms = lists.ranked_terms(rows.record, len(reading.words), similar=reading.query.similar)
    columns = [
        terms[0].value.label("rank"),
        sa.literal(reading.entity.name, sa.Text).label("entity"),
        rows.record.column(TITLE).label("title"),
        rows.record.column("id").label("id"),
    ]
    ordered = rows.select(*columns).order_by(*keyset.order_by(terms))
    return ordered.limit(sa.literal_column(str(reading.query.limit))).subquery()


def _statement(viewer: Viewer, entity: Entity, query: Query, number_of_words: int) -> Statement:
    rows = lists.rows_of(viewer, entity, query, number_of_words)
    table = rows.record.rows
    named = rows.record.column(TITLE)
    title = people_order(named)
    first = [sa.bindparam(search.parameter_name(0), type_=sa.Text())] if number_of_words else []
    begins = [title.like(sa.func.substr(pattern, 2)).desc() for pattern in first]
    select = rows.select(sa.cast(table.c.id, sa.Text), named.label(TITLE))
    limit: Column = sa.literal_column(str(query.limit))
    return Statement(select.order_by(*begins, title, table.c.id).limit(limit))
