"""Whether a transition needs an approval, and refusing it where nobody could be asked for one."""

from __future__ import annotations

from fieldstone.access.system_user import SYSTEM_USER
from fieldstone.context import Context
from fieldstone.errors import Conflict
from fieldstone.model.model import Approval, Transition
from fieldstone.records.batch import Batch, Item
from fieldstone.records.labels import text_of


def may_need_approval(context: Context, transition: Transition) -> bool:
    """Whether a transition may have to wait; what the platform does by itself needs nobody's approval."""
    return transition.approval is not None and context.principal.user != SYSTEM_USER


def is_needed(batch: Batch, item: Item, approval: Approval) -> bool:
    """Whether a record that has been judged needs the approval, as it would be."""
    return batch.wanted.holds(approval.when, item.new, item.old)


def refuse_unapproved(batch: Batch) -> None:
    """Refuse judged changes that are transitions in need of an approval, which is asked for by their name;
    also of what lives inside the records.
    """
    for one in batch.together:
        for item in one.items:
            chosen = item.transition
            if chosen is None or chosen.approval is None or not may_need_approval(one.context, chosen):
                continue
            if is_needed(one, item, chosen.approval):
                _refuse(one, item, chosen)
    batch.settle()


def _refuse(batch: Batch, item: Item, chosen: Transition) -> None:
    label = text_of(chosen.declaration.label, batch.context.principal.locale)
    message = (
        f"{label} needs an approval. To ask for it, take the transition {chosen.name} by itself, "
        "with nothing but the fields that it asks for."
    )
    details = {"transition": chosen.name}
    field = None if batch.entity.workflow is None else batch.entity.workflow.field
    batch.refusals.add(item.position, field, "approval_needed", message, kind=Conflict, details=details)
