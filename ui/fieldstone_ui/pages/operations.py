"""Taking back what was done to many records at once: an import, a change of a list's rows, a merge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import NotFound
from fieldstone.records import Recent, Undone
from fieldstone.records.operations import IMPORT, MERGE, UNDO
from fieldstone_ui import data
from fieldstone_ui.pages import answers, notices
from fieldstone_ui.pages.addresses import inner_address

MOST = 50
MOST_TOLD = 100


@dataclass(frozen=True)
class Line:
    """Something that was done. who: empty for the reader. ask_url: empty where that is final."""

    words: str
    icon: str
    who: str
    at: str
    ago: str
    undone: bool
    ask_url: str


@dataclass(frozen=True)
class Kept:
    """A record that stayed as it is, and why. title: empty where the reader may not see it."""

    title: str
    url: str
    reason: str


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/operations", endpoint="operations")(recent)
    pages.get("/operations/<operation>/undo", endpoint="ask_undo")(ask)
    pages.post("/operations/<operation>/undo", endpoint="undo")(undo)


def recent() -> str:
    """The last of them, each with its way back."""
    found = data.recent_operations(MOST)
    me = data.context().principal.user
    others = {one.operation.actor for one in found} - {me}
    names = data.titles("user", others)
    lines = [line(one, names.get(one.operation.actor, "") if others else "") for one in found]
    return render_template("operations/recent.html", lines=lines)


def line(one: Recent, who: str) -> Line:
    """One of them in words."""
    icons = {IMPORT: "upload", MERGE: "git-merge"}
    formats, done = data.formats(), one.operation
    return Line(
        words=words(one),
        icon=icons.get(done.action, "trash" if is_deletion(one) else "pencil"),
        who=who,
        at=done.at.isoformat(),
        ago=formats.ago(done.at),
        undone=one.undone,
        ask_url=url_for("pages.ask_undo", operation=done.id) if one.latest else "",
    )


def words(one: Recent) -> str:
    """ "Imported 1,170 accounts"."""
    verbs = {IMPORT: "Imported", MERGE: "Merged"}
    verb = verbs.get(one.operation.action, "Deleted" if is_deletion(one) else "Changed")
    count = one.deleted + 1 if one.operation.action == MERGE else one.changed
    return f"{verb} {'at least ' if one.more else ''}{data.counted(one.operation.entity, count)}"


def is_deletion(one: Recent) -> bool:
    """Whether it moved all its records to the recycle bin."""
    return one.deleted == one.changed


def ask(operation: str) -> str:
    """Whether to take it back, or to do it again."""
    found = data.recent_operations(1, answers.identity(operation))
    if not found or found[0].latest is None:
        raise NotFound("There is nothing to take back here, or it was somebody else's.")
    told = words(found[0])
    title = f"Do it again: {told[:1].lower()}{told[1:]}?" if found[0].undone else f"Undo: {told}?"
    return answers.dialog(
        "operations/ask.html",
        title,
        heading=title,
        undone=found[0].undone,
        undo_url=url_for("pages.undo", operation=found[0].latest),
        back_url=url_for("pages.operations"),
    )


def undo(operation: str) -> ResponseReturnValue:
    """Take it back and say so; what stayed as it is stands on a page of its own with the reasons."""
    identity = answers.identity(operation)
    before = data.operation(identity)
    done = data.undo(identity)
    back = inner_address(request.form.get("next")) or url_for("pages.operations")
    again = done.operation if done.undone and before.action != MERGE else None
    label = "Undo" if before.action == UNDO else "Redo"
    sentence = told(done, again=before.action == UNDO)
    if not done.told:
        notices.tell(sentence, again, label)
        return redirect(back, 303)
    return render_template(
        "operations/undone.html",
        sentence=sentence,
        kept=kept(done),
        more=data.formats().number(rest) if (rest := stayed(done) - MOST_TOLD) > 0 else "",
        back_url=back,
        again_url=url_for("pages.undo", operation=again) if again else "",
        label=label,
    )


def told(done: Undone, *, again: bool) -> str:
    """What became of the records."""
    number = data.formats().number
    if not done.undone and not stayed(done):
        return "There was nothing to take back: everything is as it was."
    verb = "is" if done.undone == 1 else "are"
    records = f"{number(done.undone)} {'record' if done.undone == 1 else 'records'}"
    first = f"Done again for {records}." if again else f"{records} {verb} as before."
    return f"{first} {number(stayed(done))} stayed as they are." if stayed(done) else first


def stayed(done: Undone) -> int:
    """How many records could not be taken back."""
    return done.changed_since + done.refused


def kept(done: Undone) -> list[Kept]:
    """The records that stayed, with their reasons."""
    shown = done.told[:MOST_TOLD]
    names = titles_of((entity, identity) for entity, identity, _ in shown)
    return [
        Kept(
            title=names.get((entity, identity), ""),
            url=url_for("pages.record", entity=entity, record=identity),
            reason=outcome.errors[0].message,
        )
        for entity, identity, outcome in shown
    ]


def titles_of(records: Iterable[tuple[str, UUID]]) -> Mapping[tuple[str, UUID], str]:
    """What records are called, as far as the reader may see them: one statement for each entity."""
    by_entity: dict[str, list[UUID]] = {}
    for entity, identity in records:
        by_entity.setdefault(entity, []).append(identity)
    return {
        (entity, identity): title
        for entity, ids in by_entity.items()
        for identity, title in data.titles(entity, ids).items()
    }
