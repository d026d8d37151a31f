"""Waiting for what another thread or process is about to do, however long a busy machine takes for it."""

from __future__ import annotations

import time
from collections.abc import Callable

from fieldstone_testing.apps import App

LONGEST = 60.0
"""Seconds after which something counts as never happening: far more than it takes on any machine."""

_BLOCKED = (
    "SELECT count(*) > 0 FROM pg_stat_activity"
    " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
)


def until(condition: Callable[[], object]) -> None:
    """Wait until `condition` holds; fails if it never does."""
    deadline = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < deadline, "this never happened"
        time.sleep(0.02)


def until_somebody_waits(app: App) -> None:
    """Wait until a session of the app's database waits for a lock that another one holds."""
    until(lambda: app.sql(_BLOCKED)[0][0])
