"""What publications removed: looked at, brought back into what is declared again, or deleted for good.

Nothing else reads the archive: its tables are of no model, so no page and no call leads there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from fieldstone.access.system_user import SYSTEM_USER, system_context
from fieldstone.database.database import Database
from fieldstone.database.system import SystemTables
from fieldstone.errors import Invalid, NotFound
from fieldstone.model.model import Entity, Model
from fieldstone.publication.afterwards.kept_values import bring_up_to_date, following
from fieldstone.publication.alone.exclusive import be_the_only_publisher
from fieldstone.publication.changes.names_in_data import renamed_data
from fieldstone.publication.changes.renames import ARCHIVED, Renames
from fieldstone.publication.changes.statements import execute
from fieldstone.publication.store import current_version
from fieldstone.records.about import forget_about_all
from fieldstone.records.kept.plan import plan_of
from fieldstone.records.kept.recomputing import RECOMPUTE


@dataclass(frozen=True)
class Archived:
    """What one publication removed. kind: "table" of an entity, "links" or "columns" of a field.

    entity, field: where it belongs, as that is called by now. called: its name when it was removed.
    """

    name: str
    publication: int
    at: datetime
    kind: str
    entity: str
    field: str | None
    rows: int
    called: str

    @property
    def element(self) -> str:
        """What it was, as people write it."""
        return f"{self.entity}.{self.field}" if self.field else self.entity

    @property
    def named(self) -> str:
        """What rows call it."""
        return f"{ARCHIVED}{self.publication}:{self.called}"


@dataclass(frozen=True)
class Restored:
    """What came back. left: how many rows did not, so that the archive keeps them, and why."""

    rows: int
    left: int
    why: str


def archived(database: Database) -> list[Archived]:
    """Everything in the archive, the newest first."""
    table = database.system.archive
    with database.read() as connection:
        rows = connection.execute(sa.select(table).order_by(table.c.publication.desc(), table.c.name))
        return [Archived(**row) for row in rows.mappings()]


def purge(database: Database, model: Model, name: str) -> Archived:
    """Delete something in the archive for good, with its past and what is about its records: comments, and
    files with their contents. Raises NotFound.
    """
    with database.transaction() as connection:
        found = _require(connection, database.system, name)
        _forget(connection, database.system, found)
        if found.kind == "table":
            system = database.system
            for table in (system.history, system.outbox, system.approval, system.time_limit, system.share):
                connection.execute(sa.delete(table).where(table.c.entity == found.named))
            forget_about_all(connection, system_context(database, model), found.named)
    return found


def restore(database: Database, model: Model, name: str) -> Restored:
    """Bring something in the archive back into what is declared again.

    Values come back into records that are still there and have none, records where their id is free.
    What cannot come back stays in the archive. Raises NotFound, Invalid (it is not declared, or otherwise),
    and what `be_the_only_publisher` raises.
    """
    with database.transaction() as connection:
        be_the_only_publisher(connection, database, current_version(connection, database.system))
        found = _require(connection, database.system, name)
        entity = _declared(model, found)
        restored = _bring_back(connection, database.system, entity, found)
        _name_again(connection, database, model, found)
        if not restored.left:
            _forget(connection, database.system, found)
        bring_up_to_date(connection, database, model, _outdated(model, found))
    return restored


def _require(connection: sa.Connection, system: SystemTables, name: str) -> Archived:
    table = system.archive
    row = connection.execute(sa.select(table).where(table.c.name == name)).mappings().first()
    if row is None:
        raise NotFound(f"There is nothing called `{name}` in the archive.")
    return Archived(**row)


def _forget(connection: sa.Connection, system: SystemTables, found: Archived) -> None:
    connection.exec_driver_sql(f"DROP TABLE {_place(system, found)}")
    connection.execute(sa.delete(system.archive).where(system.archive.c.name == found.name))


def _place(system: SystemTables, found: Archived) -> str:
    return f'"{system.archive_schema}"."{found.name}"'


def _declared(model: Model, found: Archived) -> Entity:
    entity = model.entities.get(found.entity)
    if entity is None or (found.field is not None and entity.field(found.field) is None):
        raise Invalid(
            f"`{found.element}` is not declared. Declare it as it was until publication {found.publication} "
            f"(`fieldstone export --version {found.publication - 1}` has it), publish that, and try again."
        )
    return entity


def _bring_back(connection: sa.Connection, system: SystemTables, entity: Entity, found: Archived) -> Restored:
    table = entity.table
    if found.kind == "links":
        link = entity.fields[str(found.field)].link
        if link is None or link.through is not None:
            raise _otherwise(found, "its links were kept in pairs")
        table = link.table
    columns = _columns(connection, system, table, found)
    if found.kind == "columns":
        return _values(connection, system, table, columns, found)
    return _rows(connection, system, table, columns, found)


def _otherwise(found: Archived, how: str) -> Invalid:
    return Invalid(
        f"`{found.element}` is declared otherwise than it was: {how}. Declare it so, and try again."
    )


def _columns(
    connection: sa.Connection, system: SystemTables, table: sa.Table, found: Archived
) -> dict[str, str]:
    """The columns to fill, and those of the archive that do. Raises Invalid where one is missing or of
    another type.
    """
    kept = _types(connection, _place(system, found))
    declared = _types(connection, f'"{table.schema}"."{table.name}"')
    columns = {_called_now(found, name): name for name in kept}
    for name, before in columns.items():
        if kept[before] != declared.get(name):
            how = f"its column `{name}` was {kept[before]}, and is {declared.get(name, 'not there')}"
            raise _otherwise(found, how)
    return columns


def _types(connection: sa.Connection, table: str) -> dict[str, str]:
    """The columns of a table with their types, in order."""
    statement = sa.text(
        "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute "
        "WHERE attrelid = CAST(:table AS regclass) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    )
    return {row.attname: row.type for row in connection.execute(statement, {"table": table})}


def _called_now(found: Archived, column: str) -> str:
    """A column of a field begins with the field's name, which another publication may have changed since."""
    if found.kind != "columns" or column == "id" or not column.startswith(found.called):
        return column
    return f"{found.field}{column.removeprefix(found.called)}"


def _values(
    connection: sa.Connection,
    system: SystemTables,
    table: sa.Table,
    columns: Mapping[str, str],
    found: Archived,
) -> Restored:
    filled = {name: before for name, before in columns.items() if name != "id"}
    old = sa.table(found.name, *map(sa.column, columns.values()), schema=system.archive_schema).alias("old")
    empty = [table.c[name].is_(None) for name in filled]
    statement = (
        sa.update(table)
        .values({name: old.c[before] for name, before in filled.items()})
        .where(table.c.id == old.c.id, *empty, *_reachable(table, old, filled))
        .returning(table.c.id, table.c.version)
    )
    changed = connection.execute(statement).all()
    _tell(connection, system, found.entity, changed)
    connection.exec_driver_sql(
        f"DELETE FROM {_place(system, found)} WHERE id = ANY (%s)",  # noqa: S608  # checked names
        ([row.id for row in changed],),
    )
    return _restored(connection, system, found, len(changed), "their records are gone or have other values")


def _rows(
    connection: sa.Connection,
    system: SystemTables,
    table: sa.Table,
    columns: Mapping[str, str],
    found: Archived,
) -> Restored:
    old = sa.table(found.name, *map(sa.column, columns), schema=system.archive_schema).alias("old")
    chosen = sa.select(*(old.c[name] for name in columns)).where(*_reachable(table, old, columns))
    insert = sa.dialects.postgresql.insert(table).from_select(list(columns), chosen, include_defaults=False)
    key = [column.name for column in table.primary_key]
    shown = [table.c[name] for name in (*key, "version") if name in table.c]
    made = connection.execute(insert.on_conflict_do_nothing().returning(*shown)).all()
    if "version" in table.c:
        _tell(connection, system, found.entity, made)
    same = " AND ".join(f'old."{name}" = new."{name}"' for name in key)
    connection.exec_driver_sql(
        f'DELETE FROM {_place(system, found)} old USING "{table.schema}"."{table.name}" new WHERE {same}'  # noqa: S608  # checked names
    )
    why = "what they refer to is gone, or others have their id or unique values"
    return _restored(connection, system, found, len(made), why)


def _restored(
    connection: sa.Connection, system: SystemTables, found: Archived, rows: int, why: str
) -> Restored:
    left = connection.scalar(sa.select(sa.func.count()).select_from(sa.text(_place(system, found)))) or 0
    table = system.archive
    connection.execute(sa.update(table).where(table.c.name == found.name).values(rows=left))
    return Restored(rows, left, why if left else "")


def _reachable(
    table: sa.Table, old: sa.FromClause, columns: Mapping[str, str]
) -> list[sa.ColumnElement[bool]]:
    """That what is referred to is there."""
    found: list[sa.ColumnElement[bool]] = []
    for name, before in columns.items():
        for key in table.c[name].foreign_keys:
            target = sa.table(key.target_fullname.split(".")[1], sa.column("id"), schema=table.schema).alias()
            there = sa.exists().where(target.c.id == old.c[before])
            found.append(sa.or_(old.c[before].is_(None), there))
    return found


def _tell(
    connection: sa.Connection,
    system: SystemTables,
    entity: str,
    changed: Sequence[Any],
) -> None:
    """The feed tells that they are to be read again."""
    told = [
        {
            "entity": entity,
            "record": row.id,
            "action": RECOMPUTE,
            "version": row.version,
            "actor": SYSTEM_USER,
        }
        for row in changed
    ]
    if told:
        connection.execute(sa.insert(system.outbox), told)


def _name_again(connection: sa.Connection, database: Database, model: Model, found: Archived) -> None:
    """Rows that named it name it again."""
    if found.field is None:
        names = Renames({found.named: found.entity})
    else:
        names = Renames({}, {found.entity: {found.named: found.field}})
    for change in renamed_data(database.system, model, model, names):
        for statement in change.statements:
            execute(connection, statement)


def _outdated(model: Model, found: Archived) -> frozenset[tuple[str, str]]:
    kept = plan_of(model).values
    if found.field is not None:
        return following(model, {(found.entity, found.field)})
    fields = {(found.entity, name) for name in model.entities[found.entity].fields}
    return following(model, fields | {key for key in kept if key[0] == found.entity})
