"""The history of a record, alone and together with its comments, by days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import Any

from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.presentation.activity import Day, Event, FieldChange, Happening, Shown
from fieldstone_ui.presentation.labels import text
from fieldstone_ui.presentation.states import StateLook

WORDS = {
    "create": ("created it", "plus"),
    "update": ("changed", "pencil"),
    "transition": ("moved it to", "arrow-right-circle"),
    "delete": ("moved it to the recycle bin", "trash"),
    "restore": ("restored it", "refresh"),
    "import": ("imported it", "upload"),
    "request": ("asked for approval", "hourglass"),
    "approve": ("approved", "check"),
    "reject": ("rejected", "x"),
    "withdraw": ("withdrew the request for approval", "x"),
    "restart": ("changed it while it waited for approval", "refresh"),
    "close": ("ended the request for approval", "x"),
    "share": ("shared it", "plus"),
    "unshare": ("stopped sharing it", "x"),
}
OTHER = ("changed", "pencil")
QUIET = {"create", "import", "delete", "restore"}
MOST_CHANGES = 8
MOST = 50
"""As many changes, and as many comments, are shown."""


def days(events: Iterable[Event]) -> list[Day]:
    """Entries by days."""
    formats = data.formats()
    return [
        Day(formats.day(day), list(group))
        for day, group in groupby(events, key=lambda event: event.instant.astimezone(formats.zone).date())
    ]


def changes(owner: Entity, entries: Iterable[Mapping[str, Any]]) -> list[Happening]:
    """The history in words."""
    return [happening(owner, entry) for entry in entries]


def additions(files: Iterable[Mapping[str, Any]]) -> list[Happening]:
    """The files that were attached, in words; those of fields stand among the changes."""
    return [addition(file) for file in files if not file.get("field")]


def addition(file: Mapping[str, Any]) -> Happening:
    """One file that was attached."""
    formats, instant = data.formats(), data.instant(file["created_at"])
    return Happening(
        instant=instant,
        who=(file.get("created_by") or {}).get("title") or "Somebody",
        what=f"added the file “{file['name']}”",
        icon="paperclip",
        at=str(file["created_at"]),
        time=formats.time(instant.astimezone(formats.zone).timetz()),
    )


def together(*kinds: Sequence[Event]) -> Shown:
    """All kinds, newest first. Where one kind ends before it is complete, so does the whole."""
    cut = [events[-1].instant for events in kinds if len(events) >= MOST]
    merged = sorted(chain(*kinds), key=lambda event: event.instant, reverse=True)
    shown = [event for event in merged if not cut or event.instant >= max(cut)]
    return Shown(shown, more=bool(cut))


def happening(owner: Entity, entry: Mapping[str, Any]) -> Happening:
    """One change in words."""
    formats, instant = data.formats(), data.instant(entry["at"])
    action = str(entry.get("action"))
    what, icon = WORDS.get(action, OTHER)
    changed = entry.get("changes") or {}
    state = reached(owner, changed) if action == "transition" or entry.get("transition") else None
    shown = [] if action in QUIET else changed_fields(owner, changed, state is not None)
    return Happening(
        instant=instant,
        who=(entry.get("actor") or {}).get("title") or "Somebody",
        what="moved it to" if state else what,
        icon=icon,
        at=str(entry["at"]),
        time=formats.time(instant.astimezone(formats.zone).timetz()),
        changes=shown[:MOST_CHANGES],
        state=state,
        note="; ".join(filter(None, [*inside(owner, changed), entry.get("note")])),
    )


def inside(owner: Entity, changes: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    """What happened to the records inside, and who was linked: `Products: 1 added, 2 changed`."""
    for name in (name for name in owner.inverses if name in changes):
        before, after = ({one["id"] for one in side or ()} for side in changes.get(name, ((), ())))
        counts = {"added": after - before, "changed": after & before, "removed": before - after}
        told = ", ".join(f"{len(ids)} {word}" for word, ids in counts.items() if ids)
        if told:
            yield f"{text(owner.inverses[name].label, data.locale(), name)}: {told}"


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
