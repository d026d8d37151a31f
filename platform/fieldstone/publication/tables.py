"""What the database lacks to hold a model, found by alembic and put into words and statements."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations
from alembic.ddl.base import AddColumn
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable, DropIndex, ExecutableDDLElement

from fieldstone.model.model import Field, Model

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


def table_changes(connection: sa.Connection, old: Model | None, new: Model) -> list[TableChange]:
    """All that separates the tables in the database from those that `new` needs, in the order to do it in."""
    migration = _migration(connection, new)
    existing = _Existing(connection, new.schema)
    names = _Names(old, new)
    found = [change for op in migration for change in _from_operation(op, names, new)]
    found += _checks(existing, names, new)
    found += _indexes(existing, old, new)
    return sorted(found, key=lambda change: _ORDER[change.action])


_ORDER = {"drop": 0, "convert": 1, "create": 2, "add": 3, "link": 4, "index": 5}


class _Existing:
    """What the database has: names of tables, and names of check constraints and indexes by table."""

    def __init__(self, connection: sa.Connection, schema: str) -> None:
        inspector = sa.inspect(connection)
        self.checks = {
            table: {check["name"] for check in found}
            for (_, table), found in inspector.get_multi_check_constraints(schema=schema).items()
        }
        self.indexes = {
            table: {str(index["name"]) for index in found}
            for (_, table), found in inspector.get_multi_indexes(schema=schema).items()
        }


class _Names:
    """(Table, column or None for the table itself) → what people call it, in the old and the new model."""

    def __init__(self, old: Model | None, new: Model) -> None:
        self.old = _named(old) if old else {}
        self.new = _named(new)


def _named(model: Model) -> dict[tuple[str, str | None], tuple[str, Field | None]]:
    named: dict[tuple[str, str | None], tuple[str, Field | None]] = {}
    for entity in model.entities.values():
        named[entity.table.name, None] = (f"entity {entity.name}", None)
        for column in entity.table.columns:
            named[entity.table.name, column.name] = (f"column {entity.name}.{column.name}", None)
        for field in (*entity.system.values(), *entity.fields.values()):
            element = (f"field {entity.name}.{field.name}", field)
            named.update({(entity.table.name, column.name): element for column in field.columns})
            if field.link is not None and field.link.through is None:
                named[field.link.table.name, None] = element
    return named


def _migration(connection: sa.Connection, new: Model) -> Iterator[ops.MigrateOperation]:
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _parent: kind != "schema" or name == new.schema,
        # Indexes and unique constraints are compared by name and by the published model, see _indexes.
        "include_object": lambda _object, _name, kind, _reflected, _other: (
            kind not in {"index", "unique_constraint"}
        ),
        "compare_type": True,
        "compare_server_default": False,
    }
    context = MigrationContext.configure(connection, opts=options)
    with warnings.catch_warnings():
        # Users own teams and teams hold users: the order of tables does not matter, links are made last.
        warnings.filterwarnings("ignore", message="Cannot correctly sort tables", category=sa.exc.SAWarning)
        script = produce_migrations(context, new.metadata)
    upgrade = script.upgrade_ops
    for op in upgrade.ops if upgrade else ():
        yield from op.ops if isinstance(op, ops.ModifyTableOps) else (op,)


def _from_operation(op: ops.MigrateOperation, names: _Names, new: Model) -> Iterator[TableChange]:
    if isinstance(op, ops.CreateTableOp):
        yield from _create_table(_table(new, op.table_name), names)
    elif isinstance(op, ops.AddColumnOp):
        yield _add_column(op, names)
    elif isinstance(op, ops.CreateForeignKeyOp):
        yield _link(op, names, new)
    elif isinstance(op, ops.DropTableOp):
        yield _drop(op.table_name, None, names)
    elif isinstance(op, ops.DropColumnOp):
        yield _drop(op.table_name, op.column_name, names)
    elif isinstance(op, ops.AlterColumnOp) and op.modify_type is not None:
        yield _convert(op, names)


def _table(model: Model, name: str) -> sa.Table:
    return model.metadata.tables[f"{model.schema}.{name}"]


def _create_table(table: sa.Table, names: _Names) -> Iterator[TableChange]:
    element, field = names.new[table.name, None]
    statement = CreateTable(table, include_foreign_key_constraints=[])
    yield TableChange("create", element, table.name, (statement,), field)
    for constraint in sorted(table.foreign_key_constraints, key=lambda found: str(found.name)):
        yield TableChange("link", element, table.name, (AddConstraint(constraint),))
    for index in sorted(table.indexes, key=lambda found: str(found.name)):
        yield TableChange("index", element, table.name, (CreateIndex(index),))


def _add_column(op: ops.AddColumnOp, names: _Names) -> TableChange:
    element, field = names.new[op.table_name, op.column.name]
    # A copy without its foreign key, which is added by name as a step of its own.
    given = op.column
    column: sa.Column[Any] = sa.Column(
        given.name, given.type, server_default=given.server_default, nullable=given.nullable
    )
    statement = AddColumn(op.table_name, column, schema=op.schema)
    return TableChange("add", element, op.table_name, (statement,), field, given.name)


def _link(op: ops.CreateForeignKeyOp, names: _Names, new: Model) -> TableChange:
    table = _table(new, op.source_table)
    constraint = next(found for found in table.foreign_key_constraints if found.name == op.constraint_name)
    element, field = names.new[table.name, constraint.column_keys[0]]
    return TableChange("link", element, table.name, (AddConstraint(constraint),), field)


def _drop(table: str, column: str | None, names: _Names) -> TableChange:
    found = names.old.get((table, column))
    element, field = found or (f"column {table}.{column}" if column else f"table {table}", None)
    return TableChange("drop", element, table, field=field, column=column, unknown=found is None)


def _convert(op: ops.AlterColumnOp, names: _Names) -> TableChange:
    element, field = names.new[op.table_name, op.column_name]
    detail = f"from {op.existing_type} to {op.modify_type}"
    return TableChange("convert", element, op.table_name, field=field, column=op.column_name, detail=detail)


def _checks(existing: _Existing, names: _Names, new: Model) -> Iterator[TableChange]:
    """Check constraints that a table which exists already lacks; alembic does not look at them."""
    for table in new.metadata.tables.values():
        if table.name not in existing.checks:
            continue
        element = names.new[table.name, None][0]
        for constraint in table.constraints:
            if (
                isinstance(constraint, sa.CheckConstraint)
                and constraint.name not in existing.checks[table.name]
            ):
                yield TableChange("link", element, table.name, (AddConstraint(constraint),))


def _indexes(existing: _Existing, old: Model | None, new: Model) -> Iterator[TableChange]:
    """Indexes of tables that exist already: new ones, changed ones, and those asked for no longer.

    An index that neither model names was made by somebody else and is left alone.
    """
    for table in new.metadata.tables.values():
        if table.name not in existing.indexes:
            continue
        wanted = {str(index.name): index for index in table.indexes}
        known = _known_indexes(old, table.name)
        for name, index in wanted.items():
            if name not in existing.indexes[table.name]:
                yield _index(table, name, (CreateIndex(index),))
            elif name in known and _definition(known[name]) != _definition(index):
                yield _index(table, name, (DropIndex(known[name]), CreateIndex(index)))
        for name in known.keys() & existing.indexes[table.name] - wanted.keys():
            yield _index(table, name, (DropIndex(known[name]),))


def _known_indexes(old: Model | None, table: str) -> Mapping[str, sa.Index]:
    found = old.metadata.tables.get(f"{old.schema}.{table}") if old else None
    return {} if found is None else {str(index.name): index for index in found.indexes}


def _index(table: sa.Table, name: str, statements: tuple[Statement, ...]) -> TableChange:
    return TableChange("index", f"index {name}", table.name, statements)


def _definition(index: sa.Index) -> str:
    return sql_text(CreateIndex(index))


def sql_text(statement: Statement) -> str:
    """A statement as PostgreSQL gets it, on one line."""
    return " ".join(str(statement.compile(dialect=_DIALECT)).split())
