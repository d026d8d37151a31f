"""The SQL statements that something runs, whatever way it takes to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa

from fieldstone.database.prepared import Bound, Prepared, Session


@contextmanager
def noted_statements() -> Iterator[list[str]]:
    """The texts of all statements that run meanwhile, through SQLAlchemy or past it."""
    seen: list[str] = []
    execute, begin = Session.execute, Session.begin

    def executed(session: Session, statement: Prepared, bound: Bound) -> Any:
        seen.append(statement.text.decode())
        return execute(session, statement, bound)

    def begun(session: Session, query: bytes) -> Any:
        seen.append(query.decode())
        return begin(session, query)

    def through_sqlalchemy(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", through_sqlalchemy)
    try:
        with patch.object(Session, "execute", executed), patch.object(Session, "begin", begun):
            yield seen
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", through_sqlalchemy)
