"""Moving records on: what is possible and why not, asking for what is needed, doing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError, VersionConflict
from fieldstone.model.model import Entity
from fieldstone.records import FieldState
from fieldstone_ui import data
from fieldstone_ui.pages import answers, records, sheets
from fieldstone_ui.pages.addresses import of_record
from fieldstone_ui.pages.steps import moves_of, transition_of, workflow_of
from fieldstone_ui.pages.typed import Typed, read_form
from fieldstone_ui.presentation.controls import Control
from fieldstone_ui.presentation.labels import text
from fieldstone_ui.presentation.states import StateLook


@dataclass(frozen=True)
class MovePage:
    """The dialog of one transition."""

    label: str
    title: str
    url: str
    back_url: str
    version: int | None
    target: StateLook | None
    target_name: str
    record: Mapping[str, Any]
    controls: Sequence[Control] = ()
    problem: str = ""
    needs_approval: bool = False


@dataclass(frozen=True)
class Attempt:
    """A transition that somebody tries: what was typed, what was wrong with it."""

    owner: Entity
    identity: UUID
    name: str
    sent: Typed = field(default_factory=Typed)
    errors: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/e/<entity>/<record>/transitions", endpoint="transitions")(list_moves)
    pages.get("/e/<entity>/<record>/move", endpoint="move")(choose)
    pages.get("/e/<entity>/<record>/transitions/<name>", endpoint="transition")(ask)
    pages.post("/e/<entity>/<record>/transitions/<name>", endpoint="take")(take)


def list_moves(entity: str, record: str) -> Response:
    """For the board: where a card may go, under which name, or why not."""
    owner, identity = data.entity(entity), answers.identity(record)
    found = [
        {
            "name": move.name,
            "label": move.label,
            "to": move.target.value,
            "allowed": move.allowed,
            "ask": list(move.asks),
            "reasons": [{"message": one.sentence} for one in move.reasons],
        }
        for move in moves_of(owner, identity)
    ]
    return jsonify(transitions=found)


def choose(entity: str, record: str) -> ResponseReturnValue:
    """The menu behind M."""
    owner, identity = data.entity(entity), answers.identity(record)
    workflow = workflow_of(owner)
    held = data.one(owner, identity)
    state = str(held.get(workflow.field) or "")
    return answers.dialog(
        "records/move.html",
        "Move on",
        name=held.get("_title") or "",
        current=data.look(owner, workflow.field).options.get(state),
        current_name=state,
        transitions=moves_of(owner, identity),
        back_url=of_record("record", owner, identity),
    )


def ask(entity: str, record: str, name: str) -> ResponseReturnValue:
    """The dialog of a transition, with the fields that it asks for."""
    owner, identity = data.entity(entity), answers.identity(record)
    page = make_page(Attempt(owner, identity, name))
    return answers.dialog("records/transition.html", page.label, move=page)


def take(entity: str, record: str, name: str) -> ResponseReturnValue:
    """Take the transition; a refusal shows the dialog again with the reason and everything that was typed."""
    owner, identity = data.entity(entity), answers.identity(record)
    sent = read_form(owner)
    if sent.errors:
        return again(Attempt(owner, identity, name, sent, sent.errors), 422)
    try:
        written = data.transition(
            owner, identity, name, sent.values, answers.version(request.form.get("version"))
        )
    except VersionConflict as error:
        message = f"{error.message} Look at the record as it is now, then move it."
        return again(Attempt(owner, identity, name, sent, {}, message), error.status)
    except FieldstoneError as error:
        return refused(Attempt(owner, identity, name, sent), error)
    if quick() and written.approval is not None:
        return jsonify(message="It waits for an approval now. Nothing was changed yet."), 202
    return jsonify(moved=True) if quick() else records.saved(owner, identity)


def quick() -> bool:
    """Whether a board asks, which needs no page back."""
    return answers.wants_json() and "text/html" not in request.headers.get("Accept", "")


def refused(attempt: Attempt, error: FieldstoneError) -> ResponseReturnValue:
    """What the platform refused: for the board in JSON, otherwise in the dialog."""
    if quick() or error.status in {404, 503}:
        return answers.refusal(error)
    by_field = {one.field: one.message for one in error.errors if one.field}
    asked = set(transition_of(attempt.owner, attempt.name).ask)
    unplaced = [one.message for one in error.errors if one.field not in asked]
    problem = " ".join(unplaced) if error.errors else error.message
    return again(replace(attempt, errors=by_field, problem=problem), 422)


def again(attempt: Attempt, status: int) -> ResponseReturnValue:
    """The dialog once more."""
    if quick():
        message = attempt.problem or " ".join(attempt.errors.values())
        return jsonify(message=message, errors=[]), status
    page = make_page(attempt)
    return answers.dialog("records/transition.html", page.label, move=page), status


def make_page(attempt: Attempt) -> MovePage:
    """What the dialog shows."""
    owner, identity, sent = attempt.owner, attempt.identity, attempt.sent
    workflow, found = workflow_of(owner), transition_of(owner, attempt.name)
    held = data.one(owner, identity)
    states = data.field_states(owner, identity, sent.values)
    filling = sheets.Filling(owner, {**held, **sent.values}, states, sent.parts, attempt.errors, identity)
    needed = workflow.states[found.target].required
    asked = [field for field in found.ask if field in states]
    return MovePage(
        label=text(found.label, data.locale(), found.name),
        title=str(held.get("_title") or ""),
        url=url_for("pages.take", entity=owner.name, record=identity, name=attempt.name),
        back_url=of_record("record", owner, identity),
        version=held.get("version"),
        target=data.look(owner, workflow.field).options.get(found.target),
        target_name=found.target,
        record=held,
        controls=[
            sheets.make_control(filling, field, asked_state(states[field], field in needed))
            for field in asked
        ],
        problem=attempt.problem,
        needs_approval=any(
            one.needs_approval for one in data.transitions(owner, identity) if one.name == attempt.name
        ),
    )


def asked_state(state: FieldState, needed: bool) -> FieldState:
    """A field that a transition asks for is shown and can be filled in, whatever it is on the form."""
    return FieldState(visible=True, required=state.required or needed, readonly=False, error=state.error)
