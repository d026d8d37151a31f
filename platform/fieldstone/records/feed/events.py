"""Reading the feed as a caller: each change with the record as the caller may read it now."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from fieldstone.access.grants import access
from fieldstone.access.stored_shares import standing_shares
from fieldstone.context import Context
from fieldstone.errors import Expired
from fieldstone.model.model import Entity
from fieldstone.records.feed import leaving, places
from fieldstone.records.history import instant
from fieldstone.records.query import malformed
from fieldstone.records.reading import get_many_json

GONE = "gone"


@dataclass(frozen=True)
class FeedPage:
    """Some events as JSON texts, and the place of the last one that was looked at, from which to go on.

    rights: another text as soon as the caller has other rights, of which the feed has no events.
    """

    data: Sequence[bytes]
    next: int
    rights: str


def events(
    context: Context, after: int | None, *, limit: int = 100, entities: Sequence[str] | None = None
) -> FeedPage:
    """The changes behind a place, in their order; at most `limit` are looked at.

    after: the place of the last one that is known; None for the oldest one kept. entities: only theirs.

    Each has `id` (its place), `at`, `entity`, `record`, `action`, `version`, `actor`, `operation`, and in
    `data` the record as the caller may read it now. Where a record left the caller's sight there is only
    `id`, `entity`, `record` and the action `gone`. Records that the caller could not read are left out.

    Raises:
        Expired: what came behind that place is kept no longer. Malformed: the feed never came that far.
    """
    extent = places.extend(context.database, context.now)
    start = extent.before if after is None else after
    if start < extent.before:
        message = "The changes behind this place are kept no longer."
        raise Expired(
            f"{message} Read everything anew, then go on from the end.",
            details={"first": extent.before, "last": extent.last},
        )
    if start > extent.last:
        message = f"The feed ends at {extent.last}; it never came as far as {start}."
        raise malformed("after", "bad_cursor", message)
    found = _found(context, start, limit, entities)
    told = _Telling(context, found).told()
    # Others may have given places since they were counted; what has been told is not told again.
    seen = found[-1].place if found else after or 0
    return FeedPage(told, seen if len(found) == limit else max(seen, extent.last), _rights(context))


def end(context: Context) -> FeedPage:
    """No events, and the end of the feed as it is now."""
    return FeedPage((), places.extend(context.database, context.now).last, _rights(context))


def _rights(context: Context) -> str:
    """What the caller's rights follow from, in short; of shares, what ends without an event."""
    principal = context.principal
    limits = principal.limits
    with context.database.read() as connection:
        shared = standing_shares(connection, context.model, principal, context.now)
    basis = (
        context.model.version,
        principal.user,
        sorted(principal.roles),
        sorted(principal.teams),
        sorted(principal.teams_above),
        limits and (limits.entities and sorted(limits.entities), limits.verbs and sorted(limits.verbs)),
        shared,
    )
    return hashlib.sha256(repr(basis).encode()).hexdigest()[:16]


def _found(context: Context, after: int, limit: int, entities: Sequence[str] | None) -> Sequence[Any]:
    table = context.database.system.outbox
    statement = sa.select(table).where(table.c.place > after).order_by(table.c.place).limit(limit)
    if entities is not None:
        statement = statement.where(table.c.entity.in_(entities))
    with context.database.read() as connection:
        return connection.execute(statement).all()


class _Telling:
    """Some changes on their way to a caller; the number of statements depends on their entities alone."""

    def __init__(self, context: Context, found: Sequence[Any]) -> None:
        self._context = context
        self._found = found
        self._ids: dict[str, set[UUID]] = defaultdict(set)
        for event in found:
            self._ids[event.entity].add(event.record)
        self._records: dict[UUID, bytes] = {}
        self._left: leaving.Left = set()
        self._lost: set[UUID] = set()

    def told(self) -> list[bytes]:
        """The events that concern the caller."""
        for name, ids in self._ids.items():
            entity = self._context.model.entities.get(name)
            rights = access(self._context.model, self._context.principal, name) if entity else None
            if entity is not None and rights is not None and rights.read.constant is not False:
                self._read(entity, sorted(ids))
        return [text for event in self._found if (text := self._text(event)) is not None]

    def _read(self, entity: Entity, ids: Sequence[UUID]) -> None:
        self._records |= get_many_json(self._context, entity, ids)
        unseen = [id_ for id_ in ids if id_ not in self._records]
        if unseen:
            self._left |= leaving.left(self._context, entity, unseen)
            self._lost |= leaving.purged(self._context, entity, unseen)

    def _text(self, event: Any) -> bytes | None:
        record = self._records.get(event.record)
        if record is not None:
            return orjson.dumps(self._described(event) | {"data": orjson.Fragment(record)})
        if (event.record, event.version, event.action) in self._left or (
            event.record in self._lost and leaving.is_end(event.action)
        ):
            return orjson.dumps(
                {"id": event.place, "entity": event.entity, "record": str(event.record), "action": GONE}
            )
        return None

    def _described(self, event: Any) -> dict[str, Any]:
        return {
            "id": event.place,
            "at": instant(self._context.model.entities[event.entity], event.at),
            "entity": event.entity,
            "record": str(event.record),
            "action": event.action,
            "version": event.version,
            "actor": {"id": str(event.actor), "entity": "user"},
            "operation": None if event.operation is None else str(event.operation),
        }
