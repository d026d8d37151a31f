"""What waits for an approval: on the page of a record, and for the reader."""

from __future__ import annotations

from uuid import UUID

from flask import url_for

from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.presentation.approvals import Act, Said, ToDecide, Waiting

LABELS = {"approve": "Approve", "reject": "Reject", "withdraw": "Withdraw"}


def waiting_on(owner: Entity, identity: UUID) -> Waiting | None:
    """The pending request about a record, for its page."""
    found = data.pending_approval(owner, identity)
    if found is None:
        return None
    formats = data.formats()
    people = [person["title"] for step in found.steps for person in step.approvers if person["title"]]
    return Waiting(
        label=found.label,
        who=found.requested_by["title"] or "Somebody",
        ago=formats.ago(data.instant(found.requested_at)),
        waits_for=found.waits_for or "",
        people=", ".join(people),
        steps=f"step {found.step} of {len(found.steps)}" if found.step and len(found.steps) > 1 else "",
        asked=data.looks(owner, found.values),
        values=found.values,
        said=[
            Said(
                one.by["title"] or "Somebody",
                one.decision == "approve",
                one.reason or "",
                ", ".join(seat["title"] or "somebody" for seat in one.on_behalf_of),
            )
            for one in found.decisions
            if one.valid
        ],
        acts=[
            Act(act, LABELS[act], act_url("approval", owner, identity, found.id, act)) for act in found.may
        ],
    )


def waiting_for_reader() -> list[ToDecide]:
    """The requests on which the reader can decide, oldest first."""
    formats = data.formats()
    return [
        ToDecide(
            who=one.requested_by["title"] or "Somebody",
            label=one.label,
            about=one.record["title"] or "",
            url=url_for("pages.record", entity=one.record["entity"], record=one.record["id"]),
            at=one.requested_at,
            ago=formats.ago(data.instant(one.requested_at), True),
        )
        for one in data.waiting_for_me()
    ]


def act_url(endpoint: str, owner: Entity, identity: UUID, approval: str, act: str) -> str:
    """The address of a dialog about a request, and of what it sends."""
    return url_for(f"pages.{endpoint}", entity=owner.name, record=identity, approval=approval, act=act)
