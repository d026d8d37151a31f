"""Rows on their way through a save: each is accounted for, and those that are refused hold up no others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from fieldstone.errors import FieldError, FieldstoneError, Invalid
from fieldstone.records import referrers, saving, state_changes, uniqueness
from fieldstone.records.approvals.needing import refuse_unapproved
from fieldstone.records.batch import Batch, Item
from fieldstone.records.create import prepare
from fieldstone.records.delete import remove
from fieldstone.records.labels import entity_label, text_of
from fieldstone.records.refusals import KINDS, Refusal, Refusals
from fieldstone.records.update import check_and_merge, read_sent

CREATED, UPDATED, UNCHANGED, DELETED, REFUSED = "created", "updated", "unchanged", "deleted", "refused"

Values = Mapping[str, Any]
Step = Callable[[Batch], str]
"""Takes a batch through its save, leaving in it what was written, and says what that was: `created`…"""


@dataclass(frozen=True)
class RowOutcome:
    """What became of a row. action: one of the words above; a refused row has `errors`.

    status: what HTTP calls it: 200, 201, or that of the gravest refusal.
    """

    action: str
    id: UUID | None = None
    version: int | None = None
    errors: tuple[FieldError, ...] = ()
    status: int = 200


def refused(error: FieldstoneError) -> RowOutcome:
    """The outcome of a row that ended in an error."""
    entries = error.errors or (FieldError(None, error.code, error.message),)
    return RowOutcome(REFUSED, errors=entries, status=error.status)


def is_taken(outcome: RowOutcome, key: Collection[str]) -> bool:
    """Whether a row was refused because another record has a value of its key."""
    return any(error.code == uniqueness.TAKEN and error.field in key for error in outcome.errors)


def run(template: Batch, ids: Mapping[int, UUID], step: Step) -> dict[int, RowOutcome]:
    """Take the rows at some positions through a save. ids: position → the record that the row means.

    Gives position → what became of it.
    """
    if not ids:
        return {}
    items = [Item(position, id_) for position, id_ in ids.items()]
    batch = replace(template, items=list(items), refusals=Refusals(), lines=[], removed=[], restored=[])
    action = step(batch)
    written = {item.position for item in batch.items}
    refusals = _by_position(batch)
    return {item.position: _outcome(item, action, written, refusals) for item in items}


def _outcome(
    item: Item, action: str, written: set[int], refusals: Mapping[int, Sequence[Refusal]]
) -> RowOutcome:
    found = refusals.get(item.position)
    if found:
        kinds = {refusal.kind for refusal in found}
        gravest = next((kind for kind in KINDS if kind in kinds), Invalid)
        return RowOutcome(REFUSED, errors=tuple(refusal.error for refusal in found), status=gravest.status)
    if action == DELETED:
        return RowOutcome(DELETED, item.id, item.old["version"] + 1)
    done = action if item.position in written else UNCHANGED
    return RowOutcome(done, item.id, item.new["version"], status=201 if done == CREATED else 200)


def _by_position(batch: Batch) -> dict[int, list[Refusal]]:
    found: dict[int, list[Refusal]] = {}
    for refusal in batch.refusals.found:
        found.setdefault(refusal.error.record, []).append(refusal)
    return found


def creating(values: Mapping[int, Values], *, write: bool = True) -> Step:
    """The step that creates records. values: position → what was sent."""

    def step(batch: Batch) -> str:
        prepare(batch, [values[item.position] for item in batch.items])
        saving.judge(batch)
        uniqueness.check(batch)
        saving.settle(batch)
        if write and batch.items:
            saving.insert(batch)
        return CREATED

    return step


def changing(
    values: Mapping[int, Values] | Sequence[Values], load: Callable[[Batch], None], *, write: bool = True
) -> Step:
    """The step that changes records. load: loads and locks them, and refuses those that are not there."""

    def step(batch: Batch) -> str:
        load(batch)
        read_sent(batch, values)
        state_changes.choose(batch)
        batch.items = list(batch.accepted)
        check_and_merge(batch)
        saving.judge(batch)
        refuse_unapproved(batch)
        batch.items = [item for item in batch.items if saving.is_changed(batch.entity, item)]
        uniqueness.check(batch)
        saving.settle(batch)
        if write and batch.items:
            saving.change(batch)
        return UPDATED

    return step


def removing(load: Callable[[Batch], None]) -> Step:
    """The step that moves records to the recycle bin. load: as for `changing`, with `Lock.REMOVED`."""

    def step(batch: Batch) -> str:
        load(batch)
        batch.rights.check_delete(batch)
        _leave_out_held(batch)
        saving.settle(batch)
        if batch.items:
            # What was refused so far is no reason to stop for the others.
            remove(replace(batch, refusals=Refusals()))
        return DELETED

    return step


def given(row: Values) -> Values:
    """What a row has values for: a new record takes its defaults for all else."""
    return {name: value for name, value in row.items() if value is not None}


def without(row: Values, names: Sequence[str]) -> Values:
    """The row but some names, such as those of its key."""
    return {name: value for name, value in row.items() if name not in names}


def _leave_out_held(batch: Batch) -> None:
    """Refuse records that others refer to and hold, with one statement for the whole batch."""
    held = referrers.holding(batch.connection, batch.model, batch.entity.name, [i.id for i in batch.accepted])
    locale = batch.context.principal.locale
    for item in batch.accepted:
        found = held.get(item.id)
        if found is not None:
            entity, count = found
            kind = entity_label(entity, locale) if count == 1 else text_of(entity.plural, locale)
            message = f"Still referred to by {kind}. Change those first."
            batch.refuse(item, None, "still_referenced", message)
