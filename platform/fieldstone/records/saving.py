"""The order of a save, as rules.md publishes it, for creating and changing records.

Each step looks at the whole batch and collects what it refuses; what is not allowed is told before what is
wrong.
"""

from __future__ import annotations

from fieldstone.model.model import Entity
from fieldstone.records import (
    formulas,
    guards,
    links,
    mentions,
    money,
    notifying,
    references,
    saved_views,
    sequences,
    trees,
    validation,
)
from fieldstone.records.batch import Batch, Item
from fieldstone.records.journal import (
    CREATE,
    IMPORT,
    TRANSITION,
    UPDATE,
    Entry,
    changed_fields,
    changes_between,
    differs,
    journal,
)
from fieldstone.records.kept.follow import follow
from fieldstone.records.kept.walks import Changed
from fieldstone.records.rows import SEARCH, Values, to_columns
from fieldstone.records.rules import following
from fieldstone.records.writing import Part, inserting, updating, write

_ALWAYS = frozenset({"id", "version", "updated_at", "updated_by"})


def judge(batch: Batch) -> None:
    """Everything between the record as the caller wants it and its write; raises what was refused.

    In a partial batch the refused records are left out instead.
    """
    mentions.find(batch)
    references.check(batch)
    money.check_currency(batch)
    money.settle_amounts(batch)
    formulas.compute(batch)
    validation.check_visible(batch)
    batch.rights.check_wanted(batch)
    following.before(batch)
    money.check_rates(batch)
    formulas.compute(batch)
    validation.check_required(batch)
    validation.check_fields(batch)
    saved_views.check(batch)
    following.validate(batch)
    guards.check(batch)
    trees.check(batch)
    settle(batch)


def settle(batch: Batch) -> None:
    """Raise what was refused; in a partial batch, go on with the other records."""
    batch.settle()


def insert(batch: Batch) -> None:
    """Write new records with their links, history and outbox."""
    if sequences.numbered(batch):
        sequences.number(batch)
        formulas.compute(batch)
        settle(batch)
    if batch.items:
        following.write_and_follow(batch, lambda: _write_new(batch))
        notifying.tell(batch)


def _write_new(batch: Batch) -> None:
    new_rows = _with_search_texts(batch, [to_columns(batch.entity, item.new) for item in batch.items])
    parts = [inserting(batch.entity, new_rows), *links.parts(batch), _journal(batch)]
    write(batch.connection, batch.model, parts)
    _follow(batch)


def change(batch: Batch) -> None:
    """Write those records that changed, with their links, history and outbox."""
    batch.items = [item for item in batch.items if is_changed(batch.entity, item)]
    if not batch.items:
        following.nothing_to_write(batch)
        return
    for item in batch.items:
        item.new |= {"version": item.old["version"] + 1, "updated_at": batch.context.now}
        item.new["updated_by"] = batch.actor
    formulas.compute_stamped(batch)
    following.write_and_follow(batch, lambda: _write_changed(batch))
    notifying.tell(batch)


def _write_changed(batch: Batch) -> None:
    parts = [updating(batch.entity, _changed_columns(batch)), *links.parts(batch), _journal(batch)]
    write(batch.connection, batch.model, parts)
    _follow(batch)


def _follow(batch: Batch) -> None:
    """Bring up to date what is kept of other records and follows from these."""
    written = {batch.entity.name: [Changed(item.id, item.old, item.new) for item in batch.items]}
    follow(batch.context, batch.connection, written, computed=True, opened=batch.run.open)


def is_changed(entity: Entity, item: Item) -> bool:
    """Whether a save would change anything that a reader can see."""
    return bool(changed_fields(entity, item.old, item.new))


def _with_search_texts(batch: Batch, rows: list[Values]) -> list[Values]:
    texts = formulas.search_texts(batch)
    return rows if texts is None else [row | {SEARCH: text} for row, text in zip(rows, texts, strict=True)]


def _changed_columns(batch: Batch) -> list[Values]:
    """The rows of an update: those columns that change in any of the records."""
    pairs = [(to_columns(batch.entity, item.old), to_columns(batch.entity, item.new)) for item in batch.items]
    changed = {name for old, new in pairs for name in new if differs(old[name], new[name])} | _ALWAYS
    ordered = [name for name in pairs[0][1] if name in changed]
    return _with_search_texts(batch, [{name: new[name] for name in ordered} for _, new in pairs])


def _journal(batch: Batch) -> Part:
    return journal(batch.context, [_entry(batch, item) for item in batch.items])


def _entry(batch: Batch, item: Item) -> Entry:
    return Entry(
        entity=batch.entity.name,
        record=item.id,
        version=item.new["version"],
        action=_action(batch, item),
        changes=changes_between(batch.entity, item.old, item.new),
        transition=item.transition.name if item.transition else None,
        note=_note(batch, item),
    )


def _note(batch: Batch, item: Item) -> str | None:
    """What the history adds where rules set fields of the record."""
    if not item.rules:
        return None
    told = f"rule {', '.join(item.rules)}"
    return f"{batch.context.note}; {told}" if batch.context.note else told


def _action(batch: Batch, item: Item) -> str:
    if batch.imported:
        return IMPORT
    if item.is_new:
        return CREATE
    return TRANSITION if item.transition else UPDATE
