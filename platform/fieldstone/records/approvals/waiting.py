"""What a pending request waits for."""

from __future__ import annotations

from fieldstone.model.model import ApprovalStep, Entity, Model, Transition
from fieldstone.records.approvals import requests
from fieldstone.records.approvals.requests import PENDING, Request
from fieldstone.records.approvals.words import waits_for
from fieldstone.records.batch import Batch, Item
from fieldstone.records.labels import text_of


def transition_of(entity: Entity, request: Request) -> Transition | None:
    """The transition that was asked for, as it is published now."""
    return entity.workflow.transitions.get(request.transition) if entity.workflow is not None else None


def step_of(entity: Entity, request: Request) -> ApprovalStep | None:
    """The step that is being decided; None where the workflow was changed meanwhile."""
    chosen = transition_of(entity, request)
    if chosen is None or chosen.approval is None:
        return None
    steps = chosen.approval.steps
    return steps[min(request.step, len(steps) - 1)]


def pending_request(batch: Batch, item: Item) -> Request | None:
    """The pending request about a record; no statement where its workflow has no approvals."""
    workflow = batch.entity.workflow
    if workflow is None or not workflow.has_approvals:
        return None
    system = batch.context.database.system
    table = system.approval
    about = (table.c.entity == batch.entity.name, table.c.record == item.id, table.c.status == PENDING)
    found = requests.find(batch.connection, system, *about, most=1)
    return found[0] if found else None


def why_waiting(model: Model, request: Request, entity: Entity, locale: str) -> str:
    """Why a transition cannot be taken while the request is pending, as a sentence."""
    step, chosen = step_of(entity, request), transition_of(entity, request)
    if step is None or chosen is None:
        return "A request for approval is pending under an older workflow; it has to be withdrawn."
    label = text_of(chosen.declaration.label, locale)
    return f"{label} waits for the approval of {waits_for(model, step, locale)}."
