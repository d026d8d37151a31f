"""Pieces of SQL that keep the language's arithmetic: bounded, exact, and never raising."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import Grouping

from fieldstone_rules.numbers import LARGEST_INTEGER, SMALLEST_INTEGER

Column = sa.ColumnElement[Any]

NUMERIC = sa.Numeric()
INTERVAL = postgresql.INTERVAL()
MOMENT = sa.DateTime(timezone=True)
LOCAL = sa.DateTime(timezone=False)


def raw(text: str, type_: Any) -> Column:
    """A literal of ours (never of a user) that stands in the statement itself."""
    return sa.literal_column(text, type_)


def negation(condition: Column) -> Column:
    """`not`, fit to be an operand.

    SQLAlchemy writes the NOT of a column without parentheses, and `NOT a IS NULL` would negate `a IS NULL`.
    """
    return Grouping(sa.not_(condition))


def number(value: Column) -> Column:
    """A number as `numeric`, in which nothing overflows."""
    return value if isinstance(value.type, sa.Numeric) and not _is_float(value) else sa.cast(value, NUMERIC)


def _is_float(value: Column) -> bool:
    return isinstance(value.type, sa.Float)


def _within(value: Column, below: Column, above: Column, type_: Any) -> Column:
    """`value`, or null where it is null, at or under `below`, or at or over `above`; it stands there once.

    GREATEST and LEAST skip nulls, so a null becomes `below` and then null again.
    """
    clamped = sa.func.least(sa.func.greatest(value, below, type_=type_), above, type_=type_)
    return sa.func.nullif(sa.func.nullif(clamped, below, type_=type_), above, type_=type_)


def bounded_integer(value: Column) -> Column:
    """A whole `numeric`, null outside 64 bits."""
    return _within(
        value, raw(str(SMALLEST_INTEGER - 1), NUMERIC), raw(str(LARGEST_INTEGER + 1), NUMERIC), NUMERIC
    )


def bounded_decimal(value: Column) -> Column:
    """A `numeric`, null where its size leaves what decimals may be."""
    return _within(value, raw("-1e100", NUMERIC), raw("1e100", NUMERIC), NUMERIC)


def small_integer(value: Column, limit: int) -> Column:
    """A number as `integer`, null where it is larger than `limit` either way."""
    inside = _within(number(value), raw(str(-limit - 1), NUMERIC), raw(str(limit + 1), NUMERIC), NUMERIC)
    return sa.cast(inside, sa.Integer)


def bounded_date(value: Column) -> Column:
    """A date, null outside the years 1 to 9999."""
    return _within(
        value, raw("DATE '0001-12-31 BC'", sa.Date()), raw("DATE '10000-01-01'", sa.Date()), sa.Date()
    )


def bounded_moment(value: Column) -> Column:
    """A timestamp with time zone, null less than a day from the ends of the years 1 to 9999."""
    before = raw("TIMESTAMPTZ '0001-01-01 23:59:59.999999+00'", MOMENT)
    behind = raw("TIMESTAMPTZ '9999-12-31 00:00:00+00'", MOMENT)
    return _within(value, before, behind, MOMENT)


def bounded_wall(value: Column) -> Column:
    """A clock on a wall, null outside the years 1 to 9999."""
    before = raw("TIMESTAMP '0001-12-31 23:59:59.999999 BC'", LOCAL)
    return _within(value, before, raw("TIMESTAMP '10000-01-01 00:00:00'", LOCAL), LOCAL)


def text(value: Column) -> Column:
    """A text that compares by code point."""
    return sa.cast(value, sa.Text).collate("C") if not isinstance(value.type, sa.Text) else value.collate("C")
