"""What a posted form says: values to save, what cannot be read, what was typed; nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request

from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.pages import inside
from fieldstone_ui.pages.uploads import take_files
from fieldstone_ui.presentation.entry import Parts, Reader, Refused, read_value, sent_fields


@dataclass
class Typed:
    """A posted form. values: in the API's form. errors: why not, by field. parts: what was typed.

    rows: of collections inside the record, key → entry in the API's form, in the order of `values`. within:
    the keys of rows inside new ones of those, by the path of the collection (`lines.new1.parts`).
    """

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    parts: dict[str, Parts] = field(default_factory=dict)
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    within: dict[str, list[str]] = field(default_factory=dict)

    @property
    def keys(self) -> dict[str, list[str]]:
        """The keys of the rows in the order in which they are sent."""
        return {name: list(rows) for name, rows in self.rows.items()} | self.within

    def cell(self, name: str) -> Any:
        """What was typed into a cell (`lines.<key>.quantity`), None for nothing."""
        collection, _, rest = name.partition(".")
        key, _, field_name = rest.partition(".")
        return self.rows.get(collection, {}).get(key, {}).get(field_name)

    def without(self, names: Sequence[str]) -> Typed:
        """The same without some fields."""

        def rest(found: Mapping[str, Any]) -> dict[str, Any]:
            return {name: value for name, value in found.items() if name not in names}

        rows = {name: _without_cells(name, found, names) for name, found in self.rows.items()}
        values = rest(self.values) | {name: list(found.values()) for name, found in rows.items()}
        return Typed(values, rest(self.errors), rest(self.parts), rows, self.within)


def _without_cells(
    name: str, rows: Mapping[str, dict[str, Any]], names: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Rows without the cells among `names`."""
    return {
        key: {field: value for field, value in entry.items() if f"{name}.{key}.{field}" not in names}
        for key, entry in rows.items()
    }


def read_form(owner: Entity, *, with_files: bool = False) -> Typed:
    """What this request's form says about fields of an entity that the reader may know.

    with_files: take the files that came with it, too.
    """
    typed = Typed()
    reader = Reader(data.formats(), resolve)
    sent = {name: parts for name, parts in sent_fields(request.form).items() if known(owner, name)}
    refused = take_files(owner, sent) if with_files else {}
    for name, parts in sent.items():
        typed.parts[name] = parts
        read_one(owner, name, parts, reader, typed)
    typed.errors |= refused
    for name in owner.lines:
        read_inside(owner, name, reader, typed)
    return typed


def known(owner: Entity, name: str) -> bool:
    """Whether the reader may know of a field."""
    return owner.field(name) is not None and data.may_read_field(owner, name)


def read_inside(owner: Entity, name: str, reader: Reader, typed: Typed) -> None:
    """Read the rows of a collection inside the record into `typed`."""

    def read(target: Entity, field_name: str, parts: Parts) -> Any:
        return read_value(data.look(target, field_name), parts, reader)

    found = inside.read_rows(owner, name, read)
    typed.parts |= found.typed
    typed.errors |= found.errors
    typed.within |= found.keys
    if found.entries:
        typed.rows[name] = found.entries
        typed.values[name] = list(found.entries.values())


def read_one(owner: Entity, name: str, parts: Parts, reader: Reader, typed: Typed) -> None:
    """Read one field into `typed`."""
    look = data.look(owner, name)
    if look.widget == "secret" and not any(parts.get("", ())) and not any(parts.get("clear", ())):
        return
    try:
        typed.values[name] = read_value(look, parts, reader)
    except Refused as error:
        typed.errors[name] = str(error)


def resolve(targets: Sequence[str], title: str) -> dict[str, str]:
    """The record of one of these entities with exactly this title. Raises Refused unless it is one."""
    found = [hit for name in targets for hit in data.by_title(name, title)]
    if len(found) == 1:
        return {"entity": found[0]["entity"], "id": found[0]["id"]}
    if found:
        raise Refused(f"Several are called “{title}”. Pick one from the list.")
    raise Refused(f"Nothing is called “{title}”. Check the spelling, or pick one from the list.")
