"""One at a time: who changes tables holds off writers, other publishers, and nobody for long."""

from __future__ import annotations

import sqlalchemy as sa

from fieldstone.database.database import Database
from fieldstone.errors import Conflict
from fieldstone.publication.alone.in_use import EXCLUSIVE, WAIT_MILLISECONDS, Needed, take_tables


def be_the_only_publisher(connection: sa.Connection, database: Database, base: int) -> None:
    """Wait for the writers under way, hold off new ones until the commit, and refuse a second publisher.

    base: the version on which the caller's transaction builds. Raises Conflict, and TablesInUse where a
    writer does not end.
    """
    if not publishing_is_over(connection, database):
        raise under_way()
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {WAIT_MILLISECONDS}")
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    # The table and not its row: who waits for a row is overtaken by every writer who comes meanwhile.
    current = database.system.current
    take_tables(connection, [Needed(database.system.schema, current.name, EXCLUSIVE)])
    found = connection.execute(sa.select(current.c.version)).scalar_one()
    if found != base:
        raise base_moved(base, found)


def publishing_is_over(connection: sa.Connection, database: Database) -> bool:
    """Whether nobody publishes; if so, nobody else begins to before the transaction ends."""
    key = sa.func.hashtext(f"fieldstone.publish.{database.schema}")
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(key))).scalar_one())


def under_way() -> Conflict:
    """The error of who comes while somebody else publishes."""
    return Conflict(
        "Somebody else is publishing just now. Nothing was changed; look at the new plan and try again.",
        code="publication_under_way",
    )


def base_moved(base: int, found: int) -> Conflict:
    """The error of what was planned on another version than is in force."""
    return Conflict(
        f"Publication {found} is in force, and this was planned on {base}. Nothing was changed; look at the "
        "new plan and try again.",
        code="base_moved",
        details={"base": base, "version": found},
    )
