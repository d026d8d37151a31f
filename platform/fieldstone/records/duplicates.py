"""Records that count as the same (`duplicates` of an entity): a second one is refused, or first pointed out.

A rule with the mode `block` holds for everybody and everything, also where two are saved at the same time:
whoever saves takes a lock on what is compared. One with `warn` asks the caller; rules and the platform itself
are not asked. It points out only what the caller may read, in the record and in what is compared: a question
about something that nobody can look at would only tell what it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.errors import Conflict
from fieldstone.model.model import Entity
from fieldstone.model.sameness import compared_sql, plain_text
from fieldstone.records import rows
from fieldstone.records.batch import Batch, Item
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.environment import evaluator
from fieldstone.records.journal import differs
from fieldstone.records.labels import entity_label, field_label
from fieldstone.records.rows import TITLE, Values, to_columns
from fieldstone.records.writing import rows_from, to_json
from fieldstone_metadata.declarations import Duplicates

BLOCKED, POSSIBLE = "duplicate", "possible_duplicate"
BLOCK = "block"
_PLACE = "_place"
_LOCKED_ONE_BY_ONE = 50
NAMED, LOOKED_AT = 3, 50
_UNASKED = frozenset({"system", "rule"})

_LOCKING = sa.text(
    "SELECT pg_advisory_xact_lock(hashtextextended(mark, 0)) FROM unnest(CAST(:marks AS text[])) AS mark"
)

Key = tuple[Any, ...]


def check(batch: Batch) -> None:
    """Refuse records that count as the same as another live one, with one statement for each rule.

    Nobody is asked about a record that could not be saved anyway.
    """
    for rule in sorted(batch.entity.declaration.duplicates, key=lambda rule: rule.mode != BLOCK):
        if rule.mode == BLOCK or _is_asked(batch):
            wanted = {item.position: key_of(batch.entity, rule, item) for item in batch.accepted}
            if keys := {place: key for place, key in wanted.items() if key}:
                _check_rule(batch, rule, keys)


def _is_asked(batch: Batch) -> bool:
    """Whether somebody sent this who can be asked."""
    context = batch.context
    return not context.accepts_duplicates and batch.run.depth == 0 and context.source not in _UNASKED


def key_of(entity: Entity, rule: Duplicates, item: Item) -> Key | None:
    """What is compared of a record; None where there is nothing to compare, or it is compared already."""
    if item.old and not any(differs(item.old.get(name), item.new.get(name)) for name in rule.match):
        return None
    columns = to_columns(entity, item.new)
    values = tuple(plain_text(columns[name]) for name in _columns(entity, rule))
    return None if any(value in (None, "") for value in values) else values


def _columns(entity: Entity, rule: Duplicates) -> list[str]:
    found = [entity.field(name) for name in rule.match]
    return [field.columns[0].name for field in found if field is not None]


def _check_rule(batch: Batch, rule: Duplicates, keys: Mapping[int, Key]) -> None:
    if rule.mode == BLOCK:
        _lock(batch, rule, keys.values())
    items = {item.position: item for item in batch.items}
    found = same_as(batch, rule, [items[place] for place in keys])
    first: dict[Key, int] = {}
    for place, key in keys.items():
        ids = found.get(place, [])
        seen = readable_of(batch, rule, ids[:LOOKED_AT]) if ids else []
        if seen or (ids and rule.mode == BLOCK):
            _refuse(batch, rule, items[place], seen[:NAMED])
        elif first.setdefault(key, place) != place:
            _refuse(batch, rule, items[place], None)


def _lock(batch: Batch, rule: Duplicates, keys: Iterable[Key]) -> None:
    """Keep others from saving the same until the transaction ends: key by key, or all at once if many."""
    name = f"{batch.model.schema}.{batch.entity.name}.{rule.name}"
    marks = sorted({f"{name} {to_json(key)}" for key in keys})
    many = len(marks) > _LOCKED_ONE_BY_ONE
    lock = "pg_advisory_xact_lock" if many else "pg_advisory_xact_lock_shared"
    batch.connection.execute(sa.text(f"SELECT {lock}(hashtextextended(:mark, 0))"), {"mark": name})
    if not many:
        batch.connection.execute(_LOCKING, {"marks": marks})


def same_as(batch: Batch, rule: Duplicates, items: Sequence[Item]) -> dict[int, list[UUID]]:
    """Position → other live records that count as the same."""
    table = batch.entity.table
    columns = [table.c[name] for name in _columns(batch.entity, rule)]
    wanted = [
        {_PLACE: item.position, "_own": item.id, **{c.name: values[c.name] for c in columns}}
        for item in items
        for values in [to_columns(batch.entity, item.new)]
    ]
    described = [sa.Column(_PLACE, sa.Integer), sa.Column("_own", sa.Uuid), *columns]
    same = " AND ".join(f"{_sql('t', column)} = {_sql('r', column)}" for column in columns)
    statement = sa.text(
        f'SELECT r."{_PLACE}", t.id FROM {rows_from("wanted", described)} '  # noqa: S608  # names of the model
        f'JOIN "{table.schema}"."{table.name}" AS t ON {same} '
        'WHERE t.deleted_at IS NULL AND t.id <> r."_own" ORDER BY t.id'
    )
    found: dict[int, list[UUID]] = {}
    for place, id_ in batch.connection.execute(statement, {"wanted": to_json(wanted)}):
        found.setdefault(place, []).append(id_)
    return found


def _sql(alias: str, column: sa.Column[Any]) -> str:
    return compared_sql(f'{alias}."{column.name}"', isinstance(column.type, sa.Text))


def _refuse(batch: Batch, rule: Duplicates, item: Item, seen: Sequence[Values] | None) -> None:
    """Say what counts as the same. seen: what the caller may know of it; None: another of the same call."""
    locale = batch.context.principal.locale
    fields = [batch.entity.field(name) for name in rule.match]
    labels = " and ".join(field_label(field, locale) for field in fields if field is not None)
    kind = entity_label(batch.entity, locale)
    titles = ", ".join(f"“{one['title']}”" for one in seen or ())
    known = f": {titles}" if seen else " in the same call" if seen is None else ", which you may not see"
    message = f"Another {kind} has the same {labels}{known}."
    code = BLOCKED
    if rule.mode != BLOCK:
        message, code = f"{message} Save it all the same, if it is another one.", POSSIBLE
    batch.refusals.add(
        item.position, rule.match[0], code, message, kind=Conflict, details={"duplicates": list(seen or ())}
    )


def readable_of(batch: Batch, rule: Duplicates, ids: Sequence[UUID]) -> list[Values]:
    """Those records as references with titles of which the caller may read what is compared."""
    found = rows.load(batch.connection, batch.model, batch.entity, ids)
    rights = CallerRights(batch.context, batch.entity)
    judge = evaluator(batch.context, batch.connection, found.values())
    return [
        {"id": str(id_), "entity": batch.entity.name, "title": row[TITLE]}
        for id_, row in found.items()
        if rights.may("read", judge, row)
        and len(rights.readable_fields(judge, row, rule.match)) == len(rule.match)
    ]
