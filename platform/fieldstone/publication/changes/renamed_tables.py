"""What renames mean for tables: columns, constraints and indexes are called after entities and fields."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql import quoted_name

from fieldstone.fields.formula import FormulaType
from fieldstone.fields.names import identifier
from fieldstone.fields.reference import ReferenceType
from fieldstone.model.compile import compile_model
from fieldstone.model.model import Entity, Field, Model
from fieldstone.publication.changes.existing import ExistingTable, ForeignKey
from fieldstone.publication.changes.renames import Names, Renames, one_after_another
from fieldstone.publication.changes.statements import ddl, sql_text
from fieldstone.publication.changes.table_change import TableChange


@dataclass(frozen=True)
class TableMove:
    """What changes its name in one table. element: what people call it, by its new name.

    columns, constraints, indexes: old name → new name; the index of the primary key is among the indexes.
    fields: column (old name) → what people call the field whose column it is.
    """

    element: str
    before: str
    after: str
    columns: Names
    constraints: Names
    indexes: Names
    fields: Names

    def __bool__(self) -> bool:
        """Whether anything does."""
        names = (*self.columns.items(), *self.constraints.items(), *self.indexes.items())
        return self.before != self.after or any(old != new for old, new in names)


def renamed_model(
    old: Model, new: Model, renames: Renames, changed: Collection[str]
) -> tuple[Model, tuple[TableMove, ...]]:
    """The model in force with its tables and columns called as they will be, and what that renames.

    Its entities and fields keep their names. The given models are not touched. changed: the entities whose
    declarations differ.
    """
    concerned = [pair for pair in _pairs(old, new, renames) if _concerns(*pair, renames, changed)]
    if not concerned:
        return old, ()
    copy = compile_model(old.application, version=old.version, schema=old.schema)
    moves = [
        move
        for before, after in concerned
        for move in _entity_moves(copy.entities[before.name], after, renames)
    ]
    return copy, tuple(move for move in moves if move)


def _pairs(old: Model, new: Model, renames: Renames) -> Iterator[tuple[Entity, Entity]]:
    """The entities of both models."""
    for name, before in old.entities.items():
        after = new.entities.get(renames.entity(name))
        if after is not None:
            yield before, after


def _concerns(old: Entity, new: Entity, renames: Renames, changed: Collection[str]) -> bool:
    """Whether anything of an entity may be called otherwise: it, its fields, or where its references lead."""
    if old.name != new.name or new.name in renames.fields:
        return True
    return new.name in changed and any(
        _targets_move(before, new.fields[before.name], renames)
        for before in old.fields.values()
        if before.name in new.fields
    )


def _targets_move(old: Field, new: Field, renames: Renames) -> bool:
    """Whether a reference keeps the ids of some target in a column of another name from now on."""
    before, after = _targets(old), _targets(new)
    return any(after.get(renames.entity(target), column) != column for target, column in before.items())


def _entity_moves(old: Entity, new: Entity, renames: Renames) -> Iterator[TableMove]:
    pairs = [
        (field, new.fields[name])
        for field in old.fields.values()
        if (name := renames.field(new.name, field.name)) in new.fields
    ]
    columns: dict[str, str] = {}
    fields: dict[str, str] = {}
    for before, after in pairs:
        found = _columns(before, after, renames)
        columns |= found
        fields |= dict.fromkeys(found, f"field {new.name}.{after.name}")
    checks = dict(_checks(old, new, pairs))
    yield _move(f"entity {new.name}", old.table, new.table, columns=columns, checks=checks, fields=fields)
    for before, after in pairs:
        yield from _link_moves(new.name, before, after)


def _link_moves(entity: str, old: Field, new: Field) -> Iterator[TableMove]:
    if old.link is None or new.link is None or old.link.through or new.link.through:
        return
    yield _move(
        f"field {entity}.{new.name}", old.link.table, new.link.table, columns={}, checks={}, fields={}
    )


def _columns(old: Field, new: Field, renames: Renames) -> Names:
    """The columns of a field, each with its name to be. The type of the field may be another one by then."""
    before, after = _targets(old), _targets(new)
    if before and after:
        by_target = {column: after.get(renames.entity(target)) for target, column in before.items()}
        return {column: name or _follow(column, old, new) for column, name in by_target.items()}
    return {column.name: _follow(column.name, old, new) for column in old.columns}


def _targets(field: Field) -> Mapping[str, str]:
    return field.type.targets if isinstance(field.type, ReferenceType | FormulaType) else {}


def _follow(column: str, old: Field, new: Field) -> str:
    if column == old.name:
        return new.name
    return identifier(new.name, column.removeprefix(f"{old.name}__"))


def _checks(old: Entity, new: Entity, pairs: Sequence[tuple[Field, Field]]) -> Iterator[tuple[str, str]]:
    """The constraints that fields bring along, where a field keeps its type."""
    for before, after in pairs:
        if type(before.type) is type(after.type):
            both = zip(before.type.constraints(), after.type.constraints(), strict=False)
            for one, other in both:
                yield (
                    identifier(f"ck_{old.name}", str(one.name)),
                    identifier(f"ck_{new.name}", str(other.name)),
                )


def _move(
    element: str, old: sa.Table, new: sa.Table, *, columns: Names, checks: Names, fields: Names
) -> TableMove:
    """What changes between two tables, of which the old one is given its new names here."""
    before = old.name
    for column in old.columns:
        column.name = columns.get(column.name, column.name)
    old.name = new.name
    keys = {tuple(key.columns.keys()): str(key.name) for key in new.foreign_key_constraints}
    constraints = {
        str(key.name): keys.get(tuple(column.name for column in key.columns), str(key.name))
        for key in old.foreign_key_constraints
    }
    wanted = {_definition(index): str(index.name) for index in new.indexes}
    indexes = {str(index.name): wanted.get(_definition(index), str(index.name)) for index in old.indexes}
    indexes[str(old.primary_key.name)] = str(new.primary_key.name)
    for index in old.indexes:
        index.name = quoted_name(indexes[str(index.name)], None)
    return TableMove(element, before, new.name, columns, {**constraints, **checks}, indexes, fields)


def _definition(index: sa.Index) -> str:
    """What an index is, but for its name."""
    return f"{index.unique} {sql_text(CreateIndex(index)).split(' ON ', 1)[1]}"


def after_moves(
    existing: Mapping[str, ExistingTable], moves: Sequence[TableMove]
) -> dict[str, ExistingTable]:
    """The tables of the database as they will be called."""
    by_name = {move.before: move for move in moves}
    tables = {move.before: move.after for move in moves}
    found = (_moved(table, by_name.get(name), tables) for name, table in existing.items())
    return {table.name: table for table in found}


def _moved(table: ExistingTable, move: TableMove | None, tables: Names) -> ExistingTable:
    found = move or TableMove("", table.name, table.name, {}, {}, {}, {})
    return ExistingTable(
        found.after,
        {found.columns.get(name, name): kind for name, kind in table.columns.items()},
        {
            found.constraints.get(name, name): ForeignKey(
                tuple(found.columns.get(column, column) for column in key.columns),
                tables.get(key.target, key.target),
            )
            for name, key in table.keys.items()
        },
        frozenset(found.constraints.get(name, name) for name in table.checks),
        frozenset(found.indexes.get(name, name) for name in table.indexes),
        found.indexes.get(str(table.primary), table.primary),
    )


def rename_statements(
    schema: str, moves: Sequence[TableMove], existing: Mapping[str, ExistingTable]
) -> Iterator[TableChange]:
    """The changes that give tables and what is in them their new names, as far as the database has them."""
    known = [move for move in moves if move.before in existing]
    by_table = {move.before: move for move in known}
    tables = {move.before: move.after for move in known if move.before != move.after}
    for at, name, old in one_after_another(tables):
        yield _renaming(by_table[old].element, name, f'TABLE "{schema}"."{at}" RENAME TO "{name}"')
    for move in known:
        yield from _within(schema, move, existing[move.before])
    yield from _indexes(schema, known, existing)


def _within(schema: str, move: TableMove, table: ExistingTable) -> Iterator[TableChange]:
    where = f'TABLE "{schema}"."{move.after}" RENAME'
    columns = {old: new for old, new in move.columns.items() if old != new and old in table.columns}
    for at, name, old in one_after_another(columns):
        yield _renaming(move.fields[old], move.after, f'{where} COLUMN "{at}" TO "{name}"')
    known = table.checks | table.keys.keys()
    constraints = {old: new for old, new in move.constraints.items() if old != new and old in known}
    for at, name, _ in one_after_another(constraints):
        yield _renaming(move.element, move.after, f'{where} CONSTRAINT "{at}" TO "{name}"')


def _indexes(
    schema: str, moves: Sequence[TableMove], existing: Mapping[str, ExistingTable]
) -> Iterator[TableChange]:
    """Names of indexes are taken in the whole schema, so those of all tables are ordered together."""
    of: dict[str, TableMove] = {}
    names: dict[str, str] = {}
    for move in moves:
        table = existing[move.before]
        known = {*table.indexes, table.primary}
        found = {old: new for old, new in move.indexes.items() if old != new and old in known}
        names |= found
        of |= dict.fromkeys(found, move)
    for at, name, old in one_after_another(names):
        move = of[old]
        yield _renaming(move.element, move.after, f'INDEX "{schema}"."{at}" RENAME TO "{name}"')


def _renaming(element: str, table: str, what: str) -> TableChange:
    return TableChange("rename", element, table, (ddl(f"ALTER {what}"),))
