"""Shares of records that are merged: the kept record is shared with the same people.

The merged record keeps its shares in the recycle bin, and the kept one gets copies, whose ids follow from
both. By them a restore finds the copies and takes them back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.access.sharing import Share
from fieldstone.access.stored_shares import shares_of
from fieldstone.records.batch import Batch
from fieldstone.records.rows import Values


def copy(batch: Batch, kept: UUID) -> None:
    """Share the kept record with whom the records of a batch are shared, unless the same person does so."""
    found = shares_of(batch.connection, batch.model, batch.entity.name, [kept, *_ids(batch)])
    now = batch.context.now
    known = {_receiver(share) for share in found[kept] if share.serves("read", now)}
    copies: list[Values] = []
    for id_ in _ids(batch):
        for share in found[id_]:
            if share.serves("read", now) and _receiver(share) not in known:
                known.add(_receiver(share))
                copies.append(asdict(share) | {"id": _copy_id(share.id, kept), "record": kept})
    if copies:
        batch.connection.execute(sa.insert(batch.context.database.system.share), copies)


def take_back(batch: Batch, others: Iterable[UUID]) -> None:
    """Remove the copies of the shares of a batch's records from `others`, which may be the kept ones."""
    kept = sorted(set(others))
    if not kept:
        return
    found = shares_of(batch.connection, batch.model, batch.entity.name, _ids(batch))
    copies = [_copy_id(share.id, other) for shares in found.values() for share in shares for other in kept]
    if copies:
        table = batch.context.database.system.share
        ids = sa.bindparam(None, copies, type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
        batch.connection.execute(sa.delete(table).where(table.c.id == sa.any_(ids)))


def _ids(batch: Batch) -> list[UUID]:
    return [item.id for item in batch.items]


def _receiver(share: Share) -> tuple[Any, ...]:
    return (share.sharer, share.receiver, share.role)


def _copy_id(share: UUID, kept: UUID) -> UUID:
    """Ids begin with their time, so that copies stay in the order of their originals."""
    digest = sha256(share.bytes + kept.bytes).digest()
    return UUID(bytes=share.bytes[:6] + digest[:10])
