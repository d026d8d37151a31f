"""The guards of transitions: what must hold of the record as it will be."""

from __future__ import annotations

from fieldstone.model.model import Rule, Transition
from fieldstone.records.batch import Batch, Item
from fieldstone.records.conditions_in_words import unmet
from fieldstone.records.environment import Evaluator
from fieldstone.records.labels import text_of


def check(batch: Batch) -> None:
    """Refuse transitions whose guard does not hold."""
    workflow = batch.entity.workflow
    for item in batch.items:
        if workflow is not None and item.transition is not None:
            reasons = unmet_reasons(batch, item.transition, item, batch.wanted)
            if reasons:
                batch.refuse(item, workflow.field, "guard", " ".join(reasons))


def unmet_reasons(batch: Batch, transition: Transition, item: Item, evaluator: Evaluator) -> list[str]:
    """Why a guard does not hold: its message, or else each condition that is not met; [] if it holds."""
    record, old, locale = item.new or item.old, item.old or None, batch.context.principal.locale

    def holds(rule: Rule) -> bool:
        return evaluator.holds(rule, record, old)

    guard, message = transition.guard, transition.declaration.message
    if guard is None or holds(guard):
        return []
    return [text_of(message, locale)] if message else unmet(batch.model, batch.entity, guard, holds, locale)
