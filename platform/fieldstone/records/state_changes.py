"""Which transition a value for the field under a workflow stands for, and what is possible from a state."""

from __future__ import annotations

from fieldstone.errors import Conflict, Forbidden
from fieldstone.model.model import Entity, Transition, Workflow
from fieldstone.records.batch import Batch, Item
from fieldstone.records.guards import unmet_reasons
from fieldstone.records.labels import field_label, text_of


def who_may(batch: Batch, chosen: Transition) -> str:
    """What taking a transition needs, as a sentence."""
    roles, locale = chosen.declaration.roles, batch.context.principal.locale
    if not roles:
        return "It needs the right to change the record."
    labels = (text_of(batch.model.roles[role].label, locale) for role in roles if role in batch.model.roles)
    return f"It needs the role {' or '.join(labels)}."


def choose(batch: Batch) -> None:
    """Make every value sent for the field under the workflow the one transition that leads there."""
    workflow = batch.entity.workflow
    if workflow is None or batch.imported:
        return
    for item in batch.items:
        if workflow.field in item.sent:
            _choose_one(batch, item, workflow)


def _choose_one(batch: Batch, item: Item, workflow: Workflow) -> None:
    old, wanted = item.old[workflow.field], item.sent[workflow.field]
    leading = [
        found
        for found in workflow.transitions.values()
        if old in found.declaration.sources and found.declaration.target == wanted
    ]
    allowed = [found for found in leading if batch.rights.may_take(found, batch.stored, item.old)]
    if len(allowed) > 1:
        preview = Item(item.position, item.id, item.sent, item.old, {**item.old, **item.sent})
        allowed = [
            found for found in allowed if not unmet_reasons(batch, found, preview, batch.stored)
        ] or allowed
    if len(allowed) == 1:
        item.transition = allowed[0]
    elif allowed:
        _refuse_ambiguous(batch, item, workflow, allowed)
    elif leading:
        _refuse_forbidden(batch, item, workflow, leading)
    else:
        _refuse_impossible(batch, item, workflow)


def _refuse_ambiguous(batch: Batch, item: Item, workflow: Workflow, allowed: list[Transition]) -> None:
    names = ", ".join(found.name for found in allowed)
    message = f"Several transitions lead there: {names}. Take one of them by its name."
    batch.refusals.add(item.position, workflow.field, "ambiguous_transition", message, kind=Conflict)


def _refuse_forbidden(batch: Batch, item: Item, workflow: Workflow, leading: list[Transition]) -> None:
    reason = " ".join(dict.fromkeys(who_may(batch, found) for found in leading))
    message = f"You may not take the transition {leading[0].name}. {reason}"
    details = {"reason": reason}
    batch.refusals.add(item.position, workflow.field, "forbidden", message, kind=Forbidden, details=details)


def _refuse_impossible(batch: Batch, item: Item, workflow: Workflow) -> None:
    locale = batch.context.principal.locale
    field = batch.entity.fields[workflow.field]
    old, wanted = item.old[workflow.field], item.sent[workflow.field]
    message = (
        f"{field_label(field, locale)} cannot go from {state_label(workflow, old, locale)} "
        f"to {state_label(workflow, wanted, locale)}. {possible(batch.entity, old, locale)}"
    )
    batch.refuse(item, workflow.field, "no_transition", message)


def possible(entity: Entity, state: str | None, locale: str) -> str:
    """The transitions that lead out of a state, as a sentence."""
    workflow = entity.workflow
    found = [t for t in workflow.transitions.values() if state in t.declaration.sources] if workflow else []
    names = ", ".join(f"{text_of(t.declaration.label, locale)} ({t.name})" for t in found)
    return f"Possible from there: {names}." if names else "No transition leaves that state."


def state_label(workflow: Workflow, state: str | None, locale: str) -> str:
    """What a state is called."""
    found = workflow.states.get(state or "")
    return text_of(found.label, locale) if found else str(state)
