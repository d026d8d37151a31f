"""Changing or deleting many records at once, batch by batch: what is refused is told, the rest is done.

Each batch is a transaction of its own and costs a constant number of statements, however many records it has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.grants import ADMIN
from fieldstone.context import Context
from fieldstone.errors import FieldstoneError, Forbidden, Unavailable
from fieldstone.records import loading, referrers, saving, state_changes, uniqueness
from fieldstone.records.batch import Batch, Item, find_entity
from fieldstone.records.delete import remove
from fieldstone.records.labels import entity_label, text_of
from fieldstone.records.listing import list_records
from fieldstone.records.query import Query
from fieldstone.records.rows import Lock
from fieldstone.records.update import check_and_merge, read_sent

CAPABILITY = "bulk_edit"
BATCH = 500
_PARTS = 32
"""A batch that is refused as a whole is tried again in halves, but never in more parts than these."""


@dataclass(frozen=True)
class Picked:
    """Some records by their ids. versions: those that the caller saw, None for any."""

    ids: Sequence[UUID]
    versions: Sequence[int | None] = ()


Selection = Picked | Query
"""Picked records, or all that a query asks for (its order, limit and cursor do not matter)."""


@dataclass(frozen=True)
class Outcome:
    """What became of many records. reasons: why records were refused, and how many for that reason."""

    changed: int = 0
    unchanged: int = 0
    reasons: Mapping[str, int] | None = None

    @property
    def refused(self) -> int:
        """How many were refused."""
        return sum((self.reasons or {}).values())

    def __add__(self, other: Outcome) -> Outcome:
        """Both together."""
        reasons = Counter(self.reasons or {}) + Counter(other.reasons or {})
        return Outcome(self.changed + other.changed, self.unchanged + other.unchanged, dict(reasons))


def update_many(context: Context, entity: str, selection: Selection, values: Mapping[str, Any]) -> Outcome:
    """Give many records the same values, in the API's form; a value for the state is the transition to it.

    Raises:
        NotFound: there is no such entity. Forbidden: a query needs the capability `bulk_edit`.
        Malformed: the query cannot be read. Unavailable: the database is gone; batches before stay done.
    """

    def change(batch: Batch, versions: Sequence[int | None]) -> None:
        loading.load(batch, versions)
        read_sent(batch, [values] * len(versions))
        state_changes.choose(batch)
        batch.items = list(batch.accepted)
        check_and_merge(batch)
        saving.judge(batch)
        batch.items = [item for item in batch.items if saving.is_changed(batch.entity, item)]
        uniqueness.check(batch)
        saving.settle(batch)
        saving.change(batch)

    return _each(context, entity, selection, change)


def delete_many(context: Context, entity: str, selection: Selection) -> Outcome:
    """Move many records to the recycle bin. Raises as `update_many`."""

    def change(batch: Batch, versions: Sequence[int | None]) -> None:
        loading.load(batch, versions, Lock.REMOVED)
        batch.rights.check_delete(batch)
        _leave_out_held(batch)
        saving.settle(batch)
        if batch.items:
            remove(batch)

    return _each(context, entity, selection, change)


Work = Callable[[Batch, Sequence[int | None]], None]


def _each(context: Context, entity: str, selection: Selection, work: Work) -> Outcome:
    find_entity(context, entity)
    outcome = Outcome()
    for picked in _batches(context, entity, selection):
        outcome += _attempt(context, entity, picked, work, max(len(picked.ids) // _PARTS, 1))
    return outcome


def _batches(context: Context, entity: str, selection: Selection) -> Iterator[Picked]:
    """The selection in batches. A query is read along the ids, which no change of the records disturbs."""
    if isinstance(selection, Picked):
        versions = selection.versions or [None] * len(selection.ids)
        for start in range(0, len(selection.ids), BATCH):
            yield Picked(selection.ids[start : start + BATCH], versions[start : start + BATCH])
        return
    _require_capability(context)
    query = replace(selection, fields=("id",), order=("id",), limit=BATCH, cursor=None, count="none")
    while True:
        page = list_records(context, entity, query)
        if page.data:
            yield Picked([UUID(record["id"]) for record in page.data], [None] * len(page.data))
        if page.next is None:
            return
        query = replace(query, cursor=page.next)


def may_act_on_all(context: Context) -> bool:
    """Whether the caller may change all records of a query at once."""
    return CAPABILITY in context.principal.capabilities or ADMIN in context.principal.roles


def _require_capability(context: Context) -> None:
    if not may_act_on_all(context):
        reason = f"Changing all records of a list at once needs the capability {CAPABILITY}."
        raise Forbidden(f"{reason} Pick the records instead.", details={"reason": reason})


def _attempt(context: Context, entity: str, picked: Picked, work: Work, smallest: int) -> Outcome:
    """One batch; if it is refused as a whole, its halves, down to a size."""
    try:
        return _run(context, entity, picked, work)
    except Unavailable:
        raise
    except FieldstoneError as error:
        if len(picked.ids) <= smallest:
            return Outcome(reasons={error.message: len(picked.ids)})
    middle = len(picked.ids) // 2
    first = Picked(picked.ids[:middle], picked.versions[:middle])
    rest = Picked(picked.ids[middle:], picked.versions[middle:])
    return _attempt(context, entity, first, work, smallest) + _attempt(context, entity, rest, work, smallest)


def _run(context: Context, entity: str, picked: Picked, work: Work) -> Outcome:
    def transaction(connection: sa.Connection) -> Outcome:
        items = [Item(position, id_) for position, id_ in enumerate(picked.ids)]
        batch = Batch(context, connection, find_entity(context, entity), items, partial=True)
        work(batch, picked.versions)
        return _told(batch, len(items))

    return context.database.run_write(context.model.version, transaction)


def _told(batch: Batch, total: int) -> Outcome:
    reasons: dict[int, str] = {}
    for refusal in batch.refusals.found:
        reasons.setdefault(refusal.error.record, refusal.error.message)
    changed = sum(item.position not in reasons for item in batch.items)
    return Outcome(changed, total - changed - len(reasons), dict(Counter(reasons.values())))


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
