"""What a publication executes, and how people read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import ExecutableDDLElement


@dataclass(frozen=True, eq=False)
class InPython:
    """What the platform itself does to rows amid the statements. text: what it does, for people."""

    text: str
    run: Callable[[sa.Connection], None]


Statement = ExecutableDDLElement | sa.UpdateBase | sa.TextClause | InPython
DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves dialects untyped


def sql_text(statement: Statement) -> str:
    """A statement as PostgreSQL gets it, on one line; a comment for what the platform does."""
    if isinstance(statement, InPython):
        return f"-- {statement.text}"
    return " ".join(str(statement.compile(dialect=DIALECT)).split())


def drop_constraint(table: sa.Table, name: str) -> Statement:
    """The statement that drops a constraint of a table by its name."""
    return ddl(f'ALTER TABLE "{table.schema}"."{table.name}" DROP CONSTRAINT "{name}"')


def execute(connection: sa.Connection, statement: Statement) -> None:
    """Do what a statement says."""
    if isinstance(statement, InPython):
        statement.run(connection)
    else:
        connection.execute(statement)


def ddl(text: str) -> Statement:
    """A statement that changes tables, as it stands there; names have been checked."""
    return sa.text(text.replace(":", r"\:"))
