"""What publications left to be done in the background, as it is kept in the database.

It is written in the transaction of the publication, so it exists exactly where that came into force.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.database.system import SystemTables
from fieldstone.model.system_fields import SEARCH, TITLE
from fieldstone.publication.changes.renames import Renames
from fieldstone.records.kept.plan import Key

VALUES, TABLE, PROMISED = "values", "table", "promised"
_TEXTS = {TITLE: "title", SEARCH: "search text"}


@dataclass(frozen=True)
class Unfinished:
    """One thing to do, about the table of an entity.

    kind: `TABLE`: names are the indexes and constraints to build. `VALUES`: those of kept values (fields,
    `_title`, `_search`) to compute. after: the last record that has them; done, total: how many records.
    `PROMISED`: names are indexes that publication `publication` builds before it comes into force.
    problem: why it cannot be done until somebody changes something.
    """

    place: int
    publication: int
    at: datetime
    kind: str
    table: str
    names: tuple[str, ...]
    after: UUID | None
    done: int
    total: int
    problem: str | None

    def __str__(self) -> str:
        return f"{self.what}: {self.done:,} of {self.total:,} records" if self.total else self.what

    @property
    def what(self) -> str:
        """What is done, for people."""
        if self.kind == PROMISED:
            return f"building {', '.join(self.names)} for publication {self.publication}"
        if self.kind == TABLE:
            return f"building {', '.join(self.names)} of {self.table}"
        return computing(self.table, self.names)

    @property
    def of_table(self) -> str:
        """The table, also where there is one thing to do for each of its indexes."""
        return self.table.split(" ")[0]

    def as_json(self) -> dict[str, Any]:
        """As plain values, for `--json` and the API."""
        return {
            "publication": self.publication,
            "kind": self.kind,
            "table": self.table,
            "names": list(self.names),
            "done": self.done,
            "total": self.total,
            "problem": self.problem,
        }


def computing(entity: str, names: Iterable[str]) -> str:
    """What is done with kept values, for people."""
    return f"computing {', '.join(_TEXTS.get(name, name) for name in names)} of {entity}"


def find(connection: sa.Connection, system: SystemTables, place: int) -> Unfinished | None:
    """What is to be done at a place, or None."""
    return next((one for one in unfinished(connection, system) if one.place == place), None)


def unfinished(connection: sa.Connection, system: SystemTables) -> list[Unfinished]:
    """All that is to be done, in its order."""
    table = system.unfinished
    rows = connection.execute(sa.select(table).order_by(table.c.place)).mappings()
    return [Unfinished(**{**row, "names": tuple(row["names"])}) for row in rows]


def filling(connection: sa.Connection, system: SystemTables, version: int) -> frozenset[Key]:
    """The kept values that not all records have yet, under publication `version`; of an older one none."""
    statement = sa.select(filling_keys(system)).where(system.current.c.version == version)
    return keys_of(connection.scalar(statement))


def filling_keys(system: SystemTables) -> sa.ScalarSelect[Any]:
    """The column that `keys_of` reads, for a statement that asks for more."""
    table = system.unfinished
    told = sa.func.concat_ws(" ", table.c.table, sa.func.array_to_string(table.c.names, " "))
    return sa.select(sa.func.array_agg(told)).where(table.c.kind == VALUES).scalar_subquery()


def keys_of(found: Collection[str] | None) -> frozenset[Key]:
    """The keys in what `filling_keys` gave."""
    entities = (told.split(" ") for told in found or ())
    return frozenset((entity, name) for entity, *names in entities for name in names)


def renamed(found: Iterable[Unfinished], renames: Renames) -> dict[str, Unfinished]:
    """Entity → the values of it that are being computed, by their new names."""
    values = (_renamed(one, renames) for one in found if one.kind == VALUES)
    return {one.table: one for one in values}


def _renamed(one: Unfinished, renames: Renames) -> Unfinished:
    entity = renames.entity(one.table)
    return replace(one, table=entity, names=tuple(renames.field(entity, name) for name in one.names))


def leave_values(
    connection: sa.Connection,
    system: SystemTables,
    version: int,
    keys: Mapping[str, Collection[str]],
    going_on: Mapping[str, Unfinished],
) -> None:
    """Have values (entity → names) computed after publication `version`, and nothing else.

    going_on: entity → what is being computed and goes on where it is.
    """
    table = system.unfinished
    connection.execute(sa.delete(table).where(table.c.kind == VALUES))
    for entity, names in sorted(keys.items()):
        known = going_on.get(entity)
        place = {} if known is None else {name: vars(known)[name] for name in ("after", "done", "total")}
        connection.execute(
            sa.insert(table).values(
                publication=version, kind=VALUES, table=entity, names=sorted(names), **place
            )
        )


def leave_builds(
    connection: sa.Connection, system: SystemTables, version: int, names: Mapping[str, Collection[str]]
) -> None:
    """Have indexes and constraints (table → names) built after publication `version`, and nothing else."""
    table = system.unfinished
    connection.execute(sa.delete(table).where(table.c.kind == TABLE))
    for name, wanted in names.items():
        if wanted:
            row = {"publication": version, "kind": TABLE, "table": name, "names": list(wanted)}
            connection.execute(sa.insert(table).values(row))


def keep_promises(connection: sa.Connection, system: SystemTables) -> None:
    """The indexes that were built for the publication of this transaction are its own from now on."""
    connection.execute(sa.delete(system.unfinished).where(system.unfinished.c.kind == PROMISED))


def tell(connection: sa.Connection, system: SystemTables) -> None:
    """Let all processes look at what is left, once the transaction is committed."""
    connection.execute(sa.select(sa.func.pg_notify(system.schema, "unfinished")))
