"""Which of many entities hold records with some words at all: one cheap question instead of as many searches.

The answer is about records that the caller may not read, too, and therefore never leaves this package: it
only says which entities need not be searched.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.model.system_fields import SEARCH
from fieldstone.records import search
from fieldstone.records.query import Query
from fieldstone.records.statements import Statement, kept


def holding(context: Context, entities: Sequence[str], query: Query) -> Sequence[str]:
    """Those of `entities`, which all have a search text, in which a live record fits the words of `query`."""
    words = search.words(query.q)
    if not words:
        return entities
    filling = [name for name in entities if (name, SEARCH) in context.model.filling]
    if filling:
        kept_ones = [name for name in entities if name not in filling]
        found = {*filling, *(holding(context, kept_ones, query) if kept_ones else ())}
        return [name for name in entities if name in found]
    key = (__name__, tuple(entities), len(words), query.similar)
    statement = kept(context.model).get(
        key, lambda: _statement(context.model.schema, entities, len(words), similar=query.similar)
    )
    rows = statement.run(context.database, search.patterns(words))
    found = {name.decode() for name in rows.column(0)}
    return [name for name in entities if name in found]


def _statement(schema: str, entities: Sequence[str], number_of_words: int, *, similar: bool) -> Statement:
    questions = (_question(schema, name, number_of_words, similar=similar) for name in entities)
    found = sa.union_all(*questions).subquery("found")
    return Statement(sa.select(found.c.entity))


def _question(schema: str, entity: str, number_of_words: int, *, similar: bool) -> sa.Select[str]:
    """The entity's name, if it holds such a record; without making its table, which few of them need."""
    text: sa.ColumnClause[str] = sa.column(SEARCH, sa.Text())
    table = sa.table(entity, text, sa.column("deleted_at", sa.DateTime(True)), schema=schema)
    fits = search.conditions([table.c[SEARCH]], number_of_words, similar=similar)
    live = table.c.deleted_at.is_(None)
    return sa.select(sa.literal(entity, sa.Text).label("entity")).where(
        sa.exists().where(*fits, live).select_from(table)
    )
