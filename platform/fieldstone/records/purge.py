"""Removing records for good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.context import Context
from fieldstone.errors import Conflict, Forbidden
from fieldstone.model.model import Entity, Link, Model
from fieldstone.records import loading, referrers
from fieldstone.records.about import forget_about
from fieldstone.records.approvals.requests import forget as forget_workflow
from fieldstone.records.batch import Batch, Item, find_entity
from fieldstone.records.contents import remove_afterwards
from fieldstone.records.journal import PURGE, Entry, journal
from fieldstone.records.labels import entity_label, text_of
from fieldstone.records.referrers import CASCADE, CLEAR, RESTRICT, is_end_of_links
from fieldstone.records.rows import Lock
from fieldstone.records.shape import shape_of
from fieldstone.records.writing import write
from fieldstone_metadata.names import FILE

CAPABILITY = "purge"


def purge(
    context: Context, entity: str, ids: Sequence[UUID], versions: Sequence[int | None] | None = None
) -> None:
    """Remove records in the recycle bin for good, with their history, what lives inside them and their
    links in the bin (records of a `through`); that they were purged stays on record.

    Raises:
        Forbidden: the caller lacks the capability `purge`, or may not delete the record or such a link.
        NotFound: there is no such record in the bin, or the caller may not read it.
        Conflict: other records, in the bin too, still refer to it. VersionConflict: it has changed since.
    """
    _require_capability(context)

    def work(connection: sa.Connection) -> None:
        items = [Item(position, id_) for position, id_ in enumerate(ids)]
        batch = Batch(context, connection, find_entity(context, entity), items)
        loading.load(batch, versions or [None] * len(ids), Lock.REMOVED, deleted=True)
        batch.rights.check_delete(batch)
        for one in (*_along(batch, set()), batch):
            _check_referrers(one)
            _remove(one)

    if ids:
        context.database.run_write(context.model.version, work)


def _along(batch: Batch, known: set[UUID]) -> Iterator[Batch]:
    """What goes with the records of a batch, the innermost first: what lives inside them, or did, and links
    in the bin that nobody could ever restore. known: what goes already.
    """
    ids = [item.id for item in batch.items]
    known.update(ids)
    for referrer in referrers.referrers(batch.model, batch.entity.name, RESTRICT, CLEAR, CASCADE):
        inside = referrer.field is referrer.entity.parent
        if not inside and not is_end_of_links(batch.model, referrer):
            continue
        found = referrers.locked_rows(batch.connection, batch.model, referrer, ids, live=False)
        going = [record for record in found if record["id"] not in known and (inside or record["deleted_at"])]
        items = [Item(place, record["id"], old=record) for place, record in enumerate(going)]
        if items:
            along = Batch(batch.context, batch.connection, referrer.entity, items, run=batch.run)
            if not inside:
                along.rights.check_delete(along)
            yield from _along(along, known)
            yield along


def _require_capability(context: Context) -> None:
    if CAPABILITY not in context.principal.capabilities:
        reason = f"It needs the capability {CAPABILITY}."
        raise Forbidden(f"You may not remove records for good. {reason}", details={"reason": reason})


def _check_referrers(batch: Batch) -> None:
    """Whatever still refers to a record, in the bin too, is in the way: purge that first."""
    ids = [item.id for item in batch.items]
    for referrer in referrers.referrers(batch.model, batch.entity.name, RESTRICT, CLEAR, CASCADE):
        found = referrers.locked_rows(batch.connection, batch.model, referrer, ids, live=False)
        others = [
            record for record in found if referrer.entity is not batch.entity or record["id"] not in ids
        ]
        if others:
            locale = batch.context.principal.locale
            one = f"1 {entity_label(referrer.entity, locale)} still refers"
            many = f"{len(others)} {text_of(referrer.entity.plural, locale)} still refer"
            still = one if len(others) == 1 else many
            message = f"{still} to it, perhaps in the recycle bin. Purge that first."
            raise Conflict(message, code="still_referenced")


def _remove(batch: Batch) -> None:
    ids = [item.id for item in batch.items]
    history, shares = batch.context.database.system.history, batch.context.database.system.share
    statements: list[sa.Delete] = [
        *_unlinking(batch.model, batch.entity, ids),
        sa.delete(batch.entity.table).where(batch.entity.table.c.id == _any(ids)),
        sa.delete(history).where(history.c.entity == batch.entity.name, history.c.record == _any(ids)),
        sa.delete(shares).where(shares.c.entity == batch.entity.name, shares.c.record == _any(ids)),
    ]
    for statement in statements:
        batch.connection.execute(statement)
    forget_about(batch.connection, batch.context, batch.entity, ids)
    if batch.entity.name == FILE:
        remove_afterwards(batch.connection, batch.context, ids)
    forget_workflow(batch.connection, batch.context.database.system, batch.entity.name, ids)
    entries = [Entry(batch.entity.name, item.id, item.old["version"] + 1, PURGE, {}) for item in batch.items]
    write(batch.connection, batch.model, [journal(batch.context, entries)])


def _unlinking(model: Model, entity: Entity, ids: Sequence[UUID]) -> Iterable[sa.Delete]:
    """Pairs of many-to-many fields in which the records stand, on either side."""
    for other in model.entities.values():
        for link in (field.link for field in shape_of(other).pairs if field.link):
            ends = _ends(link, other, entity)
            if ends:
                yield sa.delete(link.table).where(sa.or_(*(end == _any(ids) for end in ends)))


def _ends(link: Link, source: Entity, entity: Entity) -> list[sa.Column[UUID]]:
    ends = [link.source] if source is entity else []
    return [*ends, link.target] if link.entity == entity.name else ends


def _any(ids: Sequence[UUID]) -> sa.CollectionAggregate[bool]:
    return sa.any_(sa.bindparam(None, list(ids), type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True))))
