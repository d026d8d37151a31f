"""Types as people write them: `integer`, `decimal(10, 2)`, `list(text)`, `reference(account)`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fieldstone.fields import inputs
from fieldstone.fields.intervals import read_duration
from fieldstone.fields.ranges import rounded
from fieldstone.fields.refusal import ValueRefused
from fieldstone_metadata import FIELD_TYPES
from fieldstone_metadata.plain_values import TypeDetails
from fieldstone_rules import Duration, Kind, Type
from fieldstone_rules.types import choice, decimal, list_of, reference, simple

Reader = Callable[[Any], Any]
"""The API's form → the Python value; raises ValueRefused."""

_WRITTEN = re.compile(r"(?P<name>[a-z][a-z_]*)(?:\((?P<details>.*)\))?", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST = 10_000
_MOST_DIGITS = 1_000


@dataclass(frozen=True)
class WrittenType:
    """A type that somebody wrote: what expressions see, and how a value of it is read."""

    type: Type
    read: Reader


def read_type(text: Any) -> WrittenType:
    """The type that a text names. Raises ValueRefused with the code `unknown_type`."""
    match = (
        _WRITTEN.fullmatch(text.replace(" ", "")) if isinstance(text, str) and len(text) < _LONGEST else None
    )
    if match is None:
        raise _unknown(text)
    name, details = match["name"], (match["details"] or "").split(",") if match["details"] else []
    if name == "list" and match["details"]:
        return _list(read_type(match["details"]))
    made = _PARAMETERISED[name](details) if name in _PARAMETERISED else _plain(name, details)
    if made is None:
        raise _unknown(text)
    return made


def _unknown(text: Any) -> ValueRefused:
    return ValueRefused(
        "unknown_type", f"“{str(text)[:80]}” is no type such as integer, decimal(10, 2) or list(text)."
    )


def _list(item: WrittenType) -> WrittenType:
    if item.type.kind is Kind.LIST:
        raise ValueRefused("unknown_type", "A list holds no lists.")
    return WrittenType(list_of(item.type.required(), nullable=True), _items(item.read))


def _items(read: Reader) -> Reader:
    def convert(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or any(item is None for item in value):
            raise ValueRefused("not_a_list", "A list without nulls is expected here.")
        return tuple(read(item) for item in value)

    return convert


def _decimal(details: list[str]) -> WrittenType | None:
    if not details:
        return WrittenType(decimal(), inputs.exact_number)
    if len(details) != 2 or not all(part.isdecimal() and len(part) < 5 for part in details):
        return None
    precision, scale = int(details[0]), int(details[1])
    if not 0 <= scale <= precision <= _MOST_DIGITS:
        return None

    def convert(value: Any) -> Decimal:
        return rounded(inputs.exact_number(value), precision, scale)

    return WrittenType(decimal(precision, scale), convert)


def _choice(options: list[str]) -> WrittenType | None:
    if not options:
        return WrittenType(choice(()), inputs.clean_text)
    named = all(_NAME.fullmatch(option) for option in options)
    return WrittenType(choice(tuple(options)), inputs.one_of(options)) if named else None


def _reference(entities: list[str]) -> WrittenType | None:
    if not entities or not all(_NAME.fullmatch(entity) for entity in entities):
        return None
    return WrittenType(reference(*entities), inputs.record_of(entities))


def _user(details: list[str]) -> WrittenType | None:
    return None if details else _reference(["user"])


_PARAMETERISED: Mapping[str, Callable[[list[str]], WrittenType | None]] = {
    "decimal": _decimal,
    "choice": _choice,
    "reference": _reference,
    "user": _user,
}


def _duration(value: Any) -> Duration:
    return read_duration(inputs.clean_text(value))


_READERS: Mapping[Kind, Reader] = {
    Kind.BOOLEAN: inputs.truth,
    Kind.INTEGER: inputs.whole_number,
    Kind.MONEY: inputs.exact_number,
    Kind.PERCENT: inputs.exact_number,
    Kind.TEXT: inputs.clean_text,
    Kind.DATE: inputs.day,
    Kind.DATETIME: inputs.instant,
    Kind.TIME: inputs.time_of_day,
    Kind.DURATION: _duration,
}


def _plain(name: str, details: list[str]) -> WrittenType | None:
    """A type that its name alone describes; those of fields in documents (`email`, `rating`) too."""
    if details or name not in FIELD_TYPES:
        return None
    if name == "tags":
        return _list(WrittenType(simple(Kind.TEXT), inputs.clean_text))
    type_ = FIELD_TYPES[name].rule_type(TypeDetails(entities=("record",)))
    return WrittenType(type_.optional(), _READERS[type_.kind]) if type_.kind in _READERS else None


def type_name(type_: Type) -> str:
    """A type as it is written: its kind, with what it refers to or holds."""
    if type_.kind is Kind.REFERENCE:
        return f"reference({', '.join(type_.entities)})" if type_.entities else "reference"
    if type_.kind is Kind.LIST and type_.item is not None:
        return f"list({type_name(type_.item)})"
    return str(type_.kind)
