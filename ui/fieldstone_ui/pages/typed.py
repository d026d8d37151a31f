"""What a posted form says: values to save, what cannot be read, what was typed; nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request

from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.pages.uploads import take_files
from fieldstone_ui.presentation.entry import Parts, Reader, Refused, read_value, sent_fields


@dataclass
class Typed:
    """A posted form. values: in the API's form. errors: why not, by field. parts: what was typed."""

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    parts: dict[str, Parts] = field(default_factory=dict)

    def without(self, names: Sequence[str]) -> Typed:
        """The same without some fields."""

        def rest(found: Mapping[str, Any]) -> dict[str, Any]:
            return {name: value for name, value in found.items() if name not in names}

        return Typed(rest(self.values), rest(self.errors), rest(self.parts))


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
    return typed


def known(owner: Entity, name: str) -> bool:
    """Whether the reader may know of a field."""
    return owner.field(name) is not None and data.may_read_field(owner, name)


def read_one(owner: Entity, name: str, parts: Parts, reader: Reader, typed: Typed) -> None:
    """Read one field into `typed`."""
    look = data.look(owner, name)
    if look.widget == "secret" and not any(parts.get("", ())):
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
