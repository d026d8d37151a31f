"""The feed of changes: one row per changed record, written in the same transaction, read after its commit."""

from __future__ import annotations

from fieldstone.database.system import SystemTables


def telling(system: SystemTables) -> str:
    """The clause that copies the clause `journal` into the outbox."""
    return (
        f'told AS (INSERT INTO "{system.schema}".outbox '  # noqa: S608  # our own schema
        "(at, entity, record, action, version, actor, operation) "
        "SELECT CAST(:at AS timestamptz), entity, record, action, version, CAST(:actor AS uuid), "
        "CAST(:operation AS uuid) FROM journal)"
    )
