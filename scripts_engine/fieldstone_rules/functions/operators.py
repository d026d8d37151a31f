"""The signs between values: what they take, what they give, in Python and in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa

from fieldstone_rules import numbers, working_time
from fieldstone_rules.durations import Duration, add_to_date, add_to_datetime
from fieldstone_rules.environment import Environment
from fieldstone_rules.functions import time_sql
from fieldstone_rules.functions.declaration import (
    AMOUNT,
    DATE,
    DATETIME,
    DAY,
    DECIMAL,
    DURATION,
    INTEGER,
    MOMENT,
    MONEY,
    NUMBER,
    SPAN,
    STRING,
    TEXT,
    WHOLE,
    Form,
    FunctionDeclaration,
    same_as_first,
    widest_number,
)
from fieldstone_rules.joining import joined
from fieldstone_rules.numbers import DECIMAL_PLACES, QUOTIENT_PLACES
from fieldstone_rules.sql_values import Column, bounded_decimal, bounded_integer, number
from fieldstone_rules.types import Kind, Type, simple

MOVES_MONTHS = "months"
BUSINESS = "business"


def _span_of_both(types: Sequence[Type]) -> Type:
    """The type of the sum of two durations: it keeps the calendar steps that either has."""
    steps = {option for type_ in types for option in type_.options}
    return Type(Kind.DURATION, options=tuple(sorted(steps)))


# ---- Python


def _join(left: str, right: str) -> str:
    return joined((left, right))


def _move_date(environment: Environment, day: date, span: Duration) -> date:
    if span.business_days:
        return working_time.add_days(day, span.business_days, environment.calendar)
    return add_to_date(day, span)


def _move_date_back(environment: Environment, day: date, span: Duration) -> date:
    return _move_date(environment, day, -span)


def _move_moment(environment: Environment, moment: datetime, span: Duration) -> datetime:
    if span.business_days or span.business_seconds:
        return working_time.add_to_moment(moment, span, environment.zone, environment.calendar)
    return add_to_datetime(moment, span, environment.zone)


def _move_moment_back(environment: Environment, moment: datetime, span: Duration) -> datetime:
    return _move_moment(environment, moment, -span)


def _days_apart(left: date, right: date) -> Duration:
    return Duration(days=(left - right).days)


def _time_apart(left: datetime, right: datetime) -> Duration:
    apart = left - right
    return Duration(microseconds=(apart.days * 86_400 + apart.seconds) * 1_000_000 + apart.microseconds)


def _spans_minus(left: Duration, right: Duration) -> Duration:
    return left + -right


# ---- SQL


def _integer_plus(left: Column, right: Column) -> Column:
    return bounded_integer(number(left) + number(right))


def _integer_minus(left: Column, right: Column) -> Column:
    return bounded_integer(number(left) - number(right))


def _integer_times(left: Column, right: Column) -> Column:
    return bounded_integer(number(left) * number(right))


def _plus(left: Column, right: Column) -> Column:
    return bounded_decimal(number(left) + number(right))


def _minus(left: Column, right: Column) -> Column:
    return bounded_decimal(number(left) - number(right))


def _times(left: Column, right: Column) -> Column:
    product = sa.func.round(number(left) * number(right), DECIMAL_PLACES, type_=sa.Numeric())
    return bounded_decimal(sa.func.trim_scale(product, type_=sa.Numeric()))


def _divided_by(left: Column, right: Column) -> Column:
    """PostgreSQL keeps as many decimals in a quotient as its operands have, hence the inner rounding to
    30.
    """
    divisor = sa.func.nullif(number(right), 0, type_=sa.Numeric())
    quotient = sa.func.round(number(left), DECIMAL_PLACES, type_=sa.Numeric()) / divisor
    rounded = sa.func.round(quotient, QUOTIENT_PLACES, type_=sa.Numeric())
    return bounded_decimal(sa.func.trim_scale(rounded, type_=sa.Numeric()))


def _remainder(left: Column, right: Column) -> Column:
    divisor = sa.func.nullif(number(right), 0, type_=sa.Numeric())
    return sa.func.mod(number(left), divisor, type_=sa.Numeric())


def _negative(value: Column) -> Column:
    return bounded_integer(-number(value))


def _negative_decimal(value: Column) -> Column:
    return -number(value)


def _concatenated(left: Column, right: Column) -> Column:
    return sa.cast(left, sa.Text).concat(sa.cast(right, sa.Text))


# ---- declarations

_INTEGERS = (WHOLE, WHOLE)
_ADD, _SUBTRACT, _MULTIPLY, _REST, _NEGATE = (
    numbers.in_decimals(operation)
    for operation in (numbers.add, numbers.subtract, numbers.multiply, numbers.remainder, numbers.negate)
)

_PLUS = FunctionDeclaration(
    "+",
    ("a", "b"),
    (
        Form(_INTEGERS, INTEGER, numbers.add, _integer_plus),
        Form((NUMBER, NUMBER), DECIMAL, _ADD, _plus),
        Form((MONEY, MONEY), simple(Kind.MONEY), _ADD, _plus),
        Form((TEXT, TEXT), STRING, _join, _concatenated),
        Form((DAY, SPAN), DATE, _move_date, time_sql.move_date, context=True),
        Form((MOMENT, SPAN), DATETIME, _move_moment, time_sql.move_moment, context=True),
        Form((SPAN, SPAN), _span_of_both, Duration.__add__, lambda a, b: a + b),
    ),
    "The sum of numbers or durations, a later day or moment, or two texts joined.",
    ("2 + 0.5", "2.5"),
    operator=True,
)
_MINUS = FunctionDeclaration(
    "-",
    ("a", "b"),
    (
        Form(_INTEGERS, INTEGER, numbers.subtract, _integer_minus),
        Form((NUMBER, NUMBER), DECIMAL, _SUBTRACT, _minus),
        Form((MONEY, MONEY), simple(Kind.MONEY), _SUBTRACT, _minus),
        Form((DAY, SPAN), DATE, _move_date_back, time_sql.move_date_back, context=True),
        Form((MOMENT, SPAN), DATETIME, _move_moment_back, time_sql.move_moment_back, context=True),
        Form((DAY, DAY), DURATION, _days_apart, time_sql.days_apart),
        Form((MOMENT, MOMENT), DURATION, _time_apart, time_sql.time_apart),
        Form((SPAN, SPAN), _span_of_both, _spans_minus, lambda a, b: a - b),
    ),
    "The difference of numbers, durations, days or moments, or an earlier day or moment.",
    ('date("2026-03-31") - 1 month', 'date("2026-02-28")'),
    operator=True,
)
_TIMES = FunctionDeclaration(
    "*",
    ("a", "b"),
    (
        Form(_INTEGERS, INTEGER, numbers.multiply, _integer_times),
        Form((NUMBER, NUMBER), DECIMAL, _MULTIPLY, _times),
        Form((MONEY, NUMBER), simple(Kind.MONEY), _MULTIPLY, _times),
        Form((NUMBER, MONEY), simple(Kind.MONEY), _MULTIPLY, _times),
    ),
    "The product; money times a number is money.",
    ("1.5 * 3", "4.5"),
    operator=True,
)
_DIVIDED_BY = FunctionDeclaration(
    "/",
    ("a", "b"),
    (
        Form((NUMBER, NUMBER), DECIMAL, numbers.divide, _divided_by, nullable=True),
        Form((MONEY, NUMBER), simple(Kind.MONEY), numbers.divide, _divided_by, nullable=True),
        Form((MONEY, MONEY), DECIMAL, numbers.divide, _divided_by, nullable=True),
    ),
    "The quotient with 12 decimals; null when divided by zero.",
    ("1 / 3", "0.333333333333"),
    operator=True,
)
_REMAINDER = FunctionDeclaration(
    "%",
    ("a", "b"),
    (
        Form(_INTEGERS, INTEGER, numbers.remainder, _remainder, nullable=True),
        Form((NUMBER, NUMBER), DECIMAL, _REST, _remainder, nullable=True),
        Form((MONEY, NUMBER), simple(Kind.MONEY), _REST, _remainder, nullable=True),
    ),
    "What a division leaves, with the sign of the dividend; null when divided by zero.",
    ("-7 % 3", "-1"),
    operator=True,
)
_NEGATIVE = FunctionDeclaration(
    "negative",
    ("a",),
    (
        Form((WHOLE,), INTEGER, numbers.negate, _negative),
        Form((AMOUNT,), widest_number, _NEGATE, _negative_decimal),
        Form((SPAN,), same_as_first, Duration.__neg__, time_sql.negated),
    ),
    "The number or duration with the other sign.",
    ("-(2 - 5)", "3"),
    operator=True,
)

SHIFT = FunctionDeclaration(
    "shift",
    ("date", "duration", "timezone?"),
    tuple(form for form in _PLUS.forms if form.context),
    "A later day or moment, as `+`; its days and longer are steps in the time zone that is named.",
    (
        "shift(datetime(\"2026-03-28T12:00:00Z\"), 1 day, 'Europe/Berlin')",
        'datetime("2026-03-29T11:00:00Z")',
    ),
)

DECLARATIONS: tuple[FunctionDeclaration, ...] = (_PLUS, _MINUS, _TIMES, _DIVIDED_BY, _REMAINDER, _NEGATIVE)
