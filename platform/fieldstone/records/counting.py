"""Counting several lists at once: what stands on the tabs of saved views."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.records import lists
from fieldstone.records.listing import Reading
from fieldstone.records.query import Query
from fieldstone.records.statements import Statement


def counts(
    context: Context, entity: str, conditions: Sequence[str | None], most: int = lists.COUNTED_EXACTLY
) -> list[int]:
    """How many records that the caller may read fit each condition (None: all), with one statement.

    Counting stops at `most + 1`, so that a million records cost no more than some thousands.

    Raises:
        As `list_json`; Malformed if one of the conditions cannot be read.
    """
    if not conditions:
        return []
    readings = [Reading(context, entity, Query(where=condition)) for condition in conditions]
    key = ("counts", most, *(reading.key for reading in readings))
    statement = readings[0].kept.get(key, lambda: _statement(readings, most))
    row = readings[0].run(statement)
    return [int(row.at(0, place) or 0) for place in range(len(readings))]


def _statement(readings: Sequence[Reading], most: int) -> Statement:
    return Statement(sa.select(*(_count(lists.rows_of(*reading.arguments), most) for reading in readings)))


def _count(rows: lists.Rows, most: int) -> sa.ColumnElement[str]:
    """A count that stops; each has a sub-select of its own, so that each can use the index that fits it."""
    some = rows.select(sa.literal_column("1")).limit(sa.literal_column(str(most + 1)))
    counted = sa.select(sa.func.count()).select_from(some.correlate(None).subquery())
    return sa.cast(counted.scalar_subquery(), sa.Text)
