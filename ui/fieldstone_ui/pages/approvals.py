"""Deciding on requests for approval, in a dialog."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError, NotFound
from fieldstone.model.model import Entity
from fieldstone.records import ApprovalState
from fieldstone_ui import data
from fieldstone_ui.pages import answers, records
from fieldstone_ui.pages.addresses import of_record
from fieldstone_ui.pages.waiting import LABELS, act_url
from fieldstone_ui.presentation.approvals import ActDialog

WHAT_IT_DOES = {
    "approve": "It is performed once everybody who is asked has approved.",
    "reject": "The request ends; the reason is told to who asked.",
    "withdraw": "The request ends, and nothing is changed.",
}


@dataclass(frozen=True)
class Tried:
    """What somebody does, with what was typed and what was wrong with it."""

    act: str
    reason: str = ""
    problem: str = ""


def install(pages: Blueprint) -> None:
    """Add the routes."""
    address = "/e/<entity>/<record>/approvals/<approval>/<act>"
    pages.get(address, endpoint="approval")(ask)
    pages.post(address, endpoint="decide")(decide)


def ask(entity: str, record: str, approval: str, act: str) -> ResponseReturnValue:
    """The dialog with room for a reason."""
    owner, identity = data.entity(entity), answers.identity(record)
    label = _label(act)
    found = data.approval(owner, identity, answers.identity(approval))
    return answers.dialog("records/approval.html", label, act=_dialog(owner, identity, found, Tried(act)))


def decide(entity: str, record: str, approval: str, act: str) -> ResponseReturnValue:
    """Do it; a refusal shows the dialog again with the reason and what was typed."""
    owner, identity, asked = data.entity(entity), answers.identity(record), answers.identity(approval)
    _label(act)
    reason = request.form.get("reason", "")
    try:
        data.decide(owner, identity, asked, act, reason, answers.version(request.form.get("version")))
    except FieldstoneError as error:
        if error.status in {404, 503}:
            return answers.refusal(error)
        found = data.approval(owner, identity, asked)
        page = _dialog(owner, identity, found, Tried(act, reason, error.message))
        return answers.dialog("records/approval.html", page.label, act=page), 422
    return records.saved(owner, identity)


def _dialog(owner: Entity, identity: UUID, found: ApprovalState, tried: Tried) -> ActDialog:
    held = data.one(owner, identity)
    return ActDialog(
        name=tried.act,
        label=_label(tried.act),
        title=f"{found.label}: {held.get('_title') or ''}",
        words=WHAT_IT_DOES[tried.act],
        url=act_url("decide", owner, identity, found.id, tried.act),
        back_url=of_record("record", owner, identity),
        version=held.get("version"),
        reason=tried.reason,
        needs_reason=tried.act == "reject",
        problem=tried.problem,
    )


def _label(act: str) -> str:
    if act not in LABELS:
        raise NotFound("There is no such page.", code="unknown_act")
    return LABELS[act]
