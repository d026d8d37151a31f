"""Changing or deleting many records at once, batch by batch: what is refused is told, the rest is done.

Each batch is a transaction of its own and costs a constant number of statements, however many records it has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.grants import ADMIN
from fieldstone.context import Context
from fieldstone.errors import FieldstoneError, Forbidden
from fieldstone.records import loading, operations
from fieldstone.records.batch import Batch, Item, find_entity
from fieldstone.records.halving import in_parts
from fieldstone.records.listing import list_records
from fieldstone.records.query import Query
from fieldstone.records.row_outcomes import Step, changing, removing
from fieldstone.records.rows import Lock

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
    """What became of many records. reasons: why records were refused, and how many for that reason.

    operation: by which all of it can be undone.
    """

    changed: int = 0
    unchanged: int = 0
    reasons: Mapping[str, int] | None = None
    operation: UUID | None = None

    @property
    def refused(self) -> int:
        """How many were refused."""
        return sum((self.reasons or {}).values())

    def __add__(self, other: Outcome) -> Outcome:
        """Both together."""
        reasons = Counter(self.reasons or {}) + Counter(other.reasons or {})
        changed, unchanged = self.changed + other.changed, self.unchanged + other.unchanged
        return Outcome(changed, unchanged, dict(reasons), self.operation or other.operation)


def update_many(context: Context, entity: str, selection: Selection, values: Mapping[str, Any]) -> Outcome:
    """Give many records the same values, in the API's form; a value for the state is the transition to it.

    Raises:
        NotFound: there is no such entity. Forbidden: a query needs the capability `bulk_edit`.
        Malformed: the query cannot be read. Unavailable: the database is gone; batches before stay done.
    """

    def change(versions: loading.Versions) -> Step:
        return changing([values] * len(versions), lambda batch: loading.load(batch, versions))

    return _each(context, entity, selection, change)


def delete_many(context: Context, entity: str, selection: Selection) -> Outcome:
    """Move many records to the recycle bin. Raises as `update_many`."""

    def remove(versions: loading.Versions) -> Step:
        return removing(lambda batch: loading.load(batch, versions, Lock.REMOVED))

    return _each(context, entity, selection, remove)


Work = Callable[[loading.Versions], Step]
Pair = tuple[UUID, int | None]
"""A record with the version that the caller saw."""


def _each(context: Context, entity: str, selection: Selection, work: Work) -> Outcome:
    find_entity(context, entity)
    context = operations.begin(context, operations.BULK, entity)
    outcome = Outcome(operation=context.operation)
    for picked in _batches(context, entity, selection):
        pairs = list(zip(picked.ids, picked.versions, strict=True))
        parts = in_parts(pairs, partial(_run, context, entity, work), _refused, max(len(pairs) // _PARTS, 1))
        outcome = sum(parts, outcome)
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


def _refused(pairs: Sequence[Pair], error: FieldstoneError) -> Outcome:
    return Outcome(reasons={error.message: len(pairs)})


def _run(context: Context, entity: str, work: Work, pairs: Sequence[Pair]) -> Outcome:
    def transaction(connection: sa.Connection) -> Outcome:
        items = [Item(position, id_) for position, (id_, _) in enumerate(pairs)]
        batch = Batch(context, connection, find_entity(context, entity), items, partial=True)
        work([version for _, version in pairs])(batch)
        return _told(batch, len(items))

    return context.database.run_write(context.model.version, transaction)


def _told(batch: Batch, total: int) -> Outcome:
    reasons: dict[int, str] = {}
    for refusal in batch.refusals.found:
        reasons.setdefault(refusal.error.record, refusal.error.message)
    changed = sum(item.position not in reasons for item in batch.items)
    return Outcome(changed, total - changed - len(reasons), dict(Counter(reasons.values())))
