"""What reaches the database: the texts of statements, however they are sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import sqlalchemy as sa

from fieldstone.records.statements import Statement


@contextmanager
def noted_statements() -> Iterator[list[str]]:
    """The texts of all statements that run meanwhile, through SQLAlchemy or past it."""
    seen: list[str] = []
    run = Statement.run

    def noted(self: Statement, *arguments: object) -> object:
        seen.append(self.prepared.text.decode())
        return run(self, *arguments)  # type: ignore[arg-type]  # passed on as they are

    def executed(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", executed)
    with patch.object(Statement, "run", noted):
        yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", executed)
