"""What lives inside a record, such as the lines of an order, as the form edits it: rows of fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fieldstone_ui.presentation.controls import Control
from fieldstone_ui.presentation.entry import Parts, Sent
from fieldstone_ui.presentation.looks import FieldLook

DELETE = "_delete"
NEW = "new"
"""What the keys of rows begin with that are not saved yet; others are keyed by their id."""
PLACE = "__new__"
"""Stands for the key in the row that our script copies."""


@dataclass(frozen=True)
class Deeper:
    """What lives inside a row in turn, which is edited on the page of the row. names: of the first few."""

    label: str
    count: str
    names: Sequence[str]
    url: str


@dataclass(frozen=True)
class InsideRow:
    """One row. record: its values in the API's form. removed: marked to go."""

    key: str
    number: int
    controls: Sequence[Control]
    record: Mapping[str, Any]
    removed: bool = False
    deeper: Sequence[Deeper] = ()

    @property
    def saved(self) -> bool:
        """Whether it is there already."""
        return not self.key.startswith(NEW) and self.key != PLACE


@dataclass(frozen=True)
class InsidePart:
    """The rows of a collection. blank: one to copy, None where the reader may add none. label: of them all,
    one: of one. removable: whether rows can be removed.
    """

    name: str
    label: str
    one: str
    looks: Sequence[FieldLook]
    rows: Sequence[InsideRow]
    blank: InsideRow | None
    removable: bool


def is_new(key: str) -> bool:
    """Whether a row is not saved yet."""
    return key.startswith(NEW)


def sent_inside(form: Sent, collection: str) -> dict[str, dict[str, Parts]]:
    """Key of a row → field → its parts, for all rows of a collection that a form carried."""
    found: dict[str, dict[str, dict[str, Sequence[str]]]] = {}
    for name in form.getlist("sent"):
        head, _, rest = name.partition(".")
        key, _, field = rest.partition(".")
        if head == collection and key and field:
            found.setdefault(key, {}).setdefault(field, {})
    for name in form.keys():  # noqa: SIM118  a MultiDict's keys() is asked for, not iteration
        parts = name.split(".", 4)
        if len(parts) >= 4 and parts[0] == "f" and parts[1] == collection:
            part = parts[4] if len(parts) > 4 else ""
            found.setdefault(parts[2], {}).setdefault(parts[3], {})[part] = form.getlist(name)
    return {key: dict(fields) for key, fields in found.items()}
