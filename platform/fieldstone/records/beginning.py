"""Completing new records: what callers may not set, the state they begin in, and the defaults."""

from __future__ import annotations

from fieldstone.records import defaults, validation
from fieldstone.records.batch import Batch
from fieldstone.records.labels import entity_label


def complete(batch: Batch) -> None:
    """Check what can be checked before the new records are complete, and complete them."""
    validation.check_readonly(batch)
    _check_initial(batch)
    defaults.fill(batch)


def _check_initial(batch: Batch) -> None:
    """A caller's record begins in the workflow's initial state; an import brings states as they are."""
    workflow = batch.entity.workflow
    if workflow is None:
        return
    for item in batch.items:
        state = item.sent.get(workflow.field)
        if state is None:
            item.sent.pop(workflow.field, None)
        elif state != workflow.initial and not batch.imported:
            kind = entity_label(batch.entity, batch.context.principal.locale)
            message = f"A new {kind} begins as {workflow.initial}; take a transition to reach {state}."
            batch.refuse(item, workflow.field, "not_initial", message)
