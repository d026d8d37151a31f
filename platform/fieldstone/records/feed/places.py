"""The places of changes in the feed: numbers without gaps, given after the commit.

A number that a transaction drew for itself says nothing about the order of commits: a reader who has seen 7
would never learn of the 6 of a slower one. So changes get their places when somebody reads, and only those
that are committed by then. Two changes of the same record are in the order in which they happened, because
the second waits for the first to commit before it draws its `id`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from fieldstone.database.database import Database
from fieldstone.database.system import SystemTables

KEPT = timedelta(days=30)
"""How long changes stay in the feed."""

AT_ONCE = 10_000
_FORGOTTEN_AT_ONCE = 1_000


@dataclass(frozen=True)
class Extent:
    """What of the feed there is: the place before the first that is kept, and the last one."""

    before: int
    last: int


def extend(database: Database, now: datetime) -> Extent:
    """Give places to what has been committed since, and forget what is too old."""
    system = database.system
    if _is_waiting(database):
        _give_places(database)
        _forget_old(database, now)
    first = sa.select(sa.func.min(system.outbox.c.place)).scalar_subquery()
    with database.read() as connection:
        last, kept = connection.execute(sa.select(system.feed.c.place, first)).one()
    return Extent(last if kept is None else kept - 1, last)


def tidy(database: Database, now: datetime) -> None:
    """Forget all that is too old, also where nobody ever reads the feed."""
    while _is_waiting(database):
        _give_places(database)
    while _forget_old(database, now):
        pass


def _is_waiting(database: Database) -> bool:
    table = database.system.outbox
    unplaced = sa.select(table.c.id).where(table.c.place.is_(None)).limit(1)
    with database.read() as connection:
        return connection.scalar(unplaced) is not None


def _give_places(database: Database) -> None:
    with database.transaction() as connection:
        # Whoever holds this row gives places; the next one sees them all when it gets the row.
        last = connection.scalar(sa.select(database.system.feed.c.place).with_for_update())
        connection.execute(sa.text(_placing(database.system)), {"last": last, "most": AT_ONCE})


def _placing(system: SystemTables) -> str:
    outbox, feed = f'"{system.schema}".outbox', f'"{system.schema}".feed'
    return (
        f"WITH fresh AS (SELECT id FROM {outbox} WHERE place IS NULL ORDER BY id LIMIT :most), "  # noqa: S608  # our own schema
        "counted AS (SELECT id, row_number() OVER (ORDER BY id) AS number FROM fresh), "
        f"placed AS (UPDATE {outbox} AS o SET place = :last + c.number FROM counted c WHERE o.id = c.id "
        "RETURNING 1) "
        f"UPDATE {feed} SET place = :last + (SELECT count(*) FROM placed)"
    )


def _forget_old(database: Database, now: datetime) -> int:
    """Remove some of what is too old; later calls do the rest, and nobody waits. How many it was."""
    table = database.system.outbox
    oldest = (
        sa.select(table.c.id, table.c.at)
        .where(table.c.place.is_not(None))
        .order_by(table.c.place)
        .limit(_FORGOTTEN_AT_ONCE)
        .subquery()
    )
    old: Any = sa.select(oldest.c.id).where(oldest.c.at < now - KEPT)
    with database.transaction() as connection:
        return connection.execute(sa.delete(table).where(table.c.id.in_(old))).rowcount
