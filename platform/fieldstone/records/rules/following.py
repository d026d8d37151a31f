"""The places of rules in a save: before the write, beside the checks, and after the write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fieldstone.errors import Invalid
from fieldstone.records import money, references
from fieldstone.records.journal import differs
from fieldstone.records.rules import writes
from fieldstone.records.rules.compiled import TriggerRule, rules_of
from fieldstone.records.rules.execution import Execution
from fieldstone.records.rules.transaction import Place, RuleFailed
from fieldstone.records.rules.validations import check
from fieldstone_rules.rule_files.declarations import Event
from fieldstone_rules.types import Ref

if TYPE_CHECKING:
    from fieldstone.records.batch import Batch, Item
    from fieldstone.records.rows import Values

_BOOKKEEPING = frozenset({"version", "updated_at", "updated_by"})
Events = Sequence[tuple[Event, str | None]]


def before(whole: Batch) -> None:
    """Run the triggers that may still set fields of the records, of those inside others first."""
    _begin(whole)
    for one in whole.together:
        _open(one)
    for one in whole.together:
        _before(one)


def _before(batch: Batch) -> None:
    rules = rules_of(batch.model, batch.entity.name)
    setting = False
    for rule in rules.before:
        setting |= _run(batch, rule, [item for item in batch.accepted if _is_saved(item)])
    if setting:
        references.check(batch)
    if rules.before:
        money.check_currency(batch)
        money.settle_amounts(batch)


def validate(batch: Batch) -> None:
    """Check the validations that need no collections."""
    check(batch, rules_of(batch.model, batch.entity.name).early)


def write_and_follow(whole: Batch, write: Callable[[], None]) -> None:
    """Write the records of a batch and what lives inside them, and do what rules do after that.

    In a partial batch the records that a rule refuses then are left out, and the others are written again.
    """
    nothing_to_write(whole)
    for one in whole.together:
        _open(one)  # without the records that were refused
    if not any(rules_of(one.model, one.entity.name).any_after for one in whole.together):
        write()
    elif not whole.partial:
        write()
        _follow(whole)
    else:
        _write_partly(whole, write)
    nothing_to_write(whole)


def nothing_to_write(whole: Batch) -> None:
    """End a save that found its records as they are stored."""
    for one in reversed(whole.together):
        _close(one)


def _write_partly(batch: Batch, write: Callable[[], None]) -> None:
    run = batch.run
    while batch.items:
        seen, pending = dict(run.seen), dict(run.pending)
        savepoint = batch.connection.begin_nested()
        try:
            write()
            _follow(batch)
        except Invalid as error:
            savepoint.rollback()
            run.seen, run.pending = seen, pending
            _leave_out(batch, error)
        else:
            savepoint.commit()
            return


def _leave_out(batch: Batch, error: Invalid) -> None:
    """Go on without the records that were refused; an error that blames none of them is not to be helped."""
    if isinstance(error, RuleFailed):
        refused = error.errors[0]
        batch.refusals.add(refused.record, refused.field, refused.code, refused.message)
    before = sum(len(one.items) for one in batch.together)
    batch.settle()
    if sum(len(one.items) for one in batch.together) == before:
        raise error


def _follow(whole: Batch) -> None:
    for one in whole.together:
        _write_pending(one)
    for one in whole.together:
        check(one, rules_of(one.model, one.entity.name).late)
    _raise_for(whole)
    for one in whole.together:
        for rule in rules_of(one.model, one.entity.name).after:
            _run(one, rule, one.items)
            _raise_for(whole)
        one.pending.clear()


def _raise_for(batch: Batch) -> None:
    """Stop if one of the records that are being written is refused."""
    if not batch.partial:
        batch.refusals.raise_if_any()
    elif any(one.refusals.concern(item.position) for one in batch.together for item in one.items):
        raise Invalid("A rule refused a record.")


def _write_pending(batch: Batch) -> None:
    """Write what triggers set on other records before the write, rule by rule."""
    items = {id(item) for item in batch.items}
    waiting = [one for one in batch.pending if id(one.item) in items]
    for rule in dict.fromkeys(one.place.rule for one in waiting):
        changes: dict[Ref, Values] = {}
        place = Place(rule, 0)
        for one in waiting:
            if one.place.rule == rule:
                changes.setdefault(one.record, {})[one.field] = one.value
                place = one.place
        batch.run.enter(place)
        writes.update(batch, place, changes)
        batch.run.leave()
    for one in batch.pending:
        batch.run.pending.pop(one.record, None)


# ---- deleting


def before_delete(batch: Batch) -> None:
    """Run the triggers that may refuse a deletion."""
    rules = rules_of(batch.model, batch.entity.name)
    _begin(batch)
    _open(batch)
    for rule in rules.before:
        _run(batch, rule, batch.items, deleting=True)
    batch.refusals.raise_if_any()


def after_delete(batch: Batch) -> None:
    """Run the triggers that follow a deletion."""
    rules = rules_of(batch.model, batch.entity.name)
    _write_pending(batch)
    for rule in rules.after:
        _run(batch, rule, batch.items, deleting=True)
        batch.refusals.raise_if_any()
    batch.pending.clear()
    _close(batch)


# ---- which rules, which records


def _begin(batch: Batch) -> None:
    """Forget what an earlier round of an import refused."""
    if batch.run.depth == 0:
        batch.run.open.clear()
        batch.run.pending.clear()
    for one in batch.together:
        one.pending = []


def _is_followed(batch: Batch) -> bool:
    """Whether rules have to see what becomes of the records of a save, or others saved together with them."""
    rules = rules_of(batch.model, batch.entity.name)
    together = bool(batch.lines or batch.moved or batch.outside)
    return rules.any_after or bool(rules.early) or together


def _open(batch: Batch) -> None:
    if _is_followed(batch):
        opened = {Ref(one.entity.name, i.id): i for one in (batch, *batch.moved) for i in one.items}
        batch.outer = {ref: batch.run.open.get(ref) for ref in opened}
        batch.run.open |= opened


def _close(batch: Batch) -> None:
    if not _is_followed(batch):
        return
    outer, batch.outer = batch.outer, {}
    for ref, item in outer.items():
        if item is None:
            batch.run.open.pop(ref, None)
        else:
            batch.run.open[ref] = item


def _run(batch: Batch, rule: TriggerRule, items: Sequence[Item], *, deleting: bool = False) -> bool:
    """Run a trigger for the records whose event it waits for; whether it set references of theirs."""
    events = _deletion if deleting else _saving
    chosen = [item for item in items if rule.waits_for(events(item)) and _is_due(batch, rule, item)]
    if not chosen:
        return False
    execution = Execution(batch, rule)
    execution.run(chosen)
    return execution.sets_references


def _saving(item: Item) -> Events:
    events: list[tuple[Event, str | None]] = [(Event.SAVE, None)]
    events.append((Event.CREATE if item.is_new else Event.UPDATE, None))
    if item.transition is not None:
        events.append((Event.TRANSITION, item.transition.name))
    return events


def _deletion(_item: Item) -> Events:
    return [(Event.DELETE, None)]


def _is_saved(item: Item) -> bool:
    """Whether a save has anything to write for a record."""
    return (
        item.is_new
        or item.inside
        or any(differs(item.old.get(name), value) for name, value in item.new.items())
    )


def _is_due(batch: Batch, rule: TriggerRule, item: Item) -> bool:
    """The same rule runs on the same record again only if a field it watches changed again."""
    record = item.new or item.old
    names = rule.watched or sorted(name for name in record if name not in _BOOKKEEPING)
    marks = tuple(repr(record.get(name)) for name in names)
    key = (rule.name, Ref(batch.entity.name, item.id))
    if batch.run.seen.get(key) == marks:
        return False
    batch.run.seen[key] = marks
    return True
