"""Dates, moments and durations in SQL, in the organisation's time zone and without ever raising."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from fieldstone_rules.durations import Duration
from fieldstone_rules.functions.declaration import Constants
from fieldstone_rules.sql_values import (
    INTERVAL,
    LOCAL,
    MOMENT,
    Column,
    bounded_date,
    bounded_moment,
    bounded_wall,
    raw,
)

_FARTHEST = raw("INTERVAL '36000 months'", INTERVAL)
_NEAREST = raw("INTERVAL '-36000 months'", INTERVAL)


def interval(duration: Duration) -> Column:
    """A duration as a bind parameter."""
    written = f"{duration.months} months {duration.days} days {duration.microseconds} microseconds"
    return sa.cast(sa.literal(written, sa.Text), INTERVAL)


def _reachable(span: Column, value: Column) -> Column:
    """`value` where the duration is short enough that no date overflows, otherwise null."""
    return sa.case((span.between(_NEAREST, _FARTHEST), value))


def negated(span: Column) -> Column:
    """A duration with the other sign."""
    return raw("INTERVAL '0'", INTERVAL) - span


def move_date(_: Constants, day: Column, span: Column) -> Column:
    """`day + span`. The cast keeps a sum of durations together: SQLAlchemy takes `+` for associative."""
    return bounded_date(_reachable(span, sa.cast(day + sa.cast(span, INTERVAL), sa.Date)))


def move_date_back(constants: Constants, day: Column, span: Column) -> Column:
    """`day - span`."""
    return move_date(constants, day, negated(span))


def move_moment(constants: Constants, moment: Column, span: Column) -> Column:
    """`moment + span`: calendar steps on the organisation's calendar, then the exact part."""
    moved: Column = sa.func.date_add(moment, span, constants.zone, type_=MOMENT)
    return bounded_moment(_reachable(span, moved))


def move_moment_back(constants: Constants, moment: Column, span: Column) -> Column:
    """`moment - span`."""
    return move_moment(constants, moment, negated(span))


def days_apart(left: Column, right: Column) -> Column:
    """The days from `right` to `left` as an interval."""
    days = sa.type_coerce(left - right, sa.Integer)
    return sa.func.make_interval(0, 0, 0, days, type_=INTERVAL)


def time_apart(left: Column, right: Column) -> Column:
    """The exact time from `right` to `left`.

    PostgreSQL gives days of 24 hours; they become hours again, so that adding the difference takes no
    calendar step.
    """
    apart = sa.type_coerce(left - right, INTERVAL)
    days = sa.func.date_trunc("day", apart, type_=INTERVAL)
    hours = sa.cast(sa.extract("day", apart), sa.Integer) * raw("INTERVAL '24 hours'", INTERVAL)
    return sa.type_coerce(hours + (apart - days), INTERVAL)


def local(constants: Constants, moment: Column) -> Column:
    """The clock on the organisation's wall at a moment."""
    return bounded_wall(sa.func.timezone(constants.zone, moment, type_=LOCAL))


def utc(constants: Constants, wall: Column) -> Column:
    """The moment of a clock on the organisation's wall."""
    return bounded_moment(sa.func.timezone(constants.zone, wall, type_=MOMENT))


def part(name: str, value: Column) -> Column:
    """A part of a date, time or local timestamp as an integer."""
    return sa.cast(sa.func.trunc(sa.extract(name, value)), sa.Integer)


def truncated(unit: str, day: Column) -> Column:
    """The first instant of a unit, for a date or a local timestamp."""
    return sa.func.date_trunc(unit, sa.cast(day, LOCAL), type_=LOCAL)


_STEPS: dict[str, str] = {
    "day": "INTERVAL '1 day'",
    "week": "INTERVAL '7 days'",
    "month": "INTERVAL '1 month'",
    "quarter": "INTERVAL '3 months'",
    "year": "INTERVAL '1 year'",
}
PERIODS = tuple(_STEPS)


def last_instant(unit: str, day: Column) -> Column:
    """The last microsecond of a unit, for a date or a local timestamp."""
    step: Any = raw(_STEPS[unit], INTERVAL)
    return sa.type_coerce(truncated(unit, day) + step - raw("INTERVAL '1 microsecond'", INTERVAL), LOCAL)
