"""Numbers and dates as texts of a chosen shape."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal

import sqlalchemy as sa

from fieldstone_rules.durations import to_local
from fieldstone_rules.environment import Environment
from fieldstone_rules.functions import time_sql
from fieldstone_rules.functions.declaration import AMOUNT, DAY, MOMENT, STRING, TEXT, WHOLE, Constants, Form
from fieldstone_rules.numbers import DECIMAL_PLACES, Number, as_text, round_to
from fieldstone_rules.sql_values import Column, number, small_integer

PATTERN = re.compile(r"(yyyy|MM|dd|HH|mm|ss|[ .,:/_-])+")
_TOKENS = re.compile(r"yyyy|MM|dd|HH|mm|ss")
_POSTGRES = {"yyyy": "YYYY", "MM": "MM", "dd": "DD", "HH": "HH24", "mm": "MI", "ss": "SS"}


def printed(value: object, environment: Environment) -> str:
    """A value as it stands in a text: numbers without needless zeros, moments on the organisation's wall
    clock.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return as_text(value)
    if isinstance(value, datetime):
        return (
            f"{_four(to_local(value, environment.zone).year)}{to_local(value, environment.zone):-%m-%d %H:%M}"
        )
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return str(value)


def _four(year: int) -> str:
    return f"{year:04d}"


def printed_sql(value: Column, constants: Constants) -> Column:
    """The same in SQL; null stays null."""
    if isinstance(value.type, sa.Boolean):
        return sa.case((value, "true"), (sa.not_(value), "false"))
    if isinstance(value.type, sa.Integer | sa.Numeric):
        return sa.cast(sa.func.trim_scale(number(value), type_=sa.Numeric()), sa.Text)
    if isinstance(value.type, sa.DateTime):
        return sa.func.to_char(time_sql.local(constants, value), "YYYY-MM-DD HH24:MI", type_=sa.Text())
    if isinstance(value.type, sa.Date):
        return sa.func.to_char(value, "YYYY-MM-DD", type_=sa.Text())
    if isinstance(value.type, sa.Time):
        return sa.func.to_char(value, "HH24:MI", type_=sa.Text())
    return sa.cast(value, sa.Text)


def _number(value: Number, places: int) -> str | None:
    if not 0 <= places <= DECIMAL_PLACES:
        return None
    return format(round_to(value, places), f".{places}f")


def _sql_number(value: Column, places: Column) -> Column:
    fits = number(places).between(0, DECIMAL_PLACES)
    rounded = sa.func.round(number(value), small_integer(places, DECIMAL_PLACES), type_=sa.Numeric())
    return sa.case((fits, sa.cast(rounded, sa.Text)))


def _date(environment: Environment, value: date, pattern: str) -> str:
    wall = (
        to_local(value, environment.zone) if isinstance(value, datetime) else datetime.combine(value, time())
    )
    parts = {
        "yyyy": f"{wall.year:04d}",
        "MM": f"{wall.month:02d}",
        "dd": f"{wall.day:02d}",
        "HH": f"{wall.hour:02d}",
        "mm": f"{wall.minute:02d}",
        "ss": f"{wall.second:02d}",
    }
    return _TOKENS.sub(lambda match: parts[match.group()], pattern)


def _sql_date(constants: Constants, value: Column, pattern: Column) -> Column:
    wall = time_sql.local(constants, value) if isinstance(value.type, sa.DateTime) else value
    translated = _TOKENS.sub(lambda match: _POSTGRES[match.group()], str(getattr(pattern, "value", "")))
    return sa.func.to_char(wall, sa.literal(translated, sa.Text), type_=sa.Text())


NUMBER_FORM = Form((AMOUNT, WHOLE), STRING, _number, _sql_number, nullable=True, repeats=2)
DATE_FORM = Form((DAY | MOMENT, TEXT), STRING, _date, _sql_date, context=True)
