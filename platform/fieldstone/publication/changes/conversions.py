"""Fields that get another type: what becomes of their values, looked at before and done in the publication.

Columns change in place where SQL says the new value; where the new type reads texts, a column is filled
beside the old one, record by record. Values that do not convert go into the archive. The history keeps what
was written, as it was written then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic.ddl.base import AddColumn
from sqlalchemy.dialects import postgresql

from fieldstone.database.system import SystemTables
from fieldstone.fields.conversions import Conversion, conversion_of, converted, text_of
from fieldstone.fields.names import identifier
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_list import StoredList
from fieldstone.fields.texts import ISO
from fieldstone.model.indexes import TableSource
from fieldstone.model.model import Entity, Field, Model
from fieldstone.model.system_fields import TITLE
from fieldstone.publication.changes.existing import ExistingTable
from fieldstone.publication.changes.removals import columns_of
from fieldstone.publication.changes.renames import Renames
from fieldstone.publication.changes.statements import DIALECT, InPython, Statement, ddl
from fieldstone.publication.changes.table_change import Example, TableChange

_BATCH = 2000
_EXAMPLES = 10
_LONGEST_EXAMPLE = 80


@dataclass(frozen=True, eq=False)
class FieldConversion:
    """A field that holds its values otherwise from now on.

    entity: by its new name. before: the entity in force, with `old`; stored: the same called as it will be,
    with `old_named`. how: None for a stored formula, which is computed again.
    """

    entity: str
    before: Entity
    old: Field
    stored: Entity
    old_named: Field
    new: Field
    how: Conversion | None

    @property
    def element(self) -> str:
        """What people call it."""
        return f"field {self.entity}.{self.new.name}"

    @property
    def same_storage(self) -> bool:
        """Whether the column stays as it is."""
        return _sql_type(self.old_named.columns[0]) == _sql_type(self.new.columns[0])

    def archived_as(self, version: int) -> str:
        """The name of the table in the archive for values that do not convert."""
        return identifier(f"v{version}", self.entity, self.new.name, "converted")


def conversions_between(  # noqa: PLR0917  # models, and what is known of their difference
    old: Model | None,
    stored: Model | None,
    new: Model,
    renames: Renames,
    changed: Collection[str],
    expressed: Collection[Field],
) -> tuple[FieldConversion, ...]:
    """The fields of both models whose values convert. changed: the entities that may hold some. expressed:
    the fields that come by their values otherwise.
    """
    if old is None or stored is None:
        return ()
    found = _conversions(old, stored, new, renames, changed)
    return tuple(each for each in found if each.new not in expressed)


def _conversions(
    old: Model, stored: Model, new: Model, renames: Renames, changed: Collection[str]
) -> Iterator[FieldConversion]:
    for name in sorted(changed & new.entities.keys()):
        before = old.entities.get(renames.entity_before(name))
        for field in new.entities[name].fields.values() if before is not None else ():
            known = before.fields.get(renames.field_before(name, field.name)) if before else None
            if before is None or known is None:
                continue
            how = conversion_of(known.type, field.type)
            named = stored.entities[before.name]
            pair = FieldConversion(name, before, known, named, named.fields[known.name], field, how)
            if how is not None or _other_formula(pair):
                yield pair


def _other_formula(pair: FieldConversion) -> bool:
    one_column = len(pair.old_named.columns) == len(pair.new.columns) == 1
    return bool(pair.old.formula and pair.new.formula and one_column and not pair.same_storage)


def _sql_type(column: sa.Column[Any]) -> str:
    return column.type.compile(dialect=DIALECT)


# ---- looking


def converting(
    connection: sa.Connection,
    system: SystemTables,
    version: int,
    conversions: Sequence[FieldConversion],
    existing: Mapping[str, ExistingTable],
) -> Iterator[TableChange]:
    """The changes that convert. existing: the tables of the database, called as they will be."""
    for each in conversions:
        table = existing.get(each.stored.table.name)
        if table is None or each.old_named.columns[0].name not in table.columns:
            continue
        lost, examples = _lost(connection, each)
        statements = tuple(_statements(system, version, each, table, lost=bool(lost)))
        name = each.archived_as(version)
        archived = f", {lost:,} that do not are archived as {name}" if lost else ""
        yield TableChange(
            "convert",
            each.element,
            each.new.columns[0].table.name,
            statements,
            each.new,
            each.new.columns[0].name,
            detail=f"{_words(each)}{archived}",
            destructive=bool(lost),
            lost=lost,
            examples=examples,
        )


def _words(each: FieldConversion) -> str:
    if each.how is None:
        return "computed again"
    return f"values convert from {each.old.declaration.type} ({each.how.certainty})"


def _lost(connection: sa.Connection, each: FieldConversion) -> tuple[int, tuple[Example, ...]]:
    """How many values do not convert, and the first of them."""
    if each.how is None:
        return 0, ()
    table, field = each.before.table, each.old
    source = TableSource(table)
    shown = text_of(field.type, source)
    asked = sa.select(table.c.id, table.c[TITLE], shown).where(_filled(field, table)).order_by(table.c.id)
    if each.how.sql is not None:
        bad = asked.where(converted(each.how.sql, field.type, each.new.type, source).is_(None))
        count = connection.scalar(sa.select(sa.func.count()).select_from(bad.order_by(None).subquery()))
        return count or 0, tuple(_example(*row) for row in connection.execute(bad.limit(_EXAMPLES)))
    read = _reader(each.new)
    lost, examples = 0, []
    for id_, title, text in connection.execute(asked.execution_options(yield_per=_BATCH)):
        if read(text) is _REFUSED:
            lost += 1
            if lost <= _EXAMPLES:
                examples.append(_example(id_, title, text))
    return lost, tuple(examples)


def _example(id_: UUID, title: str | None, text: str) -> Example:
    cut = text if len(text) <= _LONGEST_EXAMPLE else f"{text[:_LONGEST_EXAMPLE]}…"
    return Example(str(id_), title or "", cut)


def _filled(field: Field, table: sa.Table) -> sa.ColumnElement[bool]:
    column = table.c[field.columns[0].key]
    return sa.func.cardinality(column) > 0 if isinstance(field.type, StoredList) else column.is_not(None)


_REFUSED: Any = object()


def _reader(new: Field) -> Callable[[str], Any]:
    """Text → what the column of the new field holds for it; `_REFUSED` where the type does not read it."""
    column = new.columns[0].name

    @lru_cache(100_000)
    def read(text: str) -> Any:
        try:
            return new.type.to_row(new.type.parse_text(text, ISO))[column]
        except ValueRefused:
            return _REFUSED

    return read


# ---- doing


def _statements(
    system: SystemTables, version: int, each: FieldConversion, table: ExistingTable, *, lost: bool
) -> Iterator[Statement]:
    if each.how is None:
        yield ddl(f"ALTER TABLE {_table(each)} DROP COLUMN {_column(each.new)}")
        yield _added(each, each.new.columns[0].name)
    elif each.how.sql is None:
        yield from _filled_beside(system, version, each, lost=lost)
    else:
        yield from _in_place(system, version, each, table, lost=lost)
    if lost:
        yield _noted(system, version, each)


def _table(each: FieldConversion) -> str:
    table = each.stored.table
    return f'"{table.schema}"."{table.name}"'


def _column(field: Field) -> str:
    return f'"{field.columns[0].name}"'


def _in_place(
    system: SystemTables, version: int, each: FieldConversion, existing: ExistingTable, *, lost: bool
) -> Iterator[Statement]:
    """One rewriting of the table by PostgreSQL, or none where only values go."""
    table, field = each.stored.table, each.old_named
    assert each.how is not None
    assert each.how.sql is not None
    value = converted(each.how.sql, field.type, each.new.type, TableSource(table))
    bad = sa.and_(_filled(field, table), value.is_(None))
    if lost:
        yield ddl(f"CREATE TABLE {_archive(system, version, each)} AS {_kept(each)} WHERE {_literal(bad)}")
        yield ddl(f"ALTER TABLE {_archive(system, version, each)} ADD PRIMARY KEY (id)")
    if each.same_storage:
        if lost:
            yield sa.update(table).values({field.columns[0].key: None}).where(bad)
        return
    for index in _indexes_on(each) & existing.indexes:
        yield ddl(f'DROP INDEX "{table.schema}"."{index}"')
    yield ddl(f"ALTER TABLE {_table(each)} {', '.join(_alterations(each, value))}")


def _alterations(each: FieldConversion, value: sa.ColumnElement[Any]) -> Iterator[str]:
    """The parts of the statement that gives a column its new type."""
    old, new = each.old_named.columns[0], each.new.columns[0]
    alter = f"ALTER COLUMN {_column(each.new)}"
    if not old.nullable:
        yield f"{alter} DROP NOT NULL"
        yield f"{alter} DROP DEFAULT"
    if not new.nullable:
        value = sa.func.coalesce(value, sa.literal_column(str(new.server_default.arg)))  # type: ignore[union-attr]  # lists have one
    kind = _sql_type(new)
    yield f"{alter} TYPE {kind} USING {_cast(value, new)}"
    if not new.nullable:
        yield f"{alter} SET DEFAULT {new.server_default.arg}"  # type: ignore[union-attr]  # lists have one
        yield f"{alter} SET NOT NULL"


def _cast(value: sa.ColumnElement[Any], column: sa.Column[Any]) -> str:
    return _literal(sa.cast(value, column.type))


def _literal(expression: sa.ColumnElement[Any]) -> str:
    """An expression of ours with its values in it, for statements that take no parameters."""
    compiled = expression.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True})
    return str(compiled).replace("%%", "%")


def _indexes_on(each: FieldConversion) -> frozenset[str]:
    column = each.old_named.columns[0].name
    return frozenset(str(index.name) for index in each.stored.table.indexes if column in columns_of(index))


def _added(each: FieldConversion, name: str) -> Statement:
    column = each.new.columns[0]
    table = each.stored.table
    return AddColumn(table.name, sa.Column(name, column.type), schema=table.schema)


def _filled_beside(
    system: SystemTables, version: int, each: FieldConversion, *, lost: bool
) -> Iterator[Statement]:
    beside = identifier("_new", each.new.columns[0].name)
    archive = _archive(system, version, each)
    if lost:
        yield ddl(f"CREATE TABLE {archive} AS {_kept(each)} WHERE false")
        yield ddl(f"ALTER TABLE {archive} ADD PRIMARY KEY (id)")
    yield _added(each, beside)
    text = f"{each.element}: its values as {each.new.declaration.type} reads them, record by record"
    yield InPython(text, lambda connection: _read_all(connection, each, beside, archive))
    yield ddl(f"ALTER TABLE {_table(each)} DROP COLUMN {_column(each.new)}")
    yield ddl(f'ALTER TABLE {_table(each)} RENAME COLUMN "{beside}" TO {_column(each.new)}')


def _read_all(connection: sa.Connection, each: FieldConversion, beside: str, archive: str) -> None:
    table, field, read = each.stored.table, each.old_named, _reader(each.new)
    asked = sa.select(table.c.id, text_of(field.type, TableSource(table))).where(_filled(field, table))
    asked = asked.order_by(table.c.id).limit(_BATCH)
    rows = connection.execute(asked).all()
    while rows:
        values = {id_: read(text) for id_, text in rows}
        _write(connection, each, beside, {id_: v for id_, v in values.items() if v is not _REFUSED})
        refused = [id_ for id_, value in values.items() if value is _REFUSED]
        if refused:
            into = f"INSERT INTO {archive} {_kept(each)} WHERE id = ANY (%s)"
            connection.exec_driver_sql(into, (refused,))
        rows = connection.execute(asked.where(table.c.id > rows[-1][0])).all()


def _write(connection: sa.Connection, each: FieldConversion, beside: str, values: Mapping[UUID, Any]) -> None:
    kind, table = each.new.columns[0].type, each.stored.table
    ids = sa.literal(list(values), postgresql.ARRAY(sa.Uuid))
    cells = sa.literal(list(values.values()), postgresql.ARRAY(kind))
    given = sa.func.unnest(ids, cells).table_valued("id", "value").render_derived()
    target = sa.table(table.name, sa.column("id"), sa.column(beside), schema=table.schema)
    connection.execute(sa.update(target).values({beside: given.c.value}).where(target.c.id == given.c.id))


# ---- the archive


def _archive(system: SystemTables, version: int, each: FieldConversion) -> str:
    return f'"{system.archive_schema}"."{each.archived_as(version)}"'


def _kept(each: FieldConversion) -> str:
    return f"SELECT id, {_column(each.new)} FROM {_table(each)}"  # noqa: S608  # checked names


def _noted(system: SystemTables, version: int, each: FieldConversion) -> Statement:
    name = each.archived_as(version)
    archived = sa.table(name, schema=system.archive_schema)
    return sa.insert(system.archive).values(
        name=name,
        publication=version,
        kind="columns",
        entity=each.entity,
        field=each.new.name,
        called=each.new.name,
        rows=sa.select(sa.func.count()).select_from(archived).scalar_subquery(),
    )


def without_converted(
    existing: Mapping[str, ExistingTable], conversions: Sequence[FieldConversion]
) -> dict[str, ExistingTable]:
    """The tables as they are once that is done: indexes of what got another column are made again."""
    found = dict(existing)
    for each in conversions:
        table = found.get(each.stored.table.name)
        moved = not each.same_storage or each.how is None or each.how.sql is None
        if table is not None and moved:
            column = each.new.columns[0]
            columns = {**table.columns, column.name: column.type}
            found[table.name] = replace(table, columns=columns, indexes=table.indexes - _indexes_on(each))
    return found
