"""Values of expressions in the API's form, for whoever has no field at hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from fieldstone.fields.formula import RESULTS
from fieldstone_metadata import declarations
from fieldstone_rules import Duration, Kind, Ref, Type


def value_form(type_: Type, value: Any) -> Any:
    """A value of this type in the API's form; a reference without its title, which a value does not know."""
    if value is None:
        return None
    if isinstance(value, Ref):
        return {"id": str(value.id), "entity": value.entity, "title": None}
    if isinstance(value, list | tuple):
        item = type_.item or type_
        return [value_form(item, entry) for entry in value]
    if isinstance(value, dict) and type_.kind is not Kind.JSON:
        return {name: part_form(part) for name, part in value.items()}
    return _plain(type_, value)


def part_form(value: Any) -> Any:
    """The same for a part of an expression, of whose type only the value tells."""
    if isinstance(value, tuple):
        return [part_form(item) for item in value]
    return value_form(Type(_kind_of(value)), value)


def as_duration(value: timedelta) -> Duration:
    """A length of time as the rule language holds it."""
    return Duration(days=value.days, microseconds=value.seconds * 1_000_000 + value.microseconds)


def _plain(type_: Type, value: Any) -> Any:
    if isinstance(value, Duration) and (value.business_days or value.business_seconds):
        return f"{value.business_days} business days {value.business_seconds} business seconds"
    field = declarations.Field("value", str(type_.kind), label={})
    shown = as_duration(value) if isinstance(value, timedelta) else value
    return str(value) if type_.kind is Kind.REFERENCE else RESULTS[type_.kind](field, "").api_form(shown)


def _kind_of(value: Any) -> Kind:
    return next((kind for class_, kind in _KINDS.items() if isinstance(value, class_)), Kind.NULL)


_KINDS: Mapping[type, Kind] = {
    bool: Kind.BOOLEAN,
    int: Kind.INTEGER,
    Decimal: Kind.DECIMAL,
    str: Kind.TEXT,
    datetime: Kind.DATETIME,
    date: Kind.DATE,
    time: Kind.TIME,
    Duration: Kind.DURATION,
    Ref: Kind.REFERENCE,
}
"""Python class → kind; a class stands before those it derives from."""
