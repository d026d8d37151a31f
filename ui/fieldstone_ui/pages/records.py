"""The record page: title, path, form, related records, history; and deleting and restoring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from fieldstone.errors import NotFound
from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.pages import (
    answers,
    deletions,
    drafts,
    files,
    happenings,
    layouts,
    merging,
    rights,
    sheets,
    steps,
    waiting,
)
from fieldstone_ui.pages.addresses import of_entity, of_record
from fieldstone_ui.pages.sheets import Filling
from fieldstone_ui.pages.typed import Typed
from fieldstone_ui.presentation.labels import text
from fieldstone_ui.presentation.lists import Action
from fieldstone_ui.presentation.looks import FieldLook
from fieldstone_ui.presentation.records import RecordPage, Step, highlights_of, path_of


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/e/<entity>/<record>", endpoint="record")(record_page)
    pages.get("/e/<entity>/<record>/history", endpoint="history")(history)
    pages.get("/e/<entity>/<record>/delete", endpoint="ask_delete")(ask_delete)
    pages.post("/e/<entity>/<record>/delete", endpoint="delete")(delete)
    pages.post("/e/<entity>/<record>/restore", endpoint="restore")(restore)


def record_page(entity: str, record: str) -> ResponseReturnValue:
    """The record; only its sheet for our scripts."""
    owner, identity = data.entity(entity), answers.identity(record)
    page = make_page(owner, identity)
    return render_template("records/sheet.html" if answers.from_script() else "records/record.html", rec=page)


def saved(owner: Entity, identity: UUID) -> ResponseReturnValue:
    """After a save: the record as it is now; where somebody may not see it any more, the list."""
    address = of_record("record", owner, identity)
    if not answers.from_script():
        return redirect(address, 303)
    try:
        return render_template("records/sheet.html", rec=make_page(owner, identity))
    except NotFound:
        return answers.location(of_entity("listing", owner))


def make_page(owner: Entity, identity: UUID) -> RecordPage:
    """What the page shows; a deleted record is shown as one, to whoever may restore it."""
    try:
        return live_page(owner, identity, data.one(owner, identity))
    except NotFound:
        return deleted_page(owner, identity, data.one(owner, identity, deleted=True))


def live_page(owner: Entity, identity: UUID, record: Mapping[str, Any]) -> RecordPage:
    """The page of a record that can be worked with."""
    held = data.rights(owner, identity)
    states = drafts.states(owner, identity, record, Typed())
    filling = Filling(owner, record, states, identity=identity, changeable=held.update)
    asking = of_record("ask_delete", owner, identity)
    delete_action = Action("Delete…", asking, "trash", danger=True, dialog=True)
    return base_page(
        owner,
        identity,
        record,
        filling,
        edit_url=of_record("edit", owner, identity) if held.update else "",
        states_url=of_record("states", owner, identity) if held.update else "",
        attach_url=files.attach_url(owner, identity) if held.update else "",
        actions=[
            *(merge_actions(owner, identity) if held.delete else ()),
            rights.action_for(owner, identity),
            *([delete_action] if held.delete else ()),
        ],
        share_url=of_record("shares", owner, identity) if held.share else "",
        transitions=steps.moves_of(owner, identity),
        waiting=waiting.waiting_on(owner, identity),
    )


def merge_actions(owner: Entity, identity: UUID) -> list[Action]:
    """What leads to the other record that means the same."""
    return [Action("Merge…", merging.address(owner, identity), "git-merge")] if data.may_merge(owner) else []


def deleted_page(owner: Entity, identity: UUID, record: Mapping[str, Any]) -> RecordPage:
    """The page of a record in the recycle bin: to read, and to restore."""
    states = dict.fromkeys((*owner.fields, *owner.system), sheets.READ_ONLY)
    action = Action("Restore", of_record("restore", owner, identity), "refresh", "post")
    filling = Filling(owner, record, states, identity=identity, changeable=False)
    return base_page(owner, identity, record, filling, deleted=True, actions=[action])


def base_page(
    owner: Entity, identity: UUID, record: Mapping[str, Any], filling: Filling, **more: Any
) -> RecordPage:
    """What all record pages show."""
    locale, formats = data.locale(), data.formats()
    title = record.get("_title") or text(owner.label, locale, owner.name)
    states = state_look(owner)
    number = next((name for name, found in owner.fields.items() if found.declaration.type == "sequence"), "")
    return RecordPage(
        entity=owner.name,
        label=text(owner.label, locale, owner.name),
        plural=text(owner.plural, locale, owner.name),
        title=str(title),
        mode="read",
        record=record,
        tabs=sheets.tabs(layouts.form_of(owner), filling),
        list_url=of_entity("listing", owner),
        save_url=of_record("save", owner, identity),
        cancel_url=of_record("record", owner, identity),
        save_label="Save",
        crumb=str(record.get(number) or title),
        history_url=of_record("history", owner, identity),
        activity_url=of_record("activity", owner, identity),
        comment_url=of_record("comment", owner, identity) if data.may_comment(owner) else "",
        files_url=of_record("files", owner, identity) if data.may_have_files(owner) else "",
        id=str(identity),
        version=record.get("version"),
        number=str(record.get(number) or ""),
        changed_ago=formats.ago(data.instant(record["updated_at"])) if record.get("updated_at") else "",
        changed_by=(record.get("updated_by") or {}).get("title") or "",
        state_label=states.label if states else "",
        path=path(states, owner, identity, record) if states else (),
        highlights=highlights(owner, record),
        **more,
    )


def state_look(owner: Entity) -> FieldLook | None:
    """The field under the workflow, if the reader may see it."""
    if owner.workflow is None or not data.may_read_field(owner, owner.workflow.field):
        return None
    return data.look(owner, owner.workflow.field)


def path(look: FieldLook, owner: Entity, identity: UUID, record: Mapping[str, Any]) -> list[Step]:
    """The states on the way, with how long the record stayed in each."""
    state = record.get(look.name)
    return path_of(look.options, state, steps.path_notes(owner, identity, state))


def highlights(owner: Entity, record: Mapping[str, Any]) -> list[FieldLook]:
    """The headline values: those of the form that have a value here."""
    names = [item.name for item in layouts.form_fields(layouts.form_of(owner))]
    return highlights_of([look for look in data.looks(owner, names) if record.get(look.name) is not None])


def history(entity: str, record: str) -> ResponseReturnValue:
    """What happened to the record; a page of its own without a script."""
    owner, identity = data.entity(entity), answers.identity(record)
    events = happenings.days(happenings.changes(owner, data.history(owner, identity)))
    if answers.from_script():
        return render_template("records/history.html", history=events)
    title = text(owner.label, data.locale(), owner.name)
    back = of_record("record", owner, identity)
    return render_template("records/history_page.html", history=events, title=title, back_url=back)


def ask_delete(entity: str, record: str) -> ResponseReturnValue:
    """Whether to delete the record, with what that would do to others."""
    owner, identity = data.entity(entity), answers.identity(record)
    found = data.one(owner, identity)
    page = deletions.page(owner, identity, found, data.preview_delete(owner, identity))
    return answers.dialog("records/delete.html", f"Delete this {page.label}", asked=page)


def delete(entity: str, record: str) -> ResponseReturnValue:
    """Move the record to the recycle bin and show it there, with the way back."""
    owner, identity = data.entity(entity), answers.identity(record)
    data.delete(owner, [identity], [answers.version(request.form.get("version"))])
    return redirect(of_record("record", owner, identity), 303)


def restore(entity: str, record: str) -> ResponseReturnValue:
    """Take the record out of the recycle bin."""
    owner, identity = data.entity(entity), answers.identity(record)
    data.restore(owner, identity)
    return redirect(of_record("record", owner, identity), 303)
