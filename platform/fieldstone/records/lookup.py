"""Finding a record to refer to, as one types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.fields.stored_text import people_order
from fieldstone.model.model import Entity
from fieldstone.model.system_fields import TITLE
from fieldstone.records import lists, search
from fieldstone.records.listing import Reading
from fieldstone.records.query import Query
from fieldstone.records.source import Viewer
from fieldstone.records.statements import Statement
from fieldstone_rules import Expression

Column = sa.ColumnElement[Any]
USUAL_NUMBER = 10


@dataclass(frozen=True)
class Found:
    """A record that can be referred to."""

    id: UUID
    entity: str
    title: str


def lookup(
    context: Context,
    entity: str,
    q: str | None,
    limit: int = USUAL_NUMBER,
    where: str | Expression | None = None,
) -> list[Found]:
    """Records whose search text holds all words of `q`, first those whose title begins with the first.

    where: what may be picked, as in a query.

    Raises:
        As `list_json`.
    """
    reading = Reading(context, entity, Query(where=where, q=q, limit=limit))
    key = (*reading.key, "lookup")
    statement = reading.kept.get(key, lambda: _statement(*reading.arguments))
    rows = reading.run(statement)
    found = zip(rows.column(0), rows.column(1), strict=True)
    return [Found(UUID(id_.decode()), entity, title.decode()) for id_, title in found]


def _statement(viewer: Viewer, entity: Entity, query: Query, number_of_words: int) -> Statement:
    rows = lists.rows_of(viewer, entity, query, number_of_words)
    table = rows.record.rows
    title = people_order(table.c[TITLE])
    first = [sa.bindparam(search.parameter_name(0), type_=sa.Text())] if number_of_words else []
    begins = [title.like(sa.func.substr(pattern, 2)).desc() for pattern in first]
    select = rows.select(sa.cast(table.c.id, sa.Text), table.c[TITLE])
    limit: Column = sa.literal_column(str(query.limit))
    return Statement(select.order_by(*begins, title, table.c.id).limit(limit))
