"""Where a record can go from its state, and why not elsewhere."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from flask import url_for

from fieldstone.errors import NotFound
from fieldstone.model.model import Entity, Workflow
from fieldstone_metadata.declarations import Transition
from fieldstone_ui import data
from fieldstone_ui.presentation.records import Move, Reason


def moves_of(owner: Entity, identity: UUID) -> list[Move]:
    """The transitions from a record's state, for its page."""
    if owner.workflow is None:
        return []
    looks = data.look(owner, owner.workflow.field).options
    return [
        Move(
            name=found.name,
            label=found.label,
            url=url_for("pages.transition", entity=owner.name, record=identity, name=found.name),
            allowed=found.allowed,
            target=looks[found.to],
            reasons=[reason(owner, sentence) for sentence in found.reasons],
            asks=found.ask,
        )
        for found in data.transitions(owner, identity)
    ]


def path_notes(owner: Entity, identity: UUID, state: str | None) -> dict[str, str]:
    """State → how long the record stayed there, and for the present one which day it is: "3 d", "day 4"."""
    workflow = owner.workflow
    if workflow is None:
        return {}
    now, spent = data.context().now, dict[str, timedelta]()
    for stay in data.stays(owner, identity):
        spent[stay.state] = spent.get(stay.state, timedelta()) + ((stay.until or now) - stay.since)
    open_states = (name for name in spent if name in workflow.states and not workflow.states[name].final)
    notes = {
        name: f"day {spent[name].days + 1}" if name == state else lasted(spent[name]) for name in open_states
    }
    limit = data.due(owner, [identity]).get(identity)
    if limit is not None and limit.state in notes:
        notes[limit.state] += f", {due_in_words(limit.due_at - now)}"
    return notes


def due_in_words(left: timedelta) -> str:
    """How much time is left in a state: "due in 2 d", "overdue 3 h"."""
    return f"overdue {lasted(-left)}" if left < timedelta() else f"due in {lasted(left)}"


def lasted(time: timedelta) -> str:
    """A length of time in its largest unit."""
    if time.days:
        return f"{time.days} d"
    hours = time.seconds // 3600
    return f"{hours} h" if hours else "<1 h"


def reason(owner: Entity, sentence: str) -> Reason:
    """A reason, with a link to the field that it names first."""
    for name in owner.fields:
        if data.may_read_field(owner, name):
            label = data.look(owner, name).label
            if sentence.startswith((f"{label} ", f"“{label}”")):
                return Reason(sentence.removeprefix(f"“{label}”").removeprefix(label).strip(), name, label)
    return Reason(sentence)


def workflow_of(owner: Entity) -> Workflow:
    """The workflow. Raises NotFound without one."""
    if owner.workflow is None:
        raise NotFound("These records have no stages to move through.", code="no_workflow")
    return owner.workflow


def transition_of(owner: Entity, name: str) -> Transition:
    """The declaration of a transition. Raises NotFound."""
    found = workflow_of(owner).transitions.get(name)
    if found is None:
        raise NotFound("There is no such move.", code="unknown_transition")
    return found.declaration
