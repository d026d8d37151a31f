"""Finding records by values: those that an import means by a key, and those that hold a value which must be
unique.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.database.failures import UNIQUE_VIOLATION, sqlstate, translate
from fieldstone.errors import Conflict, Taken
from fieldstone.fields.refusal import ValueRefused
from fieldstone.model.model import Entity
from fieldstone.records import rows as stored
from fieldstone.records.batch import Batch, Item
from fieldstone.records.environment import evaluator
from fieldstone.records.labels import field_label
from fieldstone.records.loading import may_find
from fieldstone.records.rows import Values, to_columns
from fieldstone.records.writing import rows_from, to_json

TAKEN = "not_unique"
"""The code of a value that another record has."""
_PLACE = "_place"


def find_by_key(batch: Batch, rows: Sequence[Mapping[str, Any]], key: Sequence[str]) -> dict[int, UUID]:
    """Position in `rows` → the live record with these values of the key fields; rows without all of them have
    none.

    A unique key finds what the caller may not read, too, since no second record can have it. By any other key
    nobody finds more than they may read.
    """
    wanted = []
    for place, row in enumerate(rows):
        columns = key_columns(batch.entity, row, key)
        if columns is not None:
            wanted.append({_PLACE: place, **columns})
    if not wanted:
        return {}
    names = [name for name in wanted[0] if name != _PLACE]
    found = list(_matches(batch, names, wanted))
    return dict(found if set(key) in unique_keys(batch.entity) else _findable(batch, found, key))


def _findable(
    batch: Batch, found: Sequence[tuple[int, UUID]], key: Sequence[str]
) -> Iterable[tuple[int, UUID]]:
    """Those of the matches that the caller may know of."""
    if batch.rights.reads_everything(key):
        return found
    records = stored.load(batch.connection, batch.model, batch.entity, {id_ for _, id_ in found})
    judge = evaluator(batch.context, batch.connection, records.values())
    known = {id_ for id_, record in records.items() if may_find(batch.rights, judge, record, key)}
    return [(place, id_) for place, id_ in found if id_ in known]


def unique_keys(entity: Entity) -> list[set[str]]:
    """The sets of fields by which no two live records are the same."""
    sets = [set(names) for names in entity.declaration.unique]
    return sets + [{name} for name, field in entity.fields.items() if field.declaration.unique]


def key_columns(entity: Entity, row: Mapping[str, Any], key: Sequence[str]) -> Values | None:
    """Column → database value of the key of a row; None where a part of it is missing or cannot be read."""
    columns: Values = {}
    for name in key:
        try:
            value = entity.fields[name].type.read(row.get(name))
        except ValueRefused:
            return None
        if value is None:
            return None
        columns |= entity.fields[name].type.to_row(value)
    return columns


def _matches(batch: Batch, names: Sequence[str], wanted: Sequence[Values]) -> Iterable[tuple[int, UUID]]:
    """(place, id) of the live records that equal a wanted row in the named columns."""
    table = batch.entity.table
    columns = [table.c[name] for name in names]
    several = len({column.name for column in columns}) and any(
        row[name] is None for row in wanted for name in names
    )
    equal = "IS NOT DISTINCT FROM" if several else "="
    same = " AND ".join(f't."{name}" {equal} r."{name}"' for name in names)
    place = sa.Column(_PLACE, sa.Integer)
    statement = sa.text(
        f'SELECT r."{_PLACE}", t.id FROM {rows_from("wanted", [place, *columns])} '  # noqa: S608  # quoted names of the model
        f'JOIN "{table.schema}"."{table.name}" AS t ON {same} WHERE t.deleted_at IS NULL'
    )
    found = batch.connection.execute(statement, {"wanted": to_json(list(wanted))})
    return [(place_, id_) for place_, id_ in found]


def check(batch: Batch) -> None:
    """Refuse records whose unique values are held by others, stored or in the same batch."""
    indexes = [index for index in batch.entity.table.indexes if index.unique]
    if not indexes:
        return
    rows = [(item, to_columns(batch.entity, item.new)) for item in batch.accepted]
    for index in sorted(indexes, key=lambda index: str(index.name)):
        _check_index(batch, [column.name for column in index.columns], index.info["fields"], rows)


def taken(groups: Sequence[Batch], error: Exception) -> Taken | None:
    """What a write of batches broke, if that is a `unique`: most saves need no look before they write."""
    if sqlstate(error) != UNIQUE_VIOLATION:
        return None
    known = translate(error)
    return Taken(known, partial(_tell, groups, known.details.get("constraint")))


def _tell(groups: Sequence[Batch], constraint: str | None) -> None:
    """Raise which records have values that others have, each at its place."""
    for one in groups:
        if any(index.name == constraint for index in one.entity.table.indexes):
            with one.context.database.read() as connection:
                check(replace(one, connection=connection))
            one.refusals.raise_if_any()


def _check_index(
    batch: Batch, names: Sequence[str], fields: Sequence[str], rows: Sequence[tuple[Item, Values]]
) -> None:
    seen: dict[tuple[Any, ...], Item] = {}
    wanted = []
    by_place = {}
    for item, columns in rows:
        values = tuple(columns[name] for name in names)
        if any(value is None for value in values):
            continue
        if values in seen:
            _refuse(batch, item, fields)
            continue
        seen[values] = item
        by_place[item.position] = item
        wanted.append({_PLACE: item.position, **dict(zip(names, values, strict=True))})
    for place, id_ in _matches(batch, names, wanted) if wanted else ():
        if id_ != by_place[place].id:
            _refuse(batch, by_place[place], fields)


def _refuse(batch: Batch, item: Item, fields: Sequence[str]) -> None:
    locale = batch.context.principal.locale
    found = [batch.entity.field(name) for name in fields]
    labels = " and ".join(field_label(field, locale) for field in found if field is not None)
    batch.refusals.add(
        item.position, fields[0], TAKEN, f"Another record has the same {labels}.", kind=Conflict
    )
