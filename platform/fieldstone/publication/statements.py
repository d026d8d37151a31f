"""What a publication executes, and how people read it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import ExecutableDDLElement

Statement = ExecutableDDLElement | sa.UpdateBase | sa.TextClause
DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves dialects untyped


def sql_text(statement: Statement) -> str:
    """A statement as PostgreSQL gets it, on one line."""
    return " ".join(str(statement.compile(dialect=DIALECT)).split())


def drop_constraint(table: sa.Table, name: str) -> Statement:
    """The statement that drops a constraint of a table by its name."""
    return ddl(f'ALTER TABLE "{table.schema}"."{table.name}" DROP CONSTRAINT "{name}"')


def ddl(text: str) -> Statement:
    """A statement that changes tables, as it stands there; names have been checked."""
    return sa.text(text.replace(":", r"\:"))
