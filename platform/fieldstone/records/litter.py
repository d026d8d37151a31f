"""What nobody can reach in the storage of files, and files that nobody wanted: found, and cleaned away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.files.store import Stored
from fieldstone.records.attaching import ABOUT
from fieldstone.records.contents import known, remove_afterwards, remove_unknown
from fieldstone.records.journal import PURGE, Entry, journal
from fieldstone.records.referrers import CASCADE, CLEAR, RESTRICT, referrers
from fieldstone.records.writing import write
from fieldstone_metadata.names import FILE

GRACE = timedelta(days=1)
"""So long an upload may take."""

PATIENCE = timedelta(days=30)
"""So long a file may wait to be put somewhere: perhaps in a form, or until somebody approves."""

_TOGETHER = 1000


@dataclass
class Litter:
    """What was found.

    unfinished: parts of uploads that never ended. orphans: contents without a file. unwanted: files that were
    never put anywhere. missing: files whose content is gone; nothing can be cleaned there.
    """

    unfinished: list[Stored] = field(default_factory=list)
    orphans: list[Stored] = field(default_factory=list)
    unwanted: list[UUID] = field(default_factory=list)
    missing: list[UUID] = field(default_factory=list)


def find_litter(context: Context) -> Litter:
    """Look through storage and database. Raises `StorageFailed`."""
    found, there = Litter(unwanted=_unwanted(context)), set[UUID]()
    for stored in _groups(context.database.files.stored()):
        ids = {one.id for one in stored if one.id is not None}
        there |= ids
        files = known(context.database, context.model, ids)
        old = [one for one in stored if _is_old(context, one)]
        found.unfinished += [one for one in old if one.id is None]
        found.orphans += [one for one in old if one.id is not None and one.id not in files]
    found.missing = [id_ for id_ in _all(context) if id_ not in there]
    return found


def clean(context: Context, litter: Litter) -> None:
    """Remove what was found, unless somebody has come to need it since."""
    for part in litter.unfinished:
        context.database.files.remove_stored(part)
    remove_unknown(context.database, context.model, [one.id for one in litter.orphans if one.id is not None])
    for ids in _groups(litter.unwanted):
        _forget(context, ids)


def _forget(context: Context, ids: Sequence[UUID]) -> None:
    """Purge files that still belong to nothing."""
    history = context.database.system.history
    table = context.model.entities[FILE].table

    def work(connection: sa.Connection) -> None:
        still = sa.and_(table.c.id.in_(ids), *_of_nothing(context))
        removing = sa.delete(table).where(still).returning(table.c.id, table.c.version)
        gone = list(connection.execute(removing))
        records = [row[0] for row in gone]
        connection.execute(sa.delete(history).where(history.c.entity == FILE, history.c.record.in_(records)))
        entries = [Entry(FILE, id_, version + 1, PURGE, {}) for id_, version in gone]
        if entries:
            write(connection, context.model, [journal(context, entries)])
        remove_afterwards(connection, context, records)

    context.database.run_write(context.model.version, work)


def _of_nothing(context: Context) -> list[sa.ColumnElement[bool]]:
    """Files of no record, to which no other record refers, and which have waited long enough."""
    table = context.model.entities[FILE].table
    leading = referrers(context.model, FILE, RESTRICT, CLEAR, CASCADE)
    linked = [f.link for e in context.model.entities.values() for f in e.fields.values() if f.link]
    columns: list[sa.ColumnElement[Any]] = [one.column for one in leading]
    columns += [link.target for link in linked if link.entity == FILE]
    needed = [sa.exists().where(column == table.c.id) for column in columns]
    waited = table.c.created_at < context.now - PATIENCE
    return [table.c[ABOUT].is_(None), waited, *(~one for one in needed)]


def _unwanted(context: Context) -> list[UUID]:
    table = context.model.entities[FILE].table
    with context.database.read() as connection:
        return list(connection.execute(sa.select(table.c.id).where(*_of_nothing(context))).scalars())


def _all(context: Context) -> list[UUID]:
    with context.database.read() as connection:
        return list(connection.execute(sa.select(context.model.entities[FILE].table.c.id)).scalars())


def _is_old(context: Context, stored: Stored) -> bool:
    return stored.changed_at is not None and stored.changed_at < context.now - GRACE


def _groups(found: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(found)
    while group := list(islice(rest, _TOGETHER)):
        yield group
