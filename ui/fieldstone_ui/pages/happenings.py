"""The history of a record as a timeline by days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.presentation.looks import FieldLook
from fieldstone_ui.presentation.states import StateLook

WORDS = {
    "create": ("created it", "plus"),
    "update": ("changed", "pencil"),
    "transition": ("moved it to", "arrow-right-circle"),
    "delete": ("moved it to the recycle bin", "trash"),
    "restore": ("restored it", "refresh"),
    "import": ("imported it", "upload"),
}
OTHER = ("changed", "pencil")
QUIET = {"create", "import", "delete", "restore"}
MOST_CHANGES = 8


@dataclass(frozen=True)
class FieldChange:
    """A field before and after, in the API's form; `record` tells the currency of amounts."""

    look: FieldLook
    before: Any
    after: Any
    record: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Happening:
    """One entry. what: the verb, after the name of who did it. state: where a move led."""

    who: str
    what: str
    icon: str
    at: str
    time: str
    changes: Sequence[FieldChange] = ()
    state: StateLook | None = None
    note: str = ""


@dataclass(frozen=True)
class Day:
    """The entries of one day, newest first."""

    label: str
    events: Sequence[Happening]


def days(owner: Entity, entries: Iterable[Mapping[str, Any]]) -> list[Day]:
    """The timeline."""
    formats = data.formats()
    local = [(data.instant(entry["at"]).astimezone(formats.zone), entry) for entry in entries]
    return [
        Day(formats.day(day), [happening(owner, entry, formats.time(at.timetz())) for at, entry in group])
        for day, group in groupby(local, key=lambda pair: pair[0].date())
    ]


def happening(owner: Entity, entry: Mapping[str, Any], time: str) -> Happening:
    """One entry in words."""
    action = str(entry.get("action"))
    what, icon = WORDS.get(action, OTHER)
    changes = entry.get("changes") or {}
    state = reached(owner, changes) if action == "transition" or entry.get("transition") else None
    shown = [] if action in QUIET else changed_fields(owner, changes, state is not None)
    return Happening(
        who=(entry.get("actor") or {}).get("title") or "Somebody",
        what="moved it to" if state else what,
        icon=icon,
        at=str(entry["at"]),
        time=time,
        changes=shown[:MOST_CHANGES],
        state=state,
        note=entry.get("note") or "",
    )


def reached(owner: Entity, changes: Mapping[str, Sequence[Any]]) -> StateLook | None:
    """The state that a move led to."""
    if owner.workflow is None or owner.workflow.field not in changes:
        return None
    return data.look(owner, owner.workflow.field).options.get(str(changes[owner.workflow.field][1]))


def changed_fields(owner: Entity, changes: Mapping[str, Sequence[Any]], moved: bool) -> list[FieldChange]:
    """The fields that changed, but for the state, which the entry's own words tell."""
    state = owner.workflow.field if owner.workflow and moved else None
    looks = data.looks(owner, (name for name in changes if name != state))
    currency = changes.get("currency", [None, None])[1]
    return [
        FieldChange(look, changes[look.name][0], changes[look.name][1], {"currency": currency})
        for look in looks
    ]
