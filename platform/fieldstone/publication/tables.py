"""What the database lacks to hold a model, found by alembic and put into words and statements."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations
from alembic.ddl.base import AddColumn
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable, DropIndex, ExecutableDDLElement

from fieldstone.database.system import SystemTables
from fieldstone.model.model import Entity, Field, Model
from fieldstone.publication import table_states

Statement = ExecutableDDLElement | sa.Update
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves dialects untyped


@dataclass(frozen=True)
class TableChange:
    """One change of a table.

    action: "create", "add", "link" (constraints), "index", and "drop" and "convert", which have no
    statements because they are not done. element: what people call it (`field account.rating`). unknown:
    the published model does not know what would be dropped, so somebody else made it.
    """

    action: str
    element: str
    table: str
    statements: tuple[Statement, ...] = ()
    field: Field | None = None
    column: str | None = None
    unknown: bool = False
    detail: str = ""


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
    connection: sa.Connection, system: SystemTables, old: Model | None, new: Model, changed: Collection[str]
) -> list[TableChange]:
    """All that separates the tables in the database from those that `new` needs, in the order to do it in.

    changed: the entities whose declarations differ. Of the others only those tables are looked at that are
    not as the last publication left them, so that a plan costs what changes and not what there is.
    """
    looked_at = _looked_at(old, new, changed, table_states.altered(connection, system, new.schema))
    existing = _Existing(connection, new.schema, looked_at.names)
    _make_targets(new, looked_at)
    found = [change for table in looked_at.new.values() for change in _missing(table, existing, looked_at)]
    found += [_drop(name, None, looked_at) for name in sorted(existing.tables - looked_at.new.keys())]
    found += [
        change
        for op in _migration(connection, looked_at, existing)
        for change in _from_operation(op, looked_at)
    ]
    found += _checks(existing, looked_at)
    found += _indexes(existing, looked_at)
    return sorted(found, key=lambda change: _ORDER[change.action])


_ORDER = {"drop": 0, "convert": 1, "create": 2, "add": 3, "link": 4, "index": 5}


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


class _Existing:
    """What the database has of some tables: names, and those of check constraints and indexes by table."""

    def __init__(self, connection: sa.Connection, schema: str, names: Collection[str]) -> None:
        inspector, asked = sa.inspect(connection), sorted(names)
        self.tables = set(names) & set(inspector.get_table_names(schema=schema))
        self.checks = {
            table: {check["name"] for check in found}
            for (_, table), found in inspector.get_multi_check_constraints(
                schema=schema, filter_names=asked
            ).items()
        }
        self.indexes = {
            table: {str(index["name"]) for index in found}
            for (_, table), found in inspector.get_multi_indexes(schema=schema, filter_names=asked).items()
        }


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


def _migration(
    connection: sa.Connection, looked_at: _LookedAt, existing: _Existing
) -> Iterator[ops.MigrateOperation]:
    """What alembic finds in the tables that are there and stay."""
    tables = [table for name, table in looked_at.new.items() if name in existing.tables]
    if not tables:
        return
    schema, names = tables[0].schema, {table.name for table in tables}
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _parent: {
            "schema": name == schema,
            "table": name in names,
        }.get(kind, True),
        # Indexes and unique constraints are compared by name and by the published model, see _indexes.
        "include_object": lambda _object, name, kind, _reflected, _other: (
            kind not in {"index", "unique_constraint"} and (kind != "table" or name in names)
        ),
        "compare_type": True,
        "compare_server_default": False,
    }
    context = MigrationContext.configure(connection, opts=options)
    with warnings.catch_warnings():
        # Users own teams and teams hold users: the order of tables does not matter, links are made last.
        warnings.filterwarnings("ignore", message="Cannot correctly sort tables", category=sa.exc.SAWarning)
        script = produce_migrations(context, _apart(tables))
    upgrade = script.upgrade_ops
    for op in upgrade.ops if upgrade else ():
        yield from op.ops if isinstance(op, ops.ModifyTableOps) else (op,)


def _apart(tables: Iterable[sa.Table]) -> sa.MetaData:
    """Copies of some tables, with no more of those that they refer to than the key: alembic looks at all that
    a `MetaData` holds.
    """
    apart = sa.MetaData()
    for table in tables:
        table.to_metadata(apart)
    for table in list(apart.tables.values()):
        for key in table.foreign_keys:
            schema, name, column = key.target_fullname.split(".")
            if f"{schema}.{name}" not in apart.tables:
                sa.Table(name, apart, sa.Column(column, sa.Uuid, primary_key=True), schema=schema)
    return apart


def _make_targets(new: Model, looked_at: _LookedAt) -> None:
    """Have the tables made to which foreign keys of the tables lead: their statements name them."""
    targets = {key.target_fullname.split(".")[1] for t in looked_at.new.values() for key in t.foreign_keys}
    for name in targets:
        new.entities[name].table  # noqa: B018  # it is made when it is asked for


def _missing(table: sa.Table, existing: _Existing, names: _LookedAt) -> Iterator[TableChange]:
    if table.name not in existing.tables:
        yield from _create_table(table, names)


def _from_operation(op: ops.MigrateOperation, names: _LookedAt) -> Iterator[TableChange]:
    if isinstance(op, ops.AddColumnOp):
        yield _add_column(op, names)
    elif isinstance(op, ops.CreateForeignKeyOp):
        yield _link(op, names)
    elif isinstance(op, ops.DropColumnOp):
        yield _drop(op.table_name, op.column_name, names)
    elif isinstance(op, ops.AlterColumnOp) and op.modify_type is not None:
        yield _convert(op, names)


def _create_table(table: sa.Table, names: _LookedAt) -> Iterator[TableChange]:
    element, field = names.called[table.name, None]
    statement = CreateTable(table, include_foreign_key_constraints=[])
    yield TableChange("create", element, table.name, (statement,), field)
    for constraint in sorted(table.foreign_key_constraints, key=lambda found: str(found.name)):
        yield TableChange("link", element, table.name, (AddConstraint(constraint),))
    for index in sorted(table.indexes, key=lambda found: str(found.name)):
        yield TableChange("index", element, table.name, (CreateIndex(index),))


def _add_column(op: ops.AddColumnOp, names: _LookedAt) -> TableChange:
    element, field = names.called[op.table_name, op.column.name]
    # A copy without its foreign key, which is added by name as a step of its own.
    given = op.column
    column: sa.Column[Any] = sa.Column(
        given.name, given.type, server_default=given.server_default, nullable=given.nullable
    )
    statement = AddColumn(op.table_name, column, schema=op.schema)
    return TableChange("add", element, op.table_name, (statement,), field, given.name)


def _link(op: ops.CreateForeignKeyOp, names: _LookedAt) -> TableChange:
    table = names.new[op.source_table]
    constraint = next(found for found in table.foreign_key_constraints if found.name == op.constraint_name)
    element, field = names.called[table.name, constraint.column_keys[0]]
    return TableChange("link", element, table.name, (AddConstraint(constraint),), field)


def _drop(table: str, column: str | None, names: _LookedAt) -> TableChange:
    found = names.called_before.get((table, column))
    element, field = found or (f"column {table}.{column}" if column else f"table {table}", None)
    return TableChange("drop", element, table, field=field, column=column, unknown=found is None)


def _convert(op: ops.AlterColumnOp, names: _LookedAt) -> TableChange:
    element, field = names.called[op.table_name, op.column_name]
    detail = f"from {op.existing_type} to {op.modify_type}"
    return TableChange("convert", element, op.table_name, field=field, column=op.column_name, detail=detail)


def _checks(existing: _Existing, names: _LookedAt) -> Iterator[TableChange]:
    """Check constraints that a table which exists already lacks; alembic does not look at them."""
    for table in names.new.values():
        if table.name not in existing.checks:
            continue
        element = names.called[table.name, None][0]
        for constraint in table.constraints:
            if (
                isinstance(constraint, sa.CheckConstraint)
                and constraint.name not in existing.checks[table.name]
            ):
                yield TableChange("link", element, table.name, (AddConstraint(constraint),))


def _indexes(existing: _Existing, names: _LookedAt) -> Iterator[TableChange]:
    """Indexes of tables that exist already: new ones, changed ones, and those asked for no longer.

    An index that neither model names was made by somebody else and is left alone.
    """
    for table in names.new.values():
        if table.name not in existing.indexes:
            continue
        wanted, known = _by_name(table), _by_name(names.old.get(table.name))
        for name, index in wanted.items():
            if name not in existing.indexes[table.name]:
                yield _index(table, name, (CreateIndex(index),))
            elif name in known and _definition(known[name]) != _definition(index):
                yield _index(table, name, (DropIndex(known[name]), CreateIndex(index)))
        for name in known.keys() & existing.indexes[table.name] - wanted.keys():
            yield _index(table, name, (DropIndex(known[name]),))


def _by_name(table: sa.Table | None) -> Mapping[str, sa.Index]:
    return {} if table is None else {str(index.name): index for index in table.indexes}


def _index(table: sa.Table, name: str, statements: tuple[Statement, ...]) -> TableChange:
    return TableChange("index", f"index {name}", table.name, statements)


def _definition(index: sa.Index) -> str:
    return sql_text(CreateIndex(index))


def sql_text(statement: Statement) -> str:
    """A statement as PostgreSQL gets it, on one line."""
    return " ".join(str(statement.compile(dialect=_DIALECT)).split())
