"""What the database lacks to hold a model, put into words and statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.ddl.base import AddColumn
from alembic.runtime.migration import MigrationContext
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable, DropIndex
from sqlalchemy.types import TypeEngine

from fieldstone.database.system import SystemTables
from fieldstone.model.model import Entity, Field, Model
from fieldstone.publication.changes import table_states
from fieldstone.publication.changes.conversions import FieldConversion, converting, without_converted
from fieldstone.publication.changes.existing import ExistingTable, existing_tables
from fieldstone.publication.changes.removals import Removal, removing, without_removed
from fieldstone.publication.changes.renamed_tables import TableMove, after_moves, rename_statements
from fieldstone.publication.changes.statements import Statement, drop_constraint, sql_text
from fieldstone.publication.changes.table_change import ORDER, TableChange
from fieldstone.publication.counts import Counts


def stored_otherwise(old: Model | None, new: Model) -> frozenset[str]:
    """The entities of both models whose storage differs though nobody touched their fields: what lives inside
    them got amounts, or a stored formula another type.
    """
    known = old.entities if old is not None else {}
    both = ((known[name], entity) for name, entity in new.entities.items() if name in known)
    return frozenset(after.name for before, after in both if _storage(before) != _storage(after))


def _storage(entity: Entity) -> tuple[object, ...]:
    formulas = (
        (name, field.formula) for name, field in entity.fields.items() if field.formula and field.stored
    )
    types = ((name, formula.expression.type) for name, formula in formulas if formula is not None)
    return (tuple(entity.system), *types)


def table_changes(
    connection: sa.Connection,
    system: SystemTables,
    old: Model | None,
    new: Model,
    *,
    changed: Collection[str],
    moves: Sequence[TableMove],
    removals: Sequence[Removal],
    conversions: Sequence[FieldConversion],
    counts: Counts,
) -> list[TableChange]:
    """All that separates the tables in the database from those that `new` needs, in the order to do it in.

    old: the model in force, its tables called as they will be after `moves`. changed: the entities whose
    declarations differ. removals: what is declared no longer. conversions: what gets another type. Of
    entities that did not change only those tables are looked at that are not as the last publication left
    them, so that a plan costs what changes and not what there is.
    """
    looked_at = _looked_at(old, new, changed, table_states.altered(connection, system, new.schema))
    before = {move.after: move.before for move in moves}
    there = existing_tables(connection, new.schema, {before.get(name, name) for name in looked_at.names})
    found = list(removing(system, new.version, removals, there, counts))
    there = without_removed(there, removals)
    _make_targets(new, looked_at)
    existing = after_moves(there, moves)
    found += rename_statements(new.schema, moves, there)
    found += converting(connection, system, new.version, conversions, existing)
    existing = without_converted(existing, conversions)
    for table in looked_at.new.values():
        if table.name in existing:
            found += _differences(connection, table, existing[table.name], looked_at)
        else:
            found += _create_table(table, looked_at)
    found += [_drop(name, None, looked_at) for name in sorted(existing.keys() - looked_at.new.keys())]
    return sorted(found, key=lambda change: ORDER[change.action])


@dataclass(frozen=True)
class _LookedAt:
    """The tables of a comparison, by their names, and what people call them and their columns.

    names: all of them, those that neither model knows included. called: as in `_named`.
    """

    names: frozenset[str]
    old: Mapping[str, sa.Table]
    new: Mapping[str, sa.Table]
    called_before: Mapping[Place, Called]
    called: Mapping[Place, Called]


Place = tuple[str, str | None]
"""A table and a column of it; None for the table itself."""
Called = tuple[str, Field | None]
"""What people call it, and the field that it belongs to."""


def _looked_at(old: Model | None, new: Model, changed: Collection[str], altered: frozenset[str]) -> _LookedAt:
    before = _entities(old, changed, altered) if old is not None else []
    after = _entities(new, changed, altered)
    old_tables, new_tables = _tables(before), _tables(after)
    names = altered | old_tables.keys() | new_tables.keys()
    return _LookedAt(names, old_tables, new_tables, _named(before), _named(after))


def _tables(entities: Iterable[Entity]) -> dict[str, sa.Table]:
    return {table.name: table for entity in entities for table in entity.tables()}


def _entities(model: Model, changed: Collection[str], altered: frozenset[str]) -> list[Entity]:
    """The entities of a model whose declarations changed or whose tables were altered."""
    names, others = set(changed) | altered, altered - model.entities.keys()
    return [entity for entity in model.entities.values() if entity.name in names or _owns(entity, others)]


def _owns(entity: Entity, tables: Collection[str]) -> bool:
    """Whether some tables, which are those of no entity, belong to its many-to-many fields."""
    links = (field.link for field in entity.fields.values()) if tables else ()
    return any(link is not None and link.table.name in tables for link in links)


def _named(entities: Iterable[Entity]) -> dict[Place, Called]:
    named: dict[Place, Called] = {}
    for entity in entities:
        named[entity.table.name, None] = (f"entity {entity.name}", None)
        for column in entity.table.columns:
            named[entity.table.name, column.name] = (f"column {entity.name}.{column.name}", None)
        for field in (*entity.system.values(), *entity.fields.values()):
            element = (f"field {entity.name}.{field.name}", field)
            named.update({(entity.table.name, column.name): element for column in field.columns})
            if field.link is not None and field.link.through is None:
                named[field.link.table.name, None] = element
    return named


def _make_targets(new: Model, looked_at: _LookedAt) -> None:
    """Have the tables made to which foreign keys of the tables lead: their statements name them."""
    targets = {key.target_fullname.split(".")[1] for t in looked_at.new.values() for key in t.foreign_keys}
    for name in targets:
        new.entities[name].table  # noqa: B018  # it is made when it is asked for


def _differences(
    connection: sa.Connection, table: sa.Table, existing: ExistingTable, names: _LookedAt
) -> Iterator[TableChange]:
    """What separates a table that there is from the one that is declared."""
    for column in table.columns:
        if column.name not in existing.columns:
            yield _add_column(table, column, names)
        elif other_type(connection, existing.columns[column.name], column):
            yield _convert(table, column, existing, names)
    wanted = {column.name for column in table.columns}
    yield from (_drop(table.name, name, names) for name in existing.columns if name not in wanted)
    yield from _links(table, existing, names)
    yield from _indexes(table, existing, names)


def other_type(connection: sa.Connection, existing: TypeEngine[Any], wanted: sa.Column[Any]) -> bool:
    """Whether a column has another type than it should have, as alembic tells types apart."""
    implementation = MigrationContext.configure(connection).impl
    return implementation.compare_type(sa.Column(wanted.name, existing), wanted)


def _create_table(table: sa.Table, names: _LookedAt) -> Iterator[TableChange]:
    element, field = names.called[table.name, None]
    statement = CreateTable(table, include_foreign_key_constraints=[])
    yield TableChange("create", element, table.name, (statement,), field)
    for constraint in sorted(table.foreign_key_constraints, key=lambda found: str(found.name)):
        yield TableChange("link", element, table.name, (AddConstraint(constraint),))
    for index in sorted(table.indexes, key=lambda found: str(found.name)):
        yield TableChange("index", element, table.name, (CreateIndex(index),))


def _add_column(table: sa.Table, given: sa.Column[Any], names: _LookedAt) -> TableChange:
    element, field = names.called[table.name, given.name]
    # A copy without its foreign key, which is added by name as a step of its own.
    column: sa.Column[Any] = sa.Column(
        given.name, given.type, server_default=given.server_default, nullable=given.nullable
    )
    statement = AddColumn(table.name, column, schema=table.schema)
    return TableChange("add", element, table.name, (statement,), field, given.name)


def _drop(table: str, column: str | None, names: _LookedAt) -> TableChange:
    found = names.called_before.get((table, column))
    element, field = found or (f"column {table}.{column}" if column else f"table {table}", None)
    return TableChange("drop", element, table, field=field, column=column, unknown=found is None)


def _convert(
    table: sa.Table, column: sa.Column[Any], existing: ExistingTable, names: _LookedAt
) -> TableChange:
    element, field = names.called[table.name, column.name]
    detail = f"from {existing.columns[column.name]} to {column.type}"
    return TableChange(
        "convert", element, table.name, field=field, column=column.name, detail=detail, unsupported=True
    )


def _links(table: sa.Table, existing: ExistingTable, names: _LookedAt) -> Iterator[TableChange]:
    """Foreign keys and check constraints that the table lacks, and foreign keys that lead elsewhere now."""
    for key in sorted(table.foreign_key_constraints, key=lambda found: str(found.name)):
        place = (table.name, key.column_keys[0])
        element, field = names.called.get(place) or names.called[table.name, None]
        known, target = existing.keys.get(str(key.name)), key.elements[0].target_fullname.split(".")[1]
        if known is None or known.target != target:
            gone = () if known is None else (drop_constraint(table, str(key.name)),)
            yield TableChange("link", element, table.name, (*gone, AddConstraint(key)), field)
    element, before = names.called[table.name, None][0], _checks(names.old.get(table.name))
    for name, constraint in _checks(table).items():
        added = AddConstraint(constraint)
        if name not in existing.checks:
            yield TableChange("link", element, table.name, (added,))
        elif name in before and str(before[name].sqltext) != str(constraint.sqltext):
            yield TableChange("link", element, table.name, (drop_constraint(table, name), added))


def _checks(table: sa.Table | None) -> Mapping[str, sa.CheckConstraint]:
    found = () if table is None else table.constraints
    return {str(check.name): check for check in found if isinstance(check, sa.CheckConstraint)}


def _indexes(table: sa.Table, existing: ExistingTable, names: _LookedAt) -> Iterator[TableChange]:
    """Indexes of a table that there is: new ones, changed ones, and those asked for no longer.

    An index that neither model names was made by somebody else and is left alone.
    """
    wanted, known = _by_name(table), _by_name(names.old.get(table.name))
    for name, index in wanted.items():
        if name not in existing.indexes:
            yield _index(table, name, (CreateIndex(index),), index)
        elif name in known and _definition(known[name]) != _definition(index):
            yield _index(table, name, (DropIndex(known[name]), CreateIndex(index)), index)
    for name in known.keys() & existing.indexes - wanted.keys():
        yield _index(table, name, (DropIndex(known[name]),))


def _by_name(table: sa.Table | None) -> Mapping[str, sa.Index]:
    return {} if table is None else {str(index.name): index for index in table.indexes}


def _index(
    table: sa.Table, name: str, statements: tuple[Statement, ...], made: sa.Index | None = None
) -> TableChange:
    return TableChange("index", f"index {name}", table.name, statements, index=made)


def _definition(index: sa.Index) -> str:
    return sql_text(CreateIndex(index))
