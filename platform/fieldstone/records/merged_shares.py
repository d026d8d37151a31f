"""Shares of records that are merged: the kept record is shared with the same people.

The merged record keeps its shares in the recycle bin, and the kept one gets copies, whose ids follow from
both. By them a restore finds the copies and ends them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.access.sharing import Share
from fieldstone.access.stored_shares import shares_of
from fieldstone.records.batch import Batch
from fieldstone.records.ids import new_ids
from fieldstone.records.journal import UNSHARE, Entry, journal
from fieldstone.records.rows import Values
from fieldstone.records.writing import write

NOTE = "No longer shared as the record merged into it is"


def copy(batch: Batch, kept: UUID) -> None:
    """Share the kept record with whom the records of a batch are shared, unless the same person does so.

    It is shared from now on: the feed asks since when.
    """
    found = shares_of(batch.connection, batch.model, batch.entity.name, [kept, *_ids(batch)])
    now = batch.context.now
    known = {_receiver(share) for share in found[kept] if share.serves("read", now)}
    copies: list[Values] = []
    for id_ in _ids(batch):
        for share in found[id_]:
            if share.serves("read", now) and _receiver(share) not in known:
                known.add(_receiver(share))
                copies.append(asdict(share) | {"id": _copy_id(share.id, kept), "record": kept, "at": now})
    if copies:
        _make_room(batch, {one["id"] for one in copies} & {share.id for share in found[kept]})
        batch.connection.execute(sa.insert(_table(batch)), copies)


def _make_room(batch: Batch, ids: Iterable[UUID]) -> None:
    """Copies that came to their end before the same records are merged once more get other ids."""
    for old in sorted(ids):
        (fresh,) = new_ids(1)
        batch.connection.execute(sa.update(_table(batch)).where(_table(batch).c.id == old).values(id=fresh))


def take_back(batch: Batch, others: Mapping[UUID, int]) -> None:
    """End the copies of the shares of a batch's records in `others` (record → version), which may be the kept
    ones, unless somebody has shared those again since; history and feed tell it.
    """
    if not others:
        return
    ending = _copies(batch, others)
    if ending:
        table = _table(batch)
        ids = sa.bindparam(None, [share.id for share in ending], type_=postgresql.ARRAY(sa.Uuid()))
        batch.connection.execute(
            sa.update(table).where(table.c.id == sa.any_(ids)).values(ended_at=batch.context.now)
        )
        _tell(batch, {share.record: others[share.record] for share in ending})


def _copies(batch: Batch, others: Iterable[UUID]) -> list[Share]:
    """The copies of shares of a batch's records that are still as their merge made them."""
    found = shares_of(batch.connection, batch.model, batch.entity.name, [*others, *_ids(batch)])
    made = {
        _copy_id(share.id, other): item.old["deleted_at"]
        for item in batch.items
        for share in found[item.id]
        for other in others
    }
    live = (share for other in others for share in found[other] if share.serves("read", batch.context.now))
    return [share for share in live if share.at == made.get(share.id)]


def _tell(batch: Batch, versions: Mapping[UUID, int]) -> None:
    entries = [
        Entry(batch.entity.name, id_, version, UNSHARE, {}, note=NOTE) for id_, version in versions.items()
    ]
    write(batch.connection, batch.model, [journal(batch.context, entries)])


def _table(batch: Batch) -> sa.Table:
    return batch.context.database.system.share


def _ids(batch: Batch) -> list[UUID]:
    return [item.id for item in batch.items]


def _receiver(share: Share) -> tuple[Any, ...]:
    return (share.sharer, share.receiver, share.role)


def _copy_id(share: UUID, kept: UUID) -> UUID:
    """Ids begin with their time, so that copies stay in the order of their originals."""
    digest = sha256(share.bytes + kept.bytes).digest()
    return UUID(bytes=share.bytes[:6] + digest[:10])
