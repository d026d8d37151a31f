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
PLACE_WITHIN = "__within__"
"""The same in a row that is copied into one that is not saved yet."""


@dataclass(frozen=True)
class Deeper:
    """What lives inside a row in turn, which is edited on the page of the row. names: of the first few."""

    label: str
    count: str
    names: Sequence[str]
    url: str


@dataclass(frozen=True)
class InsideRow:
    """One row. record: its values in the API's form. removed: marked to go.

    deeper: what lives inside a saved row; inside: the same in one that is not saved yet, as rows to fill in.
    """

    key: str
    number: int
    controls: Sequence[Control]
    record: Mapping[str, Any]
    removed: bool = False
    deeper: Sequence[Deeper] = ()
    inside: Sequence[InsidePart] = ()

    @property
    def saved(self) -> bool:
        """Whether it is there already."""
        return not is_fresh(self.key)


@dataclass(frozen=True)
class InsidePart:
    """The rows of a collection. name: its path in the form, such as `lines` or `lines.new1.parts`.

    blank: one to copy, None where the reader may add none. label: of them all, one: of one.
    removable: whether rows can be removed.
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


def is_fresh(key: str) -> bool:
    """Whether a row is not saved yet, or stands for such rows."""
    return is_new(key) or key in {PLACE, PLACE_WITHIN}


def sent_inside(form: Sent, collection: str) -> dict[str, dict[str, Parts]]:
    """Key of a row → field → its parts, for all rows of a collection (by its path) that a form carried."""
    found: dict[str, dict[str, dict[str, Sequence[str]]]] = {}
    for name in form.getlist("sent"):
        key, _, field = _below(name, collection).partition(".")
        if key and field:
            row = found.setdefault(key, {})
            if "." not in field:
                row.setdefault(field, {})
    for name in form.keys():  # noqa: SIM118  a MultiDict's keys() is asked for, not iteration
        key, _, rest = _below(name, f"f.{collection}").partition(".")
        field, _, part = rest.partition(".")
        if key and field:
            found.setdefault(key, {}).setdefault(field, {})[part] = form.getlist(name)
    return {key: dict(fields) for key, fields in found.items()}


def _below(name: str, path: str) -> str:
    """The rest of a name after a path and a dot; empty where it does not begin with it."""
    return name.removeprefix(f"{path}.") if name.startswith(f"{path}.") else ""
