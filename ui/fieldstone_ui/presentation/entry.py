"""What is typed: from a value to what stands in the inputs, and from what was sent back to a value.

A form sends `sent=<field>` for every field it carries and `f.<field>` or `f.<field>.<part>` for what was
typed, so that an empty list differs from a field that was not on the form.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from babel.numbers import NumberFormatError

from fieldstone_ui.presentation.formats import Formats, parse_instant
from fieldstone_ui.presentation.looks import FieldLook

Parts = Mapping[str, Sequence[str]]
"""Part of an input (the main one is "") → the strings in it."""

ADDRESS_PARTS = ("street", "postal_code", "city", "region", "country")
NAME_PARTS = ("title", "given", "middle", "family", "suffix")


class Sent(Protocol):
    """A posted form, such as werkzeug's MultiDict."""

    def getlist(self, key: str) -> list[str]:
        """All values under a name."""
        ...

    def keys(self) -> Any:
        """The names."""
        ...


class Refused(ValueError):
    """What was typed cannot be read as a value; the message is for the one who typed."""


Resolve = Callable[[Sequence[str], str], dict[str, Any]]
"""(possible entities, typed title) → the reference meant. Raises Refused when none or several are."""


@dataclass(frozen=True)
class Reader:
    """What reading needs: the reader's formats and a way to find records by their title."""

    formats: Formats
    resolve: Resolve


@dataclass(frozen=True)
class Entry:
    """How values of a widget are typed. raw: value → parts. read: parts → value (None for nothing)."""

    raw: Callable[[Any, Formats], Parts]
    read: Callable[[Parts, FieldLook, Reader], Any]


def sent_fields(form: Sent) -> dict[str, Parts]:
    """Field → its parts, for all fields a form carried."""
    fields: dict[str, dict[str, Sequence[str]]] = {name: {} for name in form.getlist("sent")}
    for key in form.keys():  # noqa: SIM118  a MultiDict's keys() is asked for, not iteration
        prefix, _, rest = key.partition(".")
        name, _, part = rest.partition(".")
        if prefix == "f" and name:
            fields.setdefault(name, {})[part] = form.getlist(key)
    return dict(fields)


def raw_parts(look: FieldLook, value: Any, formats: Formats) -> Parts:
    """What stands in the inputs of a field for a value."""
    return {"": []} if value is None else entry_of(look).raw(value, formats)


def read_value(look: FieldLook, parts: Parts, reader: Reader) -> Any:
    """The value in the API's form. Raises Refused with a sentence."""
    return entry_of(look).read(parts, look, reader)


def entry_of(look: FieldLook) -> Entry:
    """The entry of a field's widget; plain text for one without an entry of its own."""
    return ENTRIES.get(look.widget, TEXT)


def first(parts: Parts, part: str = "") -> str:
    """The first string of a part, trimmed."""
    strings = parts.get(part) or [""]
    return strings[0].strip()


# -- plain -----------------------------------------------------------------------------------------


def raw_text(value: Any, _formats: Formats) -> Parts:
    """Text as it is."""
    return {"": [str(value)]}


def read_text(parts: Parts, _look: FieldLook, _reader: Reader) -> str | None:
    """Text with the line ends of the web turned into plain ones."""
    return first(parts).replace("\r\n", "\n") or None


def raw_number(value: Any, formats: Formats) -> Parts:
    """A number with the locale's decimal mark."""
    return {"": [formats.editable(Decimal(str(value)))]}


def read_number(parts: Parts, look: FieldLook, reader: Reader) -> str | int | None:
    """A number typed in the reader's locale."""
    typed = first(parts).rstrip("% ")
    if not typed:
        return None
    try:
        number = reader.formats.parse_number(typed)
    except NumberFormatError as error:
        example = reader.formats.number(Decimal("1234.5"))
        raise Refused(f"“{typed}” is not a number. Write it like {example}.") from error
    if look.type != "integer":
        return format(number, "f")
    if number % 1:
        raise Refused(f"“{typed}” is not a whole number.")
    return int(number)


def read_boolean(parts: Parts, _look: FieldLook, _reader: Reader) -> bool:
    """A checkbox: sent or not."""
    return first(parts) in {"1", "true", "on"}


def raw_datetime(value: Any, formats: Formats) -> Parts:
    """An instant in the reader's zone."""
    return {"": [formats.local_input(parse_instant(value))]}


def read_datetime(parts: Parts, _look: FieldLook, reader: Reader) -> str | None:
    """An instant typed in the reader's zone."""
    typed = first(parts)
    if not typed:
        return None
    try:
        return reader.formats.from_local_input(typed).isoformat().replace("+00:00", "Z")
    except ValueError as error:
        raise Refused("Write a date and a time, like 2026-11-19 16:30.") from error


def read_list(parts: Parts, _look: FieldLook, _reader: Reader) -> list[str]:
    """Several values, one input each."""
    return [item for item in parts.get("", ()) if item]


def raw_list(value: Any, _formats: Formats) -> Parts:
    """Several values, one input each."""
    return {"": list(value)}


def raw_tags(value: Any, _formats: Formats) -> Parts:
    """Tags as one line."""
    return {"": [", ".join(value)]}


def read_tags(parts: Parts, _look: FieldLook, _reader: Reader) -> list[str]:
    """Tags from one line, between commas."""
    return [tag.strip() for tag in first(parts).split(",") if tag.strip()]


def raw_json(value: Any, _formats: Formats) -> Parts:
    """Structured values as indented JSON; code as it is."""
    return {"": [value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)]}


def read_code(parts: Parts, look: FieldLook, reader: Reader) -> Any:
    """JSON is parsed where the field is JSON."""
    typed = read_text(parts, look, reader)
    if look.type != "json" or typed is None:
        return typed
    try:
        return json.loads(typed)
    except ValueError as error:
        raise Refused(f"This is not JSON: {error}.") from error


def read_secret(parts: Parts, _look: FieldLook, _reader: Reader) -> str | dict[str, bool] | None:
    """What replaces a secret; None where it is to be cleared, and else what leaves it as it is."""
    typed = (parts.get("") or [""])[0]
    if typed:
        return typed
    return None if first(parts, "clear") else {"set": True}


# -- of several inputs -----------------------------------------------------------------------------


def of_parts(*names: str) -> Entry:
    """An entry of several texts, such as an address; None when all are empty."""

    def raw(value: Any, _formats: Formats) -> Parts:
        return {part: [value.get(part) or ""] for part in names}

    def read(parts: Parts, _look: FieldLook, _reader: Reader) -> dict[str, str] | None:
        typed = {part: first(parts, part).replace("\r\n", "\n") for part in names}
        return {part: text for part, text in typed.items() if text} or None

    return Entry(raw, read)


def raw_location(value: Any, formats: Formats) -> Parts:
    """A point in degrees, with the locale's decimal mark."""
    return {part: [formats.editable(Decimal(value[part]))] for part in ("latitude", "longitude")}


def read_location(parts: Parts, look: FieldLook, reader: Reader) -> dict[str, Any] | None:
    """A point in degrees, typed in the reader's locale; None when both are empty."""
    typed = {part: first(parts, part) for part in ("latitude", "longitude")}
    read = {part: read_number({"": [text]}, look, reader) for part, text in typed.items() if text}
    return read or None


# -- references ------------------------------------------------------------------------------------


def token(value: Mapping[str, Any]) -> str:
    """A reference as one string: `account:0198…`."""
    return f"{value['entity']}:{value['id']}"


def raw_reference(value: Any, _formats: Formats) -> Parts:
    """The token, the title typed, and the title the token stands for."""
    title = value.get("title") or ""
    return {"": [token(value)], "text": [title], "was": [title]}


def read_reference(parts: Parts, look: FieldLook, reader: Reader) -> dict[str, str] | None:
    """The picked record, or the one whose title was typed (so that it works without a script)."""
    picked, typed = first(parts), first(parts, "text")
    if "text" in parts and not typed:
        return None
    if picked and typed == first(parts, "was"):
        return from_token(picked)
    return reader.resolve(look.targets, typed) if typed else from_token(picked)


def from_token(picked: str) -> dict[str, str] | None:
    """A reference from its string. Raises Refused for what is none."""
    if not picked:
        return None
    entity, _, identity = picked.rpartition(":")
    try:
        return {"entity": entity, "id": str(UUID(identity))}
    except ValueError as error:
        raise Refused("Pick one from the list.") from error


def raw_references(value: Any, _formats: Formats) -> Parts:
    """Tokens, and their titles in the same order."""
    return {"": [token(item) for item in value], "titles": [item.get("title") or "" for item in value]}


def read_references(parts: Parts, look: FieldLook, reader: Reader) -> list[dict[str, str]]:
    """The picked records and one more whose title was typed."""
    picked = [reference for item in parts.get("", ()) if (reference := from_token(item))]
    typed = first(parts, "text")
    return [*picked, reader.resolve(look.targets, typed)] if typed else picked


def raw_file(value: Any, formats: Formats) -> Parts:
    """The token of a file, and its name."""
    return raw_references([value], formats)


def read_file(parts: Parts, _look: FieldLook, _reader: Reader) -> dict[str, str] | None:
    """The file that was kept, or the newest one put in its place."""
    tokens = [item for item in parts.get("", ()) if item]
    return from_token(tokens[-1]) if tokens else None


def read_files(parts: Parts, _look: FieldLook, _reader: Reader) -> list[dict[str, str]]:
    """The files that were kept and put in."""
    return [reference for item in parts.get("", ()) if (reference := from_token(item))]


TEXT = Entry(raw_text, read_text)
NUMBER = Entry(raw_number, read_number)
REFERENCE = Entry(raw_reference, read_reference)
ENTRIES: dict[str, Entry] = {
    "number": NUMBER,
    "money": NUMBER,
    "percent": NUMBER,
    "boolean": Entry(lambda value, _formats: {"": ["1"] if value else []}, read_boolean),
    "datetime": Entry(raw_datetime, read_datetime),
    "choices": Entry(raw_list, read_list),
    "tags": Entry(raw_tags, read_tags),
    "code": Entry(raw_json, read_code),
    "address": of_parts(*ADDRESS_PARTS),
    "person_name": of_parts(*NAME_PARTS),
    "location": Entry(raw_location, read_location),
    "reference": REFERENCE,
    "person": REFERENCE,
    "file": Entry(raw_file, read_file),
    "image": Entry(raw_file, read_file),
    "signature": Entry(raw_file, read_file),
    "files": Entry(raw_references, read_files),
    "references": Entry(raw_references, read_references),
    "secret": Entry(lambda _value, _formats: {"": [], "set": ["1"]}, read_secret),
}
