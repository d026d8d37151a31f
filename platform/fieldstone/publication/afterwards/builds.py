"""Indexes and constraints of large tables: built after the publication, while others go on writing.

What a table lacks is found in the catalog of the database each time, so it does not matter who was killed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.schema import AddConstraint, CreateIndex

from fieldstone.model.model import Model
from fieldstone.publication.changes.renamed_tables import TableMove
from fieldstone.publication.changes.statements import Statement, ddl, sql_text
from fieldstone.publication.changes.table_change import TableChange
from fieldstone.publication.counts import Counts

BEFORE = "built before it comes into force, while others go on writing"
AFTERWARDS = "built afterwards, while others go on writing"
_INDEXES = """
    SELECT i.relname, x.indisvalid FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
    WHERE x.indrelid = to_regclass(:table)
"""
_CONSTRAINTS = """
    SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(:table) AND NOT convalidated
    ORDER BY conname
"""


def set_apart(
    found: Sequence[TableChange],
    counts: Counts,
    most: int,
    moves: Sequence[TableMove],
    waiting: Iterable[str],
) -> list[TableChange]:
    """The changes, with what tables of more than `most` rows get later in `later`.

    moves: what tables are called until now. waiting: the names of the indexes that earlier publications left
    to be built, and that are no change therefore.
    """
    before = {move.after: move.before for move in moves}
    made = {change.table for change in found if change.action == "create"}
    known = frozenset(waiting)

    def is_large(table: str) -> bool:
        return table not in made and counts.rows(before.get(table, table)) > most

    return [
        _apart(change, found, before)
        if change.action in {"index", "link"} and is_large(change.table)
        else change
        for change in found
        if not (change.action == "index" and change.index is not None and str(change.index.name) in known)
    ]


def _apart(change: TableChange, found: Sequence[TableChange], renamed: Mapping[str, str]) -> TableChange:
    """The change as it is made of a large table.

    A unique index is a promise that has to hold from the first moment: it comes before, or stays. A
    constraint holds at once for what is written, and what is there is looked at later: where it is new, its
    columns are empty. renamed: tables by their new names.
    """
    if change.index is not None and change.index.unique:
        stays = change.table not in renamed and _is_of_what_stays(change, found)
        return replace(change, early=stays, detail=BEFORE if stays else "")
    if change.index is not None:
        now = tuple(each for each in change.statements if not isinstance(each, CreateIndex))
        return replace(change, statements=now, later=(concurrently(change.index),), detail=AFTERWARDS)
    if change.action == "link" and all(isinstance(each, AddConstraint) for each in change.statements):
        now = tuple(ddl(f"{sql_text(each)} NOT VALID") for each in change.statements)
        later = tuple(map(_validating, change.statements))
        return replace(change, statements=now, later=later)
    return change


def _is_of_what_stays(change: TableChange, found: Sequence[TableChange]) -> bool:
    """Whether a new index is over columns that are there, as they are."""
    assert change.index is not None
    names = {column.name for column in change.index.columns}
    others = [each for each in found if each.table == change.table]
    added = {each.column for each in others if each.action == "add"}
    moved = any(each.action in {"rename", "names", "convert", "fill"} for each in others)
    return len(change.statements) == 1 and not moved and not added & names


def concurrently(index: sa.Index) -> Statement:
    """The statement that builds an index without keeping writers out."""
    text = sql_text(CreateIndex(index)).replace(" INDEX ", " INDEX CONCURRENTLY ", 1)
    return ddl(text.replace("%%", "%"))


def _validating(statement: Statement) -> Statement:
    assert isinstance(statement, AddConstraint)
    constraint = statement.element
    assert isinstance(constraint, sa.Constraint)
    return _validate(constraint.table, str(constraint.name))


def _validate(table: sa.Table, constraint: str) -> Statement:
    return ddl(f'ALTER TABLE {_quoted(table)} VALIDATE CONSTRAINT "{constraint}"')


def _quoted(table: sa.Table) -> str:
    return f'"{table.schema}"."{table.name}"'


@dataclass(frozen=True)
class Lacking:
    """What a table lacks. statements: name of an index or constraint → what brings it, in order."""

    statements: Mapping[str, tuple[Statement, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the indexes and constraints."""
        return tuple(self.statements)


def lacking(connection: sa.Connection, table: sa.Table) -> Lacking:
    """The indexes that a table has not, or not whole, and the constraints that only new rows have to meet."""
    place = {"table": _quoted(table)}
    indexes = {name: bool(valid) for name, valid in connection.execute(sa.text(_INDEXES), place)}
    unchecked = connection.scalars(sa.text(_CONSTRAINTS), place)
    wanted = {str(index.name): index for index in table.indexes}
    return Lacking(
        {
            **{
                name: tuple(_building(index, begun=name in indexes))
                for name, index in sorted(wanted.items())
                if not indexes.get(name, False)
            },
            **{name: (_validate(table, name),) for name in unchecked},
        }
    )


def _building(index: sa.Index, *, begun: bool) -> Iterator[Statement]:
    assert index.table is not None
    if begun:
        yield ddl(f'DROP INDEX CONCURRENTLY "{index.table.schema}"."{index.name}"')
    yield concurrently(index)


def table_of(model: Model, name: str) -> sa.Table | None:
    """The table of an entity or of its links, or None."""
    entity = model.entities.get(name.split("__", 1)[0])
    tables = entity.tables() if entity is not None else iter(())
    return next((table for table in tables if table.name == name), None)
