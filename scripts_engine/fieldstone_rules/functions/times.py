"""Functions on dates, moments, times and durations.

A moment is read on the organisation's wall clock, or on that of the time zone that is named.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from fieldstone_rules import durations, working_time
from fieldstone_rules.durations import Duration, OutOfRange, to_local, to_utc
from fieldstone_rules.environment import Environment
from fieldstone_rules.functions import time_sql
from fieldstone_rules.functions.declaration import (
    CLOCK,
    DATE,
    DATETIME,
    DAY,
    DECIMAL,
    INTEGER,
    MOMENT,
    TEXT,
    TIME,
    WHOLE,
    Constants,
    Form,
    FunctionDeclaration,
)
from fieldstone_rules.numbers import exact_quotient, quantize, trimmed
from fieldstone_rules.sql_values import (
    INTERVAL,
    LOCAL,
    Column,
    bounded_date,
    number,
    small_integer,
)
from fieldstone_rules.types import Kind, Type, simple

_REACH = durations.FARTHEST
_UNIT_NAMES = tuple(name for unit in durations.UNITS for name in (unit, unit + "s"))

# ---- parts of a date or moment


def _quarter(day: date) -> int:
    return (day.month + 2) // 3


def _week(day: date) -> int:
    return day.isocalendar().week


def _on_wall(function: Callable[[Any], Any]) -> Callable[..., Any]:
    """The same function for a moment, read on the organisation's wall clock."""
    return lambda environment, moment: function(to_local(moment, environment.zone))


def _sql_part(name: str) -> Callable[[Column], Column]:
    return lambda value: time_sql.part(name, value)


def _sql_part_on_wall(name: str) -> Callable[..., Column]:
    return lambda constants, moment: time_sql.part(name, time_sql.local(constants, moment))


def _part(name: str, python: Callable[[Any], int], sql: str, what: str, example: str) -> FunctionDeclaration:
    source = f'{name}(date("2026-11-21"))'
    forms = (
        Form((DAY,), INTEGER, python, _sql_part(sql)),
        Form((MOMENT,), INTEGER, _on_wall(python), _sql_part_on_wall(sql), context=True),
    )
    return FunctionDeclaration(name, ("date", "timezone?"), forms, what, (source, example))


# ---- making dates


def _make_date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except (ValueError, OverflowError):
        return None


def _sql_make_date(year: Column, month: Column, day: Column) -> Column:
    months = [number(month) == 2, number(month).in_([4, 6, 9, 11])]
    leap = sa.and_(
        sa.func.mod(number(year), 4) == 0,
        sa.or_(sa.func.mod(number(year), 100) != 0, sa.func.mod(number(year), 400) == 0),
    )
    longest = sa.case((sa.and_(months[0], leap), 29), (months[0], 28), (months[1], 30), else_=31)
    fits = sa.and_(
        number(year).between(1, 9999), number(month).between(1, 12), number(day).between(1, longest)
    )
    parts = (small_integer(part, 9999) for part in (year, month, day))
    made = sa.func.make_date(*parts, type_=sa.Date())
    return sa.case((fits, made))


def _date_on_wall(environment: Environment, moment: datetime) -> date:
    return to_local(moment, environment.zone).date()


def _sql_date_on_wall(constants: Constants, moment: Column) -> Column:
    return sa.cast(time_sql.local(constants, moment), sa.Date)


def _time_on_wall(environment: Environment, moment: datetime) -> time:
    return to_local(moment, environment.zone).time()


def _sql_time_on_wall(constants: Constants, moment: Column) -> Column:
    return sa.cast(time_sql.local(constants, moment), sa.Time)


def _start_of_day(environment: Environment, day: date) -> datetime:
    return to_utc(datetime.combine(day, time()), environment.zone)


def _sql_start_of_day(constants: Constants, day: Column) -> Column:
    return time_sql.utc(constants, sa.cast(day, LOCAL))


def _moment(environment: Environment, day: date, clock: time) -> datetime:
    return to_utc(datetime.combine(day, clock), environment.zone)


def _sql_moment(constants: Constants, day: Column, clock: Column) -> Column:
    return time_sql.utc(constants, sa.type_coerce(day + clock, LOCAL))


# ---- periods


def _first_day(unit: str, day: date) -> date:
    if unit == "week":
        return _earlier(day, day.weekday())
    if unit == "day":
        return day
    month = {"month": day.month, "quarter": 3 * _quarter(day) - 2, "year": 1}[unit]
    return date(day.year, month, 1)


def _earlier(day: date, days: int) -> date:
    try:
        return day - timedelta(days=days)
    except OverflowError:
        raise OutOfRange from None


def _last_day(unit: str, day: date) -> date:
    if unit == "week":
        return _earlier(day, day.weekday() - 6)
    if unit == "day":
        return day
    month = {"month": day.month, "quarter": 3 * _quarter(day), "year": 12}[unit]
    return date(day.year, month, calendar.monthrange(day.year, month)[1])


def _first_moment(environment: Environment, unit: str, moment: datetime) -> datetime:
    day = _first_day(unit, to_local(moment, environment.zone).date())
    return to_utc(datetime.combine(day, time()), environment.zone)


def _last_moment(environment: Environment, unit: str, moment: datetime) -> datetime:
    day = _last_day(unit, to_local(moment, environment.zone).date())
    return to_utc(datetime.combine(day, time.max), environment.zone)


def _sql_first_day(unit: str, day: Column) -> Column:
    return bounded_date(sa.cast(time_sql.truncated(unit, day), sa.Date))


def _sql_last_day(unit: str, day: Column) -> Column:
    return bounded_date(sa.cast(time_sql.last_instant(unit, day), sa.Date))


def _sql_first_moment(constants: Constants, unit: str, moment: Column) -> Column:
    wall = time_sql.truncated(unit, time_sql.local(constants, moment))
    return time_sql.utc(constants, wall)


def _sql_last_moment(constants: Constants, unit: str, moment: Column) -> Column:
    wall = time_sql.last_instant(unit, time_sql.local(constants, moment))
    return time_sql.utc(constants, wall)


def _period(name: str, forms: tuple[Form, Form], what: str, example: tuple[str, str]) -> FunctionDeclaration:
    return FunctionDeclaration(name, ("unit", "date", "timezone?"), forms, what, example)


_UNIT = {0: time_sql.PERIODS}

# ---- distances


def _days_between(start: date, end: date) -> int:
    return (end - start).days


def _sql_days_between(start: Column, end: Column) -> Column:
    return sa.type_coerce(end - start, sa.Integer)


def _months_between(start: date, end: date) -> int:
    if end < start:
        return -_months_between(end, start)
    months = (end.year - start.year) * 12 + end.month - start.month
    return months - (end.day < start.day)


def _sql_months_between(start: Column, end: Column) -> Column:
    def months(day: Column) -> Column:
        return time_sql.part("year", day) * 12 + time_sql.part("month", day)

    difference = months(end) - months(start)
    end_day, start_day = time_sql.part("day", end), time_sql.part("day", start)
    short = sa.case(
        (sa.and_(end >= start, end_day < start_day), -1), (sa.and_(end < start, start_day < end_day), 1)
    )
    return difference + sa.func.coalesce(short, 0, type_=sa.Integer())


def _distance(name: str, python: Any, sql: Any, what: str, example: str) -> FunctionDeclaration:
    forms = (
        Form((DAY, DAY), INTEGER, python, sql, repeats=5),
        Form(
            (MOMENT, MOMENT), INTEGER, _both_on_wall(python), _sql_both_on_wall(sql), context=True, repeats=5
        ),
    )
    source = f'{name}(date("2026-01-31"), date("2026-03-30"))'
    return FunctionDeclaration(name, ("start", "end", "timezone?"), forms, what, (source, example))


def _both_on_wall(python: Callable[[date, date], int]) -> Callable[..., int]:
    return lambda environment, start, end: python(
        _date_on_wall(environment, start), _date_on_wall(environment, end)
    )


def _sql_both_on_wall(sql: Callable[[Column, Column], Column]) -> Callable[..., Column]:
    return lambda constants, start, end: sql(
        _sql_date_on_wall(constants, start), _sql_date_on_wall(constants, end)
    )


def _add_business_days(environment: Environment, day: date, count: int) -> date:
    return working_time.add_days(day, count, environment.calendar)


def _business_hours_between(environment: Environment, start: datetime, end: datetime) -> Decimal:
    worked = working_time.seconds_between(start, end, environment.zone, environment.calendar)
    microseconds = (worked.days * 86_400 + worked.seconds) * 1_000_000 + worked.microseconds
    return trimmed(quantize(exact_quotient(microseconds, 3_600_000_000), 12))


# ---- durations


def _duration(count: int, name: str) -> Duration:
    span = durations.times(count, durations.UNITS[name.removesuffix("s")])
    if abs(span.length()) > _REACH:
        raise OutOfRange
    return span


def _sql_duration(count: Column, name: str) -> Column:
    unit = durations.UNITS[name.removesuffix("s")]
    limit = _REACH // unit.length()
    if unit.microseconds:
        return _sql_exact(count, limit, unit)
    small = small_integer(count, limit)
    return sa.func.make_interval(0, small * unit.months, 0, small * unit.days, type_=INTERVAL)


def _sql_exact(count: Column, limit: int, unit: Duration) -> Column:
    """Seconds may be more than an `integer` holds, so they are whole hours and the rest."""
    seconds = small_or_null(count, limit) * (unit.microseconds // 1_000_000)
    hours = sa.cast(sa.func.div(seconds, 3600), sa.Integer)
    rest = sa.cast(sa.func.mod(seconds, 3600), sa.Integer)
    return sa.func.make_interval(0, 0, 0, 0, hours, 0, rest, type_=INTERVAL)


def small_or_null(count: Column, limit: int) -> Column:
    """A number as `numeric`, null where it is larger than `limit` either way."""
    return sa.case((number(count).between(-limit, limit), number(count)))


def duration_type(name: str) -> Type:
    """The type of a duration made of one unit; months and years are marked, because they do not compare
    with days.
    """
    months = bool(durations.UNITS[name.removesuffix("s")].months)
    return Type(Kind.DURATION, options=("months",) if months else ())


# ---- the clock


def _now(environment: Environment) -> datetime:
    return environment.now


def _today(environment: Environment) -> date:
    return environment.today


DECLARATIONS: tuple[FunctionDeclaration, ...] = (
    FunctionDeclaration(
        "now",
        (),
        (Form((), DATETIME, _now, lambda constants: constants.now, context=True),),
        "This moment, the same throughout a transaction.",
        ("now() == now()", "true"),
        pure=False,
    ),
    FunctionDeclaration(
        "today",
        ("timezone?",),
        (Form((), DATE, _today, lambda constants: constants.today, context=True),),
        "The day of the organisation, or in a time zone; the same throughout a transaction.",
        ("today() == date(now())", "true"),
        pure=False,
    ),
    FunctionDeclaration(
        "date",
        ("text_or_datetime_or_year", "month_or_timezone?", "day?"),
        (
            Form((MOMENT,), DATE, _date_on_wall, _sql_date_on_wall, context=True),
            Form((WHOLE, WHOLE, WHOLE), DATE, _make_date, _sql_make_date, nullable=True, repeats=6),
        ),
        'A date: `date("2026-11-21")`, the day of a moment, or year, month and day (null if there is none).',
        ("date(2026, 2, 29) == null", "true"),
    ),
    FunctionDeclaration(
        "datetime",
        ("text_or_date", "time?", "timezone?"),
        (
            Form((DAY,), DATETIME, _start_of_day, _sql_start_of_day, context=True),
            Form((DAY, CLOCK), DATETIME, _moment, _sql_moment, context=True),
        ),
        'A moment: `datetime("2026-11-21T08:30:00Z")`, the start of a day, or a day and a time.',
        ('date(datetime(date("2026-11-21")))', 'date("2026-11-21")'),
    ),
    FunctionDeclaration(
        "time",
        ("text_or_datetime", "timezone?"),
        (Form((MOMENT,), TIME, _time_on_wall, _sql_time_on_wall, context=True),),
        'A time of day: `time("08:30")`, or the time of a moment.',
        ('time("08:30") < time("09:00")', "true"),
    ),
    FunctionDeclaration(
        "duration",
        ("count", "unit"),
        (
            Form(
                (WHOLE, TEXT),
                lambda _: simple(Kind.DURATION),
                _duration,
                _sql_duration,
                constants={1: _UNIT_NAMES},
                repeats=2,
            ),
        ),
        "A duration made from a number.",
        ('duration(2, "days")', "2 days"),
    ),
    _part("year", lambda day: day.year, "year", "The year.", "2026"),
    _part("quarter", _quarter, "quarter", "The quarter, 1 to 4.", "4"),
    _part("month", lambda day: day.month, "month", "The month, 1 to 12.", "11"),
    _part("week", _week, "week", "The week of the year by ISO 8601.", "47"),
    _part("day", lambda day: day.day, "day", "The day of the month.", "21"),
    _part("weekday", lambda day: day.isoweekday(), "isodow", "The day of the week, Monday is 1.", "6"),
    FunctionDeclaration(
        "hour",
        ("time", "timezone?"),
        (
            Form((CLOCK,), INTEGER, lambda clock: clock.hour, _sql_part("hour")),
            Form(
                (MOMENT,), INTEGER, _on_wall(lambda wall: wall.hour), _sql_part_on_wall("hour"), context=True
            ),
        ),
        "The hour, 0 to 23.",
        ('hour(time("08:30"))', "8"),
    ),
    _period(
        "start_of",
        (
            Form((TEXT, DAY), DATE, _first_day, _sql_first_day, constants=_UNIT),
            Form((TEXT, MOMENT), DATETIME, _first_moment, _sql_first_moment, context=True, constants=_UNIT),
        ),
        "The first day or moment of the day, week, month, quarter or year.",
        ('start_of("month", date("2026-11-21"))', 'date("2026-11-01")'),
    ),
    _period(
        "end_of",
        (
            Form((TEXT, DAY), DATE, _last_day, _sql_last_day, constants=_UNIT),
            Form((TEXT, MOMENT), DATETIME, _last_moment, _sql_last_moment, context=True, constants=_UNIT),
        ),
        "The last day or moment of the day, week, month, quarter or year.",
        ('end_of("month", date("2026-02-03"))', 'date("2026-02-28")'),
    ),
    _distance("days_between", _days_between, _sql_days_between, "The days from one date to another.", "58"),
    _distance(
        "months_between",
        _months_between,
        _sql_months_between,
        "The full months from one date to another.",
        "1",
    ),
    FunctionDeclaration(
        "add_business_days",
        ("date", "count"),
        (Form((DAY, WHOLE), DATE, _add_business_days, context=True),),
        "The working day that many working days later.",
        ('add_business_days(date("2026-11-20"), 1)', 'date("2026-11-23")'),
        cost=10,
    ),
    FunctionDeclaration(
        "business_hours_between",
        ("start", "end", "timezone?"),
        (Form((MOMENT, MOMENT), DECIMAL, _business_hours_between, context=True),),
        "The working hours between two moments.",
        ('business_hours_between(datetime("2026-11-20T15:00:00Z"), datetime("2026-11-23T10:00:00Z"))', "3"),
        cost=10,
    ),
)
