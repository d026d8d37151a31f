"""Plans of all that runs in a database, as PostgreSQL itself notes them, and statistics of large tables.

What is noted are the plans that ran, also those of the checks of foreign keys, which no program sends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from fieldstone_testing.apps import App

_NOTING = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_level": "notice",
    "client_min_messages": "notice",
}
_FIRST_THAT_COME = re.compile(
    r"Limit  \(.*\)\n +->  Seq Scan on .*\n +Filter: \(\(?deleted_at IS NULL\)?\)\n"
)
_NEVER_RAN = "duration: 0.000 ms"
"""What is said of a plan that was only asked for, with EXPLAIN."""


@dataclass(frozen=True)
class Plan:
    """A statement that ran, and how."""

    statement: str
    steps: str

    def __str__(self) -> str:
        return f"{self.statement}\n{self.steps}"

    def walks_all_of(self, table: str) -> bool:
        """Whether it reads a table from its beginning to its end; one that takes the first live records that
        come, and stops when it has enough, does not.
        """
        steps = _FIRST_THAT_COME.sub("", f"{self.steps}\n")
        return any(f"Seq Scan on {table}{end}" in steps for end in (" ", "\n"))


@contextmanager
def noted_plans(app: App) -> Iterator[list[Plan]]:
    """The plans of all statements that run on new connections of an app meanwhile."""
    seen: list[Plan] = []

    def notice(diagnostic: Any) -> None:
        duration, found, rest = (diagnostic.message_primary or "").partition("plan:\nQuery Text: ")
        if found and not duration.startswith(_NEVER_RAN):
            seen.append(_plan(rest))

    def connected(connection: Any, _record: object) -> None:
        connection.add_notice_handler(notice)

    _set(app, {name: f"'{value}'" for name, value in _NOTING.items()})
    app.database.close()
    sa.event.listen(sa.Engine, "connect", connected)
    try:
        yield seen
    finally:
        sa.event.remove(sa.Engine, "connect", connected)
        _set(app, dict.fromkeys(_NOTING, "DEFAULT"))
        app.database.close()


def _set(app: App, settings: dict[str, str]) -> None:
    name = app.database.url.database
    for setting, value in settings.items():
        app.sql(f'ALTER DATABASE "{name}" SET {setting} = {value}')


def _plan(text: str) -> Plan:
    """A statement of several lines ends where the plan begins: with the first line that tells a cost."""
    lines = text.splitlines()
    begin = next(number for number, line in enumerate(lines) if "(cost=" in line)
    return Plan("\n".join(lines[:begin]), "\n".join(lines[begin:]))


def claim_rows(app: App, tables: Sequence[str], rows: int) -> None:
    """Let the planner believe that tables (`schema.name`) and their indexes have so many rows.

    It knows how many pages a table has at each moment, so it believes the rows to be narrow, and to walk all
    of them to be cheaper than it would be: what uses an index all the same will do so with real rows too.
    """
    for table in tables:
        app.sql(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        app.sql(f"ANALYZE {table}")
    app.sql(
        "SELECT pg_restore_relation_stats('schemaname', CAST(n.nspname AS text),"
        " 'relname', CAST(c.relname AS text),"
        " 'relpages', c.relpages, 'reltuples', CAST(:rows AS real))"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " LEFT JOIN pg_index i ON i.indexrelid = c.oid"
        " WHERE coalesce(i.indrelid, c.oid) = ANY (CAST(CAST(:tables AS text[]) AS regclass[]))",
        rows=rows,
        tables=list(tables),
    )
