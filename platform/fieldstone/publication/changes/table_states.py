"""What the last publication left of each table, as a digest: what is still so needs no comparison.

Tables are told apart by their columns, constraints and indexes as the catalog of the database has them.
Digests are made and compared by the database, in one statement for all tables.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from fieldstone.database.system import SystemTables

_STATES = """
    SELECT t.relname AS name, md5(concat_ws('\n', columns.told, constraints.told, indexes.told)) AS digest
    FROM pg_class t
    JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = :schema
    LEFT JOIN (
        SELECT attrelid, string_agg(concat_ws(' ', quote_ident(attname), format_type(atttypid, atttypmod),
            attcollation, attnotnull), ',' ORDER BY attname) AS told
        FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped GROUP BY attrelid
    ) columns ON columns.attrelid = t.oid
    LEFT JOIN (
        SELECT conrelid, string_agg(concat_ws(' ', quote_ident(conname), contype, conkey, convalidated), ','
            ORDER BY conname) AS told
        FROM pg_constraint WHERE conrelid <> 0 GROUP BY conrelid
    ) constraints ON constraints.conrelid = t.oid
    LEFT JOIN (
        SELECT indrelid, string_agg(concat_ws(' ', quote_ident(relname), indisunique, indisvalid, indkey), ','
            ORDER BY relname) AS told
        FROM pg_index JOIN pg_class i ON i.oid = indexrelid GROUP BY indrelid
    ) indexes ON indexes.indrelid = t.oid
    WHERE t.relkind IN ('r', 'p')
"""


def altered(connection: sa.Connection, system: SystemTables, schema: str) -> frozenset[str]:
    """The tables in `schema` that are not as they were remembered, new and vanished ones included."""
    statement = sa.text(
        f"SELECT coalesce(now.name, known.name) FROM ({_STATES}) now "  # noqa: S608  # a text of ours
        f'FULL JOIN "{system.schema}".table_state known ON known.name = now.name '
        "WHERE now.digest IS DISTINCT FROM known.digest"
    )
    return frozenset(connection.scalars(statement, {"schema": schema}))


def remember_one(connection: sa.Connection, system: SystemTables, schema: str, name: str) -> None:
    """Keep what one table is like now."""
    connection.execute(
        sa.text(
            f'INSERT INTO "{system.schema}".table_state (name, digest) '  # noqa: S608  # a text of ours
            f"SELECT name, digest FROM ({_STATES}) now WHERE name = :name "
            "ON CONFLICT (name) DO UPDATE SET digest = excluded.digest"
        ),
        {"schema": schema, "name": name},
    )


def remember(connection: sa.Connection, system: SystemTables, schema: str, but: Collection[str]) -> None:
    """Keep what all tables in `schema` are like now, but those that somebody altered: they stay told of."""
    table = system.table_state
    connection.execute(sa.delete(table))
    connection.execute(
        sa.text(
            f'INSERT INTO "{system.schema}".table_state (name, digest) '  # noqa: S608  # a text of ours
            f"SELECT name, digest FROM ({_STATES}) now WHERE NOT name = ANY (:but)"
        ),
        {"schema": schema, "but": sorted(but)},
    )
