"""Somebody else saved first: both values side by side, one picked per field, nothing dropped silently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from fieldstone.errors import VersionConflict
from fieldstone_ui import data
from fieldstone_ui.pages import answers
from fieldstone_ui.pages.addresses import of_record
from fieldstone_ui.pages.drafts import Draft
from fieldstone_ui.pages.typed import Typed
from fieldstone_ui.presentation.labels import text
from fieldstone_ui.presentation.looks import FieldLook

NOT_TYPED = {"csrf_token", "version"}
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


@dataclass(frozen=True)
class Difference:
    """A field that both changed: what it was, mine and theirs, in the API's form."""

    look: FieldLook
    before: Any
    mine: Any
    theirs: Any


@dataclass(frozen=True)
class ConflictPage:
    """The dialog. typed: the inputs as they were sent, to be sent again."""

    label: str
    who: str
    whose: str
    when: str
    time: str
    sentence: str
    save_url: str
    back_url: str
    version: int
    record: dict[str, Any]
    typed: Sequence[tuple[str, str]]
    differences: Sequence[Difference]


def picked(sent: Typed) -> Typed:
    """What was typed without the fields for which somebody picked the other one's value."""
    theirs = [
        name.removeprefix("pick.")
        for name, pick in request.form.items()
        if name.startswith("pick.") and pick == "theirs"
    ]
    return sent.without(theirs)


def answer(draft: Draft, error: VersionConflict) -> ResponseReturnValue:
    """The dialog, alone for our scripts, as a page otherwise."""
    conflict = make(draft, error)
    title = f"{conflict.who} saved this {conflict.label.lower()} while you were editing"
    return answers.dialog("records/conflict.html", title, conflict=conflict), error.status


def make(draft: Draft, error: VersionConflict) -> ConflictPage:
    """What the dialog shows."""
    owner, formats = draft.entity, data.formats()
    assert draft.identity is not None
    changed_by = error.details.get("changed_by") or {}
    who = changed_by.get("title") or "Somebody else"
    at = data.instant(error.details["changed_at"])
    found = differences(draft, error.details.get("changes", {}))
    return ConflictPage(
        label=text(owner.label, data.locale(), owner.name),
        who=who,
        whose=f"{who.split()[0]}'s" if changed_by.get("title") else "Theirs",
        when=f"{formats.ago(at).capitalize()}.",
        time=formats.time(at.astimezone(formats.zone).timetz()),
        sentence=sentence(draft, error.details.get("changes", {}), found, who),
        save_url=of_record("save", owner, draft.identity),
        back_url=of_record("record", owner, draft.identity),
        version=int(error.details["version"]),
        record=dict(draft.record),
        typed=[
            (name, typed)
            for name, typed in request.form.items(multi=True)
            if name not in NOT_TYPED and not name.startswith("pick.")
        ],
        differences=found,
    )


def differences(draft: Draft, changes: dict[str, list[Any]]) -> list[Difference]:
    """The fields that both changed, to different values."""
    found = []
    for name, (before, theirs) in changes.items():
        if name in draft.entity.lines:
            found += differing_cells(draft, name, theirs or [])
        if name not in draft.sent.values or name in draft.entity.lines:
            continue
        mine = data.with_title(draft.sent.values[name], draft.sent.parts.get(name, {}))
        if not data.same(mine, theirs):
            found.append(Difference(data.look(draft.entity, name), before, mine, theirs))
    return found


def differing_cells(draft: Draft, name: str, theirs: Sequence[dict[str, Any]]) -> list[Difference]:
    """The cells of rows inside the record that both changed, to different values."""
    target = data.context().model.entities[draft.entity.lines[name].entity]
    found = []
    for row in theirs:
        for field_name, value in row.items():
            path = f"{name}.{row['id']}.{field_name}"
            mine = data.with_title(draft.sent.cell(path), draft.sent.parts.get(path, {}))
            if field_name != "id" and path in draft.sent.parts and not data.same(mine, value):
                look = replace(data.look(target, field_name), name=path)
                found.append(Difference(look, None, mine, value))
    return found


def sentence(draft: Draft, changes: dict[str, list[Any]], found: Sequence[Difference], who: str) -> str:
    """How many fields differ, and which other changes are already in."""
    differing = {difference.look.name for difference in found}
    others = [look.label for look in data.looks(draft.entity, changes) if look.name not in differing]
    parts = (
        [f"{counted(len(found))}: pick what should stand."]
        if found
        else ["No field that you changed differs."]
    )
    if others:
        verb = "is" if len(others) == 1 else "are"
        parts.append(
            f"The other change{'s' * (len(others) > 1)} by {who}, {', '.join(others)}, {verb} already in."
        )
    return " ".join(parts)


def counted(number: int) -> str:
    """ "Two fields differ"."""
    word = NUMBERS[number] if number < len(NUMBERS) else str(number)
    return f"{word} field differs" if number == 1 else f"{word} fields differ"
