"""Elements that are declared no longer: what they hold is moved into the archive before it goes.

Tables go there whole, without constraints and indexes, which would stand in the way of others; of columns the
values with the ids of their records. Names in rows go along: the history of a removed field is that of no
field until it is brought back, so a new field of the same name does not inherit it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from fieldstone.database.system import SystemTables
from fieldstone.fields.names import identifier
from fieldstone.fields.reference import ReferenceType
from fieldstone.model.model import Entity, Field, Model
from fieldstone.publication.changes.existing import ExistingTable
from fieldstone.publication.changes.expressed import ExpressedField
from fieldstone.publication.changes.renames import ARCHIVED, Names, Renames
from fieldstone.publication.changes.statements import Statement, ddl, drop_constraint
from fieldstone.publication.changes.table_change import TableChange
from fieldstone.publication.counts import Counts


@dataclass(frozen=True, eq=False)
class Removal:
    """What goes: a whole table, or columns of one.

    entity: by its present name. field: None for the table of an entity; that of the field otherwise, also for
    a table of links. element: what people call it. table: in force. columns: empty for a table as a whole.
    kept: whether it holds what cannot be computed again. goes_on: the field is still declared, so rows keep
    naming it. checks: constraints that go along. found_elsewhere: its values go on in other columns, so
    nothing is lost. target: the entity that a reference leads to no longer, whose records these columns name.
    """

    entity: str
    field: str | None
    element: str
    table: sa.Table
    columns: tuple[sa.Column[object], ...] = ()
    kept: bool = True
    goes_on: bool = False
    checks: frozenset[str] = frozenset()
    found_elsewhere: bool = False
    target: sa.Table | None = None

    def archived_as(self, version: int) -> str:
        """The name of its table in the archive, by the publication that removes it."""
        target = [str(self.target.name)] if self.target is not None else []
        return identifier(f"v{version}", self.entity, *([self.field] if self.field else []), *target)

    def named(self, version: int) -> str:
        """What rows call it from then on; nothing that is declared has such a name."""
        return f"{ARCHIVED}{version}:{self.field or self.entity}"


def removals_between(
    old: Model | None, new: Model, renames: Renames, expressed: Sequence[ExpressedField]
) -> tuple[Removal, ...]:
    """All that is in force and not in `new`. expressed: fields that go on with other values."""
    if old is None:
        return ()
    replaced = (removal for each in expressed for removal in _replaced(each))
    taken = {each.old for each in expressed}
    return (*_removals(old, new, renames), *_targets_left(old, new, renames, taken), *replaced)


def _replaced(each: ExpressedField) -> Iterator[Removal]:
    for removal in _of_field(each.before, each.old, each.element, whole=False):
        yield replace(removal, goes_on=True, found_elsewhere=True, checks=_checks(each.before, each.old))


def _checks(entity: Entity, field: Field) -> frozenset[str]:
    return frozenset(
        identifier(f"ck_{entity.name}", str(constraint.name)) for constraint in field.type.constraints()
    )


def _targets_left(old: Model, new: Model, renames: Renames, taken: Collection[Field]) -> Iterator[Removal]:
    """The columns of references to entities that they lead to no longer, though the field goes on."""
    for entity in old.entities.values():
        after = new.entities.get(renames.entity(entity.name))
        for field in entity.fields.values() if after is not None else ():
            now = after.fields.get(renames.field(after.name, field.name)) if after is not None else None
            if after is not None and now is not None and field not in taken:
                yield from _targets_of_field(
                    old, entity, field, f"field {after.name}.{now.name}", now, renames
                )


def _targets_of_field(  # noqa: PLR0917  # a field with what is around it
    old: Model, entity: Entity, field: Field, element: str, now: Field, renames: Renames
) -> Iterator[Removal]:
    if type(field.type) is not ReferenceType or type(now.type) is not ReferenceType:
        return
    for target, name in field.type.targets.items():
        if renames.entity(target) not in now.type.targets:
            # Not before: whoever asks for columns has the table made.
            columns = {column.name: column for column in field.columns}
            yield Removal(
                entity.name, field.name, element, entity.table, (columns[name],), goes_on=True,
                checks=_checks(entity, field), target=old.entities[target].table,
            )  # fmt: skip  # the arguments on as few lines


def _removals(old: Model, new: Model, renames: Renames) -> Iterator[Removal]:
    for old_name, entity in old.entities.items():
        now = renames.entity(old_name)
        after = new.entities.get(now)
        if after is None:
            yield Removal(old_name, None, f"entity {old_name}", entity.table)
        for field in entity.fields.values():
            element = f"field {now}.{field.name}" if after is not None else f"entity {old_name}"
            if after is None or renames.field(now, field.name) not in after.fields:
                yield from _of_field(entity, field, element, whole=after is None)
        for name in sorted(entity.system.keys() - after.system.keys()) if after is not None else ():
            yield from _of_field(entity, entity.system[name], f"field {now}.{name}", whole=False)


def _of_field(entity: Entity, field: Field, element: str, *, whole: bool) -> Iterator[Removal]:
    if field.link is not None and field.link.through is None:
        yield Removal(entity.name, field.name, element, field.link.table)
    elif field.columns and not whole:
        columns = tuple(field.columns)
        yield Removal(entity.name, field.name, element, entity.table, columns, kept=field.formula is None)


def without_removed(
    existing: Mapping[str, ExistingTable], removals: Sequence[Removal]
) -> dict[str, ExistingTable]:
    """The tables of the database as they are once that is gone."""
    found = dict(existing)
    for removal in removals:
        table = found.get(removal.table.name)
        if table is not None and removal.columns:
            found[table.name] = _without_columns(table, removal)
        else:
            found.pop(removal.table.name, None)
    return found


def _without_columns(table: ExistingTable, removal: Removal) -> ExistingTable:
    """Indexes and keys go with their columns."""
    gone = {column.name for column in removal.columns}
    lost = {str(index.name) for index in removal.table.indexes if columns_of(index) & gone}
    return replace(
        table,
        columns={name: kind for name, kind in table.columns.items() if name not in gone},
        keys={name: key for name, key in table.keys.items() if not set(key.columns) & gone},
        checks=table.checks - removal.checks,
        indexes=table.indexes - lost,
    )


def columns_of(index: sa.Index) -> set[str]:
    """The columns that an index reads."""
    parts = [*index.expressions, index.dialect_options["postgresql"]["where"]]
    return {
        str(node.name)
        for part in parts
        if isinstance(part, sa.ClauseElement)
        for node in visitors.iterate(part)
        if isinstance(node, sa.Column)
    }


def removing(
    system: SystemTables, version: int, removals: Sequence[Removal], existing: Mapping[str, ExistingTable],
    counts: Counts,
) -> Iterator[TableChange]:  # fmt: skip  # the arguments on as few lines
    """The changes that archive and drop. existing: as the database is. version: that comes into force."""
    for removal in removals:
        table = existing.get(removal.table.name)
        if table is None or not {column.name for column in removal.columns} <= table.columns.keys():
            continue
        rows = _rows(removal, counts)
        name = removal.archived_as(version)
        moved = (
            _columns_moved(system, removal, name)
            if removal.columns
            else _table_moved(system, removal, name, table)
        )
        noted = [_noted(system, removal, name, version)] if removal.kept else []
        yield TableChange(
            "drop",
            removal.element,
            removal.table.name,
            (*moved, *noted),
            column=removal.columns[0].name if removal.columns else None,
            destructive=bool(rows) and removal.kept and not removal.found_elsewhere,
            rows=rows,
            detail=f"archived as {name}" if removal.kept else "computed from others",
            lost=rows if removal.target is not None else 0,
            examples=counts.pointing(removal.table, removal.columns[0], removal.target)
            if removal.target is not None
            else (),
        )


def _rows(removal: Removal, counts: Counts) -> int:
    """How many rows lose something."""
    if not removal.columns:
        return counts.rows(removal.table.name)
    return counts.matching(removal.table, sa.or_(*(column.is_not(None) for column in removal.columns)))


def _columns_moved(system: SystemTables, removal: Removal, name: str) -> Iterator[Statement]:
    table = f'"{removal.table.schema}"."{removal.table.name}"'
    names = [f'"{column.name}"' for column in removal.columns]
    archive = f'"{system.archive_schema}"."{name}"'
    if removal.kept:
        filled = " OR ".join(f"{column} IS NOT NULL" for column in names)
        values = f"SELECT id, {', '.join(names)} FROM {table} WHERE {filled}"  # noqa: S608  # checked names
        yield ddl(f"CREATE TABLE {archive} AS {values}")
        yield ddl(f"ALTER TABLE {archive} ADD PRIMARY KEY (id)")
    yield ddl(f"ALTER TABLE {table} {', '.join(f'DROP COLUMN {column}' for column in names)}")


def _table_moved(
    system: SystemTables, removal: Removal, name: str, table: ExistingTable
) -> Iterator[Statement]:
    """Renamed first: names of tables, indexes and types are taken in the archive too."""
    schema = removal.table.schema
    for key in sorted(table.keys):
        yield drop_constraint(removal.table, key)
    for index in sorted(table.indexes):
        yield ddl(f'DROP INDEX "{schema}"."{index}"')
    if table.primary is not None:
        yield ddl(f'ALTER INDEX "{schema}"."{table.primary}" RENAME TO "{identifier("pk", name)}"')
    yield ddl(f'ALTER TABLE "{schema}"."{table.name}" RENAME TO "{name}"')
    yield ddl(f'ALTER TABLE "{schema}"."{name}" SET SCHEMA "{system.archive_schema}"')


def _noted(system: SystemTables, removal: Removal, name: str, version: int) -> Statement:
    archived = sa.table(name, schema=system.archive_schema)
    kind = "columns" if removal.columns else "links" if removal.field else "table"
    return sa.insert(system.archive).values(
        name=name,
        publication=version,
        kind=kind,
        entity=removal.entity,
        field=removal.field,
        called=removal.field or removal.entity,
        rows=sa.select(sa.func.count()).select_from(archived).scalar_subquery(),
    )


def archived_names(removals: Sequence[Removal], renames: Renames, version: int) -> Renames:
    """What rows call elements that go, as renames."""
    entities = {one.entity: one.named(version) for one in removals if one.field is None}
    fields: dict[str, Names] = {}
    for one in removals:
        if one.field is not None and one.kept and not one.goes_on and one.entity not in entities:
            entity = renames.entity(one.entity)
            fields[entity] = {**fields.get(entity, {}), one.field: one.named(version)}
    return Renames(entities, fields)


def with_archived(renames: Renames, archived: Renames) -> Renames:
    """Both together."""
    fields = {
        entity: {**renames.fields.get(entity, {}), **archived.fields.get(entity, {})}
        for entity in {**renames.fields, **archived.fields}
    }
    return replace(renames, entities={**renames.entities, **archived.entities}, fields=fields)
