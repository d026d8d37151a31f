"""Tables that a publication needs for itself: all taken within a moment, or given back with who holds them.

Whoever waits for a lock keeps everybody behind it from the table, readers too. So nobody waits here for long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from fieldstone.database.failures import sqlstate
from fieldstone.errors import Busy
from fieldstone.publication.changes.statements import DIALECT

EXCLUSIVE, ACCESS_EXCLUSIVE = "EXCLUSIVE", "ACCESS EXCLUSIVE"
WAIT_MILLISECONDS = 1500
"""How long others may have to wait behind a publisher who waits. More than the second after which PostgreSQL
sends a vacuum away that stands in somebody's way.
"""
_WAITED = frozenset({"55P03", "57014"})
_THERE = """
    SELECT to_regclass(name) IS NOT NULL
    FROM unnest(CAST(:names AS text[])) WITH ORDINALITY AS asked (name, place) ORDER BY place
"""
_HOLDERS = """
    SELECT coalesce(t.relname, '?') AS table_name, l.pid, a.xact_start AS since,
        a.application_name AS program,
        coalesce(nullif(upper(split_part(ltrim(a.query), ' ', 1)), ''), '?') AS statement, a.state
    FROM pg_locks l
    JOIN pg_class t ON t.oid = l.relation
    LEFT JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.granted AND l.pid <> pg_backend_pid() AND l.relation = ANY (CAST(:tables AS regclass[]))
        AND (l.mode <> 'AccessShareLock' OR l.relation = ANY (CAST(:alone AS regclass[])))
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY a.xact_start, l.pid, t.relname
"""


@dataclass(frozen=True)
class Needed:
    """A table that is needed, by its schema and name, and with which lock: one of those above."""

    schema: str
    table: str
    mode: str

    @property
    def quoted(self) -> str:
        """The table as it stands in SQL."""
        quote = DIALECT.identifier_preparer.quote_identifier
        return f"{quote(self.schema)}.{quote(self.table)}"


@dataclass(frozen=True)
class Holder:
    """A connection to the database that holds a table.

    pid: of its server process. since: when its transaction began. statement: the first word of what it runs,
    or ran last. resting: its transaction is open, and it does nothing.
    """

    table: str
    pid: int
    program: str
    statement: str
    since: datetime | None
    resting: bool

    def __str__(self) -> str:
        program = f" of `{self.program}`" if self.program else ""
        does = f"rests in a transaction after {self.statement}" if self.resting else f"runs {self.statement}"
        since = f" since {self.since:%Y-%m-%d %H:%M:%S %Z}" if self.since else ""
        return f"`{self.table}` is held by the connection {self.pid}{program}, which {does}{since}"


class TablesInUse(Busy):
    """Others did not let go of tables that a publication needs; `holders` says who."""

    code, title = "tables_in_use", "Tables are in use"

    def __init__(self, holders: Sequence[Holder]) -> None:
        self.holders = tuple(holders)
        told = "; ".join(map(str, holders)) or "those who held them are gone by now"
        super().__init__(
            f"Tables that this needs stayed in use, so nothing was changed: {told}. Try again later, or have "
            "an administrator of the database end the connection (`SELECT pg_terminate_backend(PID)`).",
            details={"holders": [asdict(holder) for holder in holders]},
        )


def take_tables(connection: sa.Connection, needed: Iterable[Needed]) -> None:
    """Lock tables until the transaction ends. Raises TablesInUse, and then none of them is locked."""
    wanted = _there(connection, sorted(set(needed), key=lambda one: one.quoted))
    by_mode = {mode: [one for one in wanted if one.mode == mode] for mode in (EXCLUSIVE, ACCESS_EXCLUSIVE)}
    try:
        with connection.begin_nested():
            for mode, tables in by_mode.items():
                _lock(connection, mode, tables)
    except sa.exc.OperationalError as error:
        if sqlstate(error) not in _WAITED:
            raise
        raise TablesInUse(_holders(connection, by_mode)) from error


def _there(connection: sa.Connection, needed: Sequence[Needed]) -> list[Needed]:
    """Without the tables that somebody dropped by hand."""
    found = connection.scalars(sa.text(_THERE), {"names": [one.quoted for one in needed]}).all()
    return [one for one, known in zip(needed, found, strict=True) if known]


def _lock(connection: sa.Connection, mode: str, tables: Sequence[Needed]) -> None:
    """One statement, so that the time is that for all of them together."""
    if tables:
        names = ", ".join(one.quoted for one in tables)
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {WAIT_MILLISECONDS}")
        connection.exec_driver_sql(f"LOCK TABLE {names} IN {mode} MODE")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


def _holders(connection: sa.Connection, by_mode: Mapping[str, Sequence[Needed]]) -> list[Holder]:
    """Who stands in the way; those who only read, where nobody may."""
    alone = [one.quoted for one in by_mode[ACCESS_EXCLUSIVE]]
    tables = [one.quoted for found in by_mode.values() for one in found]
    rows = connection.execute(sa.text(_HOLDERS), {"tables": tables, "alone": alone})
    return [
        Holder(row.table_name, row.pid, row.program or "", row.statement, row.since, row.state != "active")
        for row in rows
    ]
