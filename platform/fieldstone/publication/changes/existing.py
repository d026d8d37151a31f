"""What the database has of some tables, read once, and how it will be called after renames."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key of the database: its own columns, and the table that it leads to."""

    columns: tuple[str, ...]
    target: str


@dataclass(frozen=True)
class ExistingTable:
    """A table of the database. columns: name → type. keys: name → foreign key; checks, indexes: names.

    primary: the name of the primary key's constraint.
    """

    name: str
    columns: Mapping[str, sa.types.TypeEngine[Any]]
    keys: Mapping[str, ForeignKey]
    checks: frozenset[str]
    indexes: frozenset[str]
    primary: str | None = None


def existing_tables(
    connection: sa.Connection, schema: str, names: Collection[str]
) -> dict[str, ExistingTable]:
    """Those of the tables `names` that there are."""
    inspector, asked = sa.inspect(connection), sorted(names)
    if not asked:
        return {}
    options: dict[str, Any] = {"schema": schema, "filter_names": asked}
    columns = inspector.get_multi_columns(**options)
    keys = _by_table(inspector.get_multi_foreign_keys(**options))
    checks = _by_table(inspector.get_multi_check_constraints(**options))
    indexes = _by_table(inspector.get_multi_indexes(**options))
    primary: dict[str, Any] = {
        name: found for (_, name), found in inspector.get_multi_pk_constraint(**options).items()
    }
    return {
        name: ExistingTable(
            name,
            {str(column["name"]): column["type"] for column in found},
            {str(key["name"]): _key(key) for key in keys.get(name, ())},
            frozenset(str(check["name"]) for check in checks.get(name, ())),
            frozenset(str(index["name"]) for index in indexes.get(name, ())),
            (primary.get(name) or {}).get("name"),
        )
        for (_, name), found in columns.items()
    }


def _by_table(found: Mapping[tuple[str | None, str], Iterable[Any]]) -> dict[str, list[Any]]:
    return {name: list(items) for (_, name), items in found.items()}


def _key(found: Mapping[str, Any]) -> ForeignKey:
    return ForeignKey(tuple(found["constrained_columns"]), str(found["referred_table"]))
