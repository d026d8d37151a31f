"""What may be done now with a record under a workflow, and why not the rest."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from fieldstone.context import Context
from fieldstone.model.model import Rule, Transition, Workflow
from fieldstone.records.approvals.needing import may_need_approval
from fieldstone.records.approvals.requests import Request
from fieldstone.records.approvals.waiting import pending_request, why_waiting
from fieldstone.records.batch import Batch, Item, find_entity
from fieldstone.records.conditions_in_words import parts, told_unmet
from fieldstone.records.journal import NOTHING
from fieldstone.records.labels import field_label, text_of
from fieldstone.records.peeking import peek
from fieldstone.records.state_changes import state_label, who_may


@dataclass(frozen=True)
class TransitionState:
    """A transition of the record's workflow.

    to: the state it leads to. allowed: the caller may take it now, with its asked fields filled in.
    reasons: why not, one sentence each. ask: the fields that are filled in with it.
    needs_approval: of the record as it is, taking it only asks for an approval. pending: the id of the
    request for it that waits now. from_here: it leads from the record's present state.
    """

    name: str
    label: str
    to: str
    allowed: bool
    reasons: tuple[str, ...]
    ask: tuple[str, ...]
    needs_approval: bool = False
    pending: str | None = None
    from_here: bool = True


def transitions(context: Context, entity: str, id_: UUID, *, others: bool = False) -> list[TransitionState]:
    """The transitions from a record's state, in their declared order. Raises `NotFound` as reading does.

    others: those from other states too, behind them, with the states that they lead from as the reason.
    """
    found = find_entity(context, entity)
    workflow = found.workflow
    with context.database.read() as connection:
        batch = peek(context, connection, found, id_)
        if workflow is None:
            return []
        item = batch.items[0]
        state = item.old[workflow.field]
        leaving = [t for t in workflow.transitions.values() if state in t.declaration.sources]
        rest = [t for t in workflow.transitions.values() if others and t not in leaving]
        waiting = pending_request(batch, item)
        return [
            *(transition_state(batch, item, workflow, transition, waiting) for transition in leaving),
            *(_from_elsewhere(batch, item, workflow, transition) for transition in rest),
        ]


def _from_elsewhere(batch: Batch, item: Item, workflow: Workflow, transition: Transition) -> TransitionState:
    """A transition that does not lead from the record's state."""
    declaration, locale = transition.declaration, batch.context.principal.locale
    states = " or ".join(state_label(workflow, source, locale) for source in declaration.sources)
    here = state_label(workflow, item.old[workflow.field], locale)
    reasons = [f"It leads from {states}, and not from {here}."]
    if not batch.rights.may_take(transition, batch.stored, item.old):
        reasons.append(who_may(batch, transition))
    return TransitionState(
        transition.name,
        text_of(declaration.label, locale),
        declaration.target,
        allowed=False,
        reasons=tuple(reasons),
        ask=tuple(declaration.ask),
        from_here=False,
    )


def transition_state(
    batch: Batch, item: Item, workflow: Workflow, transition: Transition, waiting: Request | None = None
) -> TransitionState:
    """Whether the caller may take a transition that leaves the record's state, and why not.

    waiting: the pending request for approval about the record.
    """
    declaration, locale = transition.declaration, batch.context.principal.locale
    allowed = batch.rights.may_take(transition, batch.stored, item.old)
    reasons = [] if allowed else [who_may(batch, transition)]
    needed = _needs_approval(batch, item, workflow, transition)
    own = waiting is not None and waiting.transition == transition.name
    if waiting is not None and (own or needed):
        reasons.append(why_waiting(batch.model, waiting, batch.entity, locale))
    reasons += _unmet_guard(batch, item, workflow, transition)
    reasons += _missing(batch, item, workflow, transition)
    label = text_of(declaration.label, locale)
    return TransitionState(
        transition.name,
        label,
        declaration.target,
        not reasons,
        tuple(reasons),
        tuple(declaration.ask),
        needed,
        str(waiting.id) if own and waiting is not None else None,
    )


def _needs_approval(batch: Batch, item: Item, workflow: Workflow, transition: Transition) -> bool:
    """Whether the approval would be needed, with nothing of what is asked for filled in yet."""
    if transition.approval is None or not may_need_approval(batch.context, transition):
        return False
    wanted = item.old | {workflow.field: transition.declaration.target}
    return batch.stored.holds(transition.approval.when, wanted, item.old)


def _unmet_guard(batch: Batch, item: Item, workflow: Workflow, transition: Transition) -> list[str]:
    """What keeps the guard from holding, but for conditions over asked fields, which the caller can still
    fill.
    """
    guard, locale = transition.guard, batch.context.principal.locale
    wanted = item.old | {workflow.field: transition.declaration.target}
    if guard is None or batch.stored.holds(guard, wanted, item.old):
        return []
    missing = [
        part
        for part in parts(guard)
        if not batch.stored.holds(part, wanted, item.old) and not _asked(batch, transition, part)
    ]
    if not missing:
        return []
    message = transition.declaration.message
    told = [text_of(message, locale)] if message else []
    return told + told_unmet(batch.model, batch.entity, guard, missing, locale)


def _asked(batch: Batch, transition: Transition, part: Rule) -> bool:
    reads = part.expression.reads
    return any((batch.entity.name, name) in reads for name in transition.declaration.ask)


def _missing(batch: Batch, item: Item, workflow: Workflow, transition: Transition) -> list[str]:
    """The fields that the target state requires, that are empty, and that the transition does not ask for."""
    target = workflow.states.get(transition.declaration.target)
    names = [name for name in target.required if name not in transition.declaration.ask] if target else []
    fields = [batch.entity.fields[name] for name in names if name in batch.entity.fields]
    locale = batch.context.principal.locale
    return [f"{field_label(f, locale)} is required." for f in fields if item.old.get(f.name) in NOTHING]
