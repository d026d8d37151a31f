"""Durations in the database and as ISO 8601: calendar months, calendar days and an exact part."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.fields.refusal import ValueRefused
from fieldstone_rules.durations import Duration

MICROSECONDS = 1_000_000
_ISO = re.compile(
    r"(?P<sign>-?)P(?:(?P<years>-?\d{1,4})Y)?(?:(?P<months>-?\d{1,6})M)?(?:(?P<weeks>-?\d{1,6})W)?(?:(?P<days>-?\d{1,7})D)?"
    r"(?:T(?:(?P<hours>-?\d{1,8})H)?(?:(?P<minutes>-?\d{1,9})M)?(?:(?P<seconds>-?\d{1,11}(?:\.\d{1,6})?)S)?)?"
)


def read_duration(text: str) -> Duration:
    """The duration that ISO 8601 writes (`P14D`, `PT1H30M`), with a sign before any number or the whole.

    Raises:
        ValueRefused: for anything else.
    """
    match = _ISO.fullmatch(text.strip().upper())
    parts = (
        {}
        if match is None
        else {name: part for name, part in match.groupdict().items() if part and name != "sign"}
    )
    if match is None or not parts:
        raise ValueRefused("not_a_duration", f"“{text[:80]}” is no duration such as P14D or PT1H30M.")
    whole = {
        name: int(parts.get(name, 0)) for name in ("years", "months", "weeks", "days", "hours", "minutes")
    }
    exact = (whole["hours"] * 60 + whole["minutes"]) * 60 + Decimal(parts.get("seconds", 0))
    duration = Duration(
        months=whole["years"] * 12 + whole["months"],
        days=whole["weeks"] * 7 + whole["days"],
        microseconds=int(exact * MICROSECONDS),
    )
    return -duration if match["sign"] else duration


def write_duration(duration: Duration) -> str:
    """ISO 8601 with months, days and seconds: `P1M2DT5400S`; nothing at all is `PT0S`."""
    date_part = "".join(f"{n}{unit}" for n, unit in ((duration.months, "M"), (duration.days, "D")) if n)
    seconds = Decimal(duration.microseconds).scaleb(-6)
    exact = f"{seconds:f}".rstrip("0").rstrip(".") if duration.microseconds else "0"
    time_part = f"T{exact}S" if duration.microseconds or not date_part else ""
    return f"P{date_part}{time_part}"


def write_duration_sql(interval: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The same text, built by the database."""
    months, days, micros = parts_sql(interval)
    seconds = sa.func.trim_scale(micros / sa.literal_column("1000000.000000"))
    date_part = sa.func.concat(_unit(months, "M"), _unit(days, "D"))
    bare = sa.and_(months == 0, days == 0)
    time_part = sa.case(
        (sa.or_(micros != 0, bare), sa.func.concat("T", sa.cast(seconds, sa.Text), "S")), else_=sa.literal("")
    )
    return sa.case((interval.is_not(None), sa.func.concat("P", date_part, time_part)), else_=sa.null())


def _unit(number: sa.ColumnElement[Any], unit: str) -> sa.ColumnElement[Any]:
    return sa.case((number != 0, sa.func.concat(sa.cast(number, sa.Text), unit)), else_=sa.literal(""))


def parts_sql(interval: sa.ColumnElement[Any]) -> tuple[sa.ColumnElement[Any], ...]:
    """Months, days and microseconds of an interval, as whole numbers."""

    def part(name: str) -> sa.ColumnElement[Any]:
        return sa.cast(sa.extract(name, interval), sa.BigInteger)

    exact = (part("hour") * 60 + part("minute")) * sa.literal_column("60000000") + part("microseconds")
    return part("year") * 12 + part("month"), part("day"), exact


class IntervalOfParts(sa.types.TypeDecorator[Duration]):
    """PostgreSQL's `interval` as `Duration`; the driver alone would turn months into thirty days."""

    impl = postgresql.INTERVAL
    cache_ok = True

    def bind_expression(self, bindparam: sa.BindParameter[Any]) -> sa.ColumnElement[Any]:
        """Sent as text, so that the server reads the parts."""
        bindparam.type = _DurationText()
        return sa.cast(bindparam, postgresql.INTERVAL)

    def column_expression(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Fetched as text, for the same reason."""
        return sa.type_coerce(write_duration_sql(column), _DurationText())


class _DurationText(sa.types.TypeDecorator[Duration]):
    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Duration | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002  # fixed
        return None if value is None else write_duration(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Duration | None:  # noqa: ARG002  # fixed
        return None if value is None else read_duration(value)
