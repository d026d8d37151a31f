"""Counting the SQL statements of a request, as PostgreSQL itself counts them."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

SETTINGS = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track": "top"}
"""What the server must be started with."""

TRANSACTIONS = "^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|DEALLOCATE)"


class StatementCounter:
    """Counts what a server executed in the meantime, transaction control and itself left out."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        with self._engine.connect() as connection:
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_stat_statements"))

    def per_request(self, send: Callable[[], object], requests: int = 20) -> float:
        """Statements for each call of `send`, on average."""
        send()
        with self._engine.connect() as connection:
            connection.execute(sa.text("SELECT pg_stat_statements_reset()"))
            for _ in range(requests):
                send()
            counted = sa.text(
                "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements "
                "WHERE query !~* :control AND query !~ 'pg_stat_statements' AND query !~ :background"
            )
            values = {"control": TRANSACTIONS, "background": BACKGROUND}
            return float(connection.execute(counted, values).scalar_one()) / requests


BACKGROUND = "_system.*(current|access)\\M.*version.*epoch"
"""The poll for new publications, which runs beside the requests and not for them."""
