"""Functions on numbers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from fieldstone_rules import numbers
from fieldstone_rules.functions.declaration import (
    AMOUNT,
    COMPARABLE,
    INTEGER,
    WHOLE,
    Form,
    FunctionDeclaration,
    same_as_first,
    widest_number,
)
from fieldstone_rules.numbers import DECIMAL_PLACES, Number
from fieldstone_rules.sql_values import Column, bounded_integer, number, small_integer
from fieldstone_rules.types import Kind, Type, simple

# ---- Python


def _absolute(value: Number) -> Number:
    return numbers.bounded(abs(value)) if isinstance(value, int) else value.copy_abs()


def _round(value: Number) -> Number:
    return numbers.bounded(int(numbers.round_to(value, 0)))


def _round_to(value: Number, places: int) -> Decimal | None:
    return numbers.round_to(value, places) if abs(places) <= DECIMAL_PLACES else None


def _floor(value: Number) -> Number:
    return numbers.bounded(numbers.floor(value))


def _ceil(value: Number) -> Number:
    return numbers.bounded(numbers.ceil(value))


def _smallest(*values: Any) -> Any:
    return min(values, key=_sort_key)


def _largest(*values: Any) -> Any:
    return max(values, key=_sort_key)


def _sort_key(value: Any) -> Any:
    return value.length() if hasattr(value, "length") else value


def _clamp(value: Any, low: Any, high: Any) -> Any:
    return _smallest(_largest(value, low), high)


# ---- SQL


def _sql_absolute(value: Column) -> Column:
    return bounded_integer(sa.func.abs(number(value), type_=sa.Numeric()))


def _sql_absolute_decimal(value: Column) -> Column:
    return sa.func.abs(number(value), type_=sa.Numeric())


def _sql_round(value: Column) -> Column:
    return bounded_integer(sa.func.round(number(value), type_=sa.Numeric()))


def _sql_round_to(value: Column, places: Column) -> Column:
    return sa.func.round(number(value), small_integer(places, DECIMAL_PLACES), type_=sa.Numeric())


def _sql_floor(value: Column) -> Column:
    return bounded_integer(sa.func.floor(number(value), type_=sa.Numeric()))


def _sql_ceil(value: Column) -> Column:
    return bounded_integer(sa.func.ceil(number(value), type_=sa.Numeric()))


def _unless_null(value: Column, *arguments: Column) -> Column:
    """LEAST and GREATEST skip nulls, the language does not."""
    return sa.case((sa.and_(*(argument.is_not(None) for argument in arguments)), value))


def _sql_smallest(*values: Column) -> Column:
    return _unless_null(sa.func.least(*values, type_=values[0].type), *values)


def _sql_largest(*values: Column) -> Column:
    return _unless_null(sa.func.greatest(*values, type_=values[0].type), *values)


def _sql_clamp(value: Column, low: Column, high: Column) -> Column:
    largest = sa.func.greatest(value, low, type_=value.type)
    return _unless_null(sa.func.least(largest, high, type_=value.type), value, low, high)


# ---- declarations


def _common(types: Sequence[Type]) -> Type:
    first = same_as_first(types)
    return widest_number(types) if first.kind in AMOUNT else simple(_comparable_kind(first))


def _rounded(types: Sequence[Type]) -> Type:
    return simple(Kind.MONEY if types[0].kind is Kind.MONEY else Kind.DECIMAL)


def _comparable_kind(type_: Type) -> Kind:
    return Kind.TEXT if type_.kind is Kind.CHOICE else type_.kind


_SAME = (AMOUNT, *(frozenset({kind}) for kind in sorted(COMPARABLE - AMOUNT - {Kind.TEXT, Kind.CHOICE})))
_TEXTS = frozenset({Kind.TEXT, Kind.CHOICE})


def _forms_of_least(python: Any, sql: Any) -> tuple[Form, ...]:
    return tuple(Form((kinds,), _common, python, sql, rest=True, repeats=2) for kinds in (*_SAME, _TEXTS))


def _forms_of_clamp() -> tuple[Form, ...]:
    return tuple(Form((kinds,) * 3, _common, _clamp, _sql_clamp, repeats=2) for kinds in (*_SAME, _TEXTS))


DECLARATIONS: tuple[FunctionDeclaration, ...] = (
    FunctionDeclaration(
        "abs",
        ("number",),
        (
            Form((WHOLE,), INTEGER, _absolute, _sql_absolute),
            Form((AMOUNT,), widest_number, numbers.in_decimals(_absolute), _sql_absolute_decimal),
        ),
        "The number without its sign.",
        ("abs(-2.5)", "2.5"),
    ),
    FunctionDeclaration(
        "round",
        ("number", "places?"),
        (
            Form((AMOUNT,), INTEGER, _round, _sql_round),
            Form((AMOUNT, WHOLE), _rounded, _round_to, _sql_round_to, nullable=True),
        ),
        "The number rounded to whole ones or to `places` decimals, half away from zero.",
        ("round(2.345, 2)", "2.35"),
    ),
    FunctionDeclaration(
        "floor",
        ("number",),
        (Form((AMOUNT,), INTEGER, _floor, _sql_floor),),
        "The greatest whole number that is not above the number.",
        ("floor(-2.5)", "-3"),
    ),
    FunctionDeclaration(
        "ceil",
        ("number",),
        (Form((AMOUNT,), INTEGER, _ceil, _sql_ceil),),
        "The smallest whole number that is not below the number.",
        ("ceil(2.1)", "3"),
    ),
    FunctionDeclaration(
        "min",
        ("value", "values…"),
        _forms_of_least(_smallest, _sql_smallest),
        "The smallest of the values, or of a collection: `min(lines.price)`.",
        ("min(3, 1.5, 2)", "1.5"),
    ),
    FunctionDeclaration(
        "max",
        ("value", "values…"),
        _forms_of_least(_largest, _sql_largest),
        "The largest of the values, or of a collection: `max(lines.price)`.",
        ("max(3, 1.5, 2)", "3"),
    ),
    FunctionDeclaration(
        "clamp",
        ("value", "low", "high"),
        _forms_of_clamp(),
        "The value, but not below `low` and not above `high`.",
        ("clamp(120, 0, 100)", "100"),
    ),
)
