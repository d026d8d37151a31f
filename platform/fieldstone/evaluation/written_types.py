"""Types as people write them: `integer`, `decimal(10, 2)`, `list(text)`, `reference(account)`, `date!`.

`!` behind a type or `required` before it says that there is always a value; `?` that there may be none, as is
usual. In place of a text, the keys of a field can be written: `{"type": "choice", "options": ["a", "b"]}`.
"""

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
from fieldstone_rules import Duration, Kind, Ref, Type
from fieldstone_rules.types import choice, decimal, list_of, reference, simple

Reader = Callable[[Any], Any]
"""The API's form → the Python value; raises ValueRefused."""

_WRITTEN = re.compile(r"(?P<name>[a-z][a-z_]*)(?:\((?P<details>.*)\))?(?P<mark>[?!]?)", re.DOTALL)
_REQUIRED = re.compile(r"\s*required\s+|\s+required\s*$|\s+not\s+null\s*$", re.IGNORECASE)
_KEYS = frozenset({"type", "options", "to", "item", "precision", "scale", "required", "nullable", "label"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST = 10_000
RECORD = "record"
"""What the entity of a record is called whose fields were written down."""

_MOST_DIGITS = 1_000


@dataclass(frozen=True)
class WrittenType:
    """A type that somebody wrote: what expressions see, and how a value of it is read."""

    type: Type
    read: Reader


def read_type(written: Any) -> WrittenType:
    """The type that a text names or a mapping describes. Raises ValueRefused with the code `unknown_type`."""
    if isinstance(written, Mapping):
        return read_type(_as_text(written))
    if not isinstance(written, str) or len(written) >= _LONGEST:
        raise _unknown(written)
    plain, required = _REQUIRED.subn("", written)
    match = _WRITTEN.fullmatch("".join(plain.split()))
    if match is None:
        raise _unknown(written)
    made = _named(match["name"], match["details"] or "")
    if made is None or (required and match["mark"] == "?"):
        raise _unknown(written)
    always = required or match["mark"] == "!"
    return WrittenType(made.type.required(), made.read) if always else made


def _named(name: str, details: str) -> WrittenType | None:
    if name == "list" and details:
        return _list(read_type(details))
    listed = details.split(",") if details else []
    return _PARAMETERISED[name](listed) if name in _PARAMETERISED else _plain(name, listed)


def _as_text(written: Mapping[str, Any]) -> str:
    """The keys of a field in a document as a written type. Raises ValueRefused."""
    name, unknown = written.get("type"), sorted(written.keys() - _KEYS)
    if not isinstance(name, str) or unknown:
        raise _unknown(unknown[0] if unknown else name)
    if "precision" in written or "scale" in written:
        details = [written.get("precision", 18), written.get("scale", 6)]
    else:
        found: Any = next((written[key] for key in ("options", "to", "item") if key in written), [])
        details = found if isinstance(found, list) else [found]
    plain = ",".join(str(one.get("value") if isinstance(one, Mapping) else one) for one in details)
    needed = written.get("required") is True or written.get("nullable") is False
    return (f"{name}({plain})" if plain else name) + ("!" if needed else "")


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


def _choices(options: list[str]) -> WrittenType | None:
    item = _choice(options)
    return None if item is None else _list(item)


def _reference(entities: list[str]) -> WrittenType | None:
    if not entities:
        return WrittenType(reference(), _any_record)
    if not all(_NAME.fullmatch(entity) for entity in entities):
        return None
    return WrittenType(reference(*entities), inputs.record_of(entities))


def _any_record(value: Any) -> Ref:
    """A reference to a record of any kind; one of which only the id is told is to a `record`."""
    return inputs.record_of_any({"id": value, "entity": RECORD} if isinstance(value, str) else value)


def _user(details: list[str]) -> WrittenType | None:
    return None if details else _reference(["user"])


_PARAMETERISED: Mapping[str, Callable[[list[str]], WrittenType | None]] = {
    "decimal": _decimal,
    "choice": _choice,
    "choices": _choices,
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
    Kind.JSON: lambda value: value,
}
_AS: Mapping[str, Kind] = {
    "rich_text": Kind.TEXT,
    "person_name": Kind.TEXT,
    "address": Kind.JSON,
    "location": Kind.JSON,
}
"""What expressions see of field types that documents cannot use yet."""


def _plain(name: str, details: list[str]) -> WrittenType | None:
    """A type that its name alone describes; those of fields in documents (`email`, `rating`) too."""
    if details or name not in FIELD_TYPES:
        return None
    if name == "tags":
        return _list(WrittenType(simple(Kind.TEXT), inputs.clean_text))
    known = FIELD_TYPES[name].rule_type(TypeDetails(entities=(RECORD,)))
    type_ = simple(_AS[name]) if name in _AS else known
    return WrittenType(type_.optional(), _READERS[type_.kind]) if type_.kind in _READERS else None


def type_name(type_: Type) -> str:
    """A type as it is written: its kind, with what it refers to or holds."""
    if type_.kind is Kind.REFERENCE:
        return f"reference({', '.join(type_.entities)})" if type_.entities else "reference"
    if type_.kind is Kind.LIST and type_.item is not None:
        return f"list({type_name(type_.item)})"
    return str(type_.kind)
