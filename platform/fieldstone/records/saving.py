"""The order of a save, as rules.md publishes it, for creating and changing records.

Each step looks at the whole batch and collects what it refuses; what is not allowed is told before what is
wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from fieldstone.access.stored_shares import follow_rights
from fieldstone.database.failures import DRIVER_ERRORS
from fieldstone.model.model import Entity
from fieldstone.records import (
    attaching,
    duplicates,
    formulas,
    guards,
    links,
    mentions,
    money,
    notifying,
    picked_inside,
    references,
    saved_views,
    saving_links,
    sequences,
    time_limits,
    trees,
    uniqueness,
    validation,
)
from fieldstone.records.approvals.following import follow_changes as follow_requests
from fieldstone.records.batch import Batch, Item
from fieldstone.records.delete import Removal
from fieldstone.records.inside import family
from fieldstone.records.inside.told import changes_inside
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
from fieldstone.records.restore import Revival
from fieldstone.records.rows import SEARCH, Values, to_columns
from fieldstone.records.rules import following
from fieldstone.records.writing import Part, inserting, updating, write

_ALWAYS = frozenset({"id", "version", "updated_at", "updated_by"})


def judge(batch: Batch) -> None:
    """Everything between the record as the caller wants it and its write; raises what was refused.

    In a partial batch the refused records are left out instead. What lives inside others is judged together
    with those, each step for the records inside before the ones around them.
    """
    whole = family.whole(batch)
    saving_links.prepare(whole)
    _each(whole, attaching.check_files, mentions.find, attaching.check)
    _each(whole, references.check, picked_inside.check, money.check_currency)
    family.share_currency(whole)
    _each(whole, money.settle_amounts, formulas.compute, validation.check_visible)
    _each(whole, lambda one: one.rights.check_wanted(one))
    following.before(whole)
    family.share_currency(whole)
    _each(whole, money.settle_amounts, money.check_rates, formulas.compute)
    _each(whole, validation.check_required, validation.check_options, validation.check_fields)
    _each(whole, saved_views.check)
    _each(whole, following.validate, guards.check, trees.check, duplicates.check)
    whole.settle()


def _each(whole: Batch, *steps: Callable[[Batch], None]) -> None:
    for step in steps:
        for one in whole.together:
            if one.items:
                step(one)


def settle(batch: Batch) -> None:
    """Raise what was refused; in a partial batch, go on with the other records."""
    batch.settle()


def insert(batch: Batch) -> None:
    """Write new records with what lives inside them, their links, history and outbox."""
    _save(batch.outermost)


def change(batch: Batch) -> None:
    """Write those records that changed, or inside which one did, with their links, history and outbox."""
    _save(batch.outermost)


def _save(whole: Batch) -> None:
    _keep_changed(whole)
    if not whole.items:
        following.nothing_to_write(whole)
        return
    for one in whole.together:
        _number_or_stamp(one)
    whole.settle()
    following.write_and_follow(whole, lambda: _write(whole))
    for one in whole.together:
        notifying.tell(one)


def _keep_changed(whole: Batch) -> None:
    """Go on with the records that are new or changed, and with those around such ones."""
    for one in whole.together:
        around = {item.outside for inside in (*one.lines, *one.moved) for item in inside.items}
        for item in one.items:
            item.inside = item in around
        one.items = [item for item in one.items if item.is_new or is_changed(one.entity, item)]


def _number_or_stamp(batch: Batch) -> None:
    """Give new records their numbers, and changed ones their version."""
    fresh = [item for item in batch.items if item.is_new]
    if fresh and sequences.numbered(batch):
        sequences.number(batch)
        formulas.compute(batch)
    if len(fresh) < len(batch.items):
        for item in batch.items:
            item.new |= {"version": item.old["version"] + 1, "updated_at": batch.context.now}
            item.new["updated_by"] = batch.actor
        formulas.compute_stamped(batch)


def _write(whole: Batch) -> None:
    groups = [one for one in whole.together if one.items]
    _move(whole)
    parts = [*_rows(groups), *_links(groups), _journal(whole, groups)]
    try:
        write(whole.connection, whole.model, parts)
    except DRIVER_ERRORS as error:
        taken = uniqueness.taken(groups, error)
        if taken is None:
            raise
        raise taken from error
    for one in groups:
        attaching.write_files(one)
    for one in groups:
        time_limits.follow_changes(one)
        follow_requests(one)
    _follow(whole, groups)


def _move(whole: Batch) -> None:
    """Take what is removed inside records to the recycle bin, and what is restored out of it.

    It comes first, so that the history tells of the records around these last, and an undo begins with them.
    What is kept of those was computed with all that is saved: in between it follows from a part of that only.
    """
    judged = [(item, dict(item.new)) for one in whole.together for item in one.items]
    removed = [one for around in whole.together for one in around.removed]
    for one in whole.all_moved:
        if one.items:
            move = Removal(one) if one in removed else Revival(one)
            move.prepare()
            move.write()
    for item, values in judged:
        item.new.update(values)


def _rows(groups: Sequence[Batch]) -> Iterator[Part]:
    """The part of a write that concerns rows: one for all new records of an entity, and one for all changed.

    The records of a batch are all new, or none is.
    """
    kinds: dict[tuple[str, bool], list[Batch]] = {}
    for one in groups:
        kinds.setdefault((one.entity.name, one.items[0].is_new), []).append(one)
    for (name, is_new), batches in kinds.items():
        entity = batches[0].model.entities[name]
        if is_new:
            rows = [to_columns(entity, item.new) for one in batches for item in one.items]
            yield inserting(entity, _with_search_texts(batches, rows))
        else:
            yield updating(entity, _changed_columns(entity, batches))


def _links(groups: Sequence[Batch]) -> Iterator[Part]:
    """New and changed records of an entity share the clauses for its links."""
    for entity in dict.fromkeys(one.entity for one in groups):
        yield from links.parts(entity, [item for one in groups if one.entity is entity for item in one.items])


def _follow(whole: Batch, groups: Sequence[Batch]) -> None:
    """Bring up to date what is kept of other records and follows from these."""
    written: dict[str, list[Changed]] = {}
    for one in groups:
        changed = [Changed(item.id, item.old, item.new) for item in one.items]
        written.setdefault(one.entity.name, []).extend(changed)
    follow(whole.context, whole.connection, written, computed=True, opened=whole.run.open)
    follow_rights(whole.connection, whole.model, written)


def is_changed(entity: Entity, item: Item) -> bool:
    """Whether a save would change anything that a reader can see, in the record or inside it."""
    return item.inside or bool(changed_fields(entity, item.old, item.new))


def _with_search_texts(batches: Sequence[Batch], rows: list[Values]) -> list[Values]:
    texts = formulas.search_texts(batches)
    return rows if texts is None else [row | {SEARCH: text} for row, text in zip(rows, texts, strict=True)]


def _changed_columns(entity: Entity, batches: Sequence[Batch]) -> list[Values]:
    """The rows of an update: those columns that change in any of the records."""
    items = [item for one in batches for item in one.items]
    pairs = [(to_columns(entity, item.old), to_columns(entity, item.new)) for item in items]
    changed = {name for old, new in pairs for name in new if differs(old[name], new[name])} | _ALWAYS
    ordered = [name for name in pairs[0][1] if name in changed]
    return _with_search_texts(batches, [{name: new[name] for name in ordered} for _, new in pairs])


def _journal(whole: Batch, groups: Sequence[Batch]) -> Part:
    """Links come last, so that an undo begins with them: until they are gone, they hold what they link."""
    ordered = sorted(groups, key=lambda one: one.outside is not None and one.entity.parent is None)
    return journal(whole.context, [_entry(one, item) for one in ordered for item in one.items])


def _entry(batch: Batch, item: Item) -> Entry:
    return Entry(
        entity=batch.entity.name,
        record=item.id,
        version=item.new["version"],
        action=_action(batch, item),
        changes={**changes_between(batch.entity, item.old, item.new), **changes_inside(batch, item)},
        transition=item.transition.name if item.transition else None,
        note=_note(batch, item),
        cause=_cause(batch, item),
    )


def _cause(batch: Batch, item: Item) -> UUID | None:
    """The record inside which a new one came, and with which it goes where its creation is undone."""
    together = batch.entity.parent is not None and item.outside is not None and item.outside.is_new
    return item.outside.id if together and item.outside is not None else None


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
