"""Importing: creating and changing many records as they are, each row accounted for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.database.joined import JoinedDatabase
from fieldstone.errors import FieldError, Malformed
from fieldstone.records import saving, uniqueness
from fieldstone.records.batch import IMPORTING, Batch, Item, find_entity
from fieldstone.records.create import prepare
from fieldstone.records.ids import new_ids
from fieldstone.records.loading import load_known
from fieldstone.records.update import check_and_merge, read_sent

Values = Mapping[str, Any]
CREATED, UPDATED, UNCHANGED, REFUSED = "created", "updated", "unchanged", "refused"


@dataclass(frozen=True)
class Imported:
    """What became of a row. action: "created", "updated", "unchanged" or "refused", then with `errors`."""

    action: str
    id: UUID | None = None
    version: int | None = None
    errors: tuple[FieldError, ...] = ()


def import_rows(
    context: Context,
    entity: str,
    rows: Sequence[Values],
    *,
    key: Sequence[str] = (),
    connection: sa.Connection | None = None,
    dry_run: bool = False,
) -> list[Imported]:
    """Import rows in the API's form (or as Python values); what is refused is told and the rest is written.

    States and sequence numbers are taken as they are; everything else is checked as in any save, with the
    rights of the caller. key: the fields by which a live record is found and changed instead of created.
    connection: of the caller's transaction. dry_run: check everything and write nothing. The answer has an
    entry for each row, in order. Raises `NotFound` or `Forbidden` if the caller may not create at all,
    `Conflict` if somebody else takes a unique value at the same time.
    """
    joined = (
        replace(context, database=JoinedDatabase(context.database, connection)) if connection else context
    )
    importing = joined if joined.source == IMPORTING else joined.with_source(IMPORTING, context.note)
    found = find_entity(importing, entity)
    _check_key(found.fields, key)

    def work(connection: sa.Connection) -> list[Imported]:
        batch = Batch(importing, connection, found, [], partial=True)
        answers: dict[int, Imported] = {}
        for positions in _rounds(rows, key):
            _import_round(batch, rows, positions, key, answers, write=not dry_run)
        return [answers[position] for position in range(len(rows))]

    return importing.database.run_write(importing.model.version, work) if rows else []


def _check_key(fields: Mapping[str, Any], key: Sequence[str]) -> None:
    for name in key:
        if name not in fields or not fields[name].stored:
            raise Malformed(f"“{name[:80]}” cannot be part of a key: it is no stored field.", code="bad_key")


def _rounds(rows: Sequence[Values], key: Sequence[str]) -> Iterable[list[int]]:
    """The positions of the rows, so divided that no key occurs twice in one round."""
    if not key:
        return [list(range(len(rows)))]
    rounds: list[list[int]] = []
    seen: dict[tuple[str, ...], int] = {}
    for position, row in enumerate(rows):
        mark = tuple(repr(row.get(name)) for name in key)
        number = seen.get(mark, -1) + 1
        seen[mark] = number
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(position)
    return rounds


def _import_round(
    template: Batch,
    rows: Sequence[Values],
    positions: Sequence[int],
    key: Sequence[str],
    answers: dict[int, Imported],
    *,
    write: bool,
) -> None:
    known = uniqueness.find_by_key(template, [rows[position] for position in positions], key) if key else {}
    changed = [(position, known[place]) for place, position in enumerate(positions) if place in known]
    fresh = [position for place, position in enumerate(positions) if place not in known]
    if changed:
        items = [Item(place, id_) for place, (_, id_) in enumerate(changed)]
        batch = replace(template, items=items, refusals=type(template.refusals)())
        values = [_without(rows[position], key) for position, _ in changed]
        _run(batch, values, [position for position, _ in changed], answers, _change, write=write)
    if fresh:
        items = [Item(place, id_) for place, id_ in enumerate(new_ids(len(fresh)))]
        batch = replace(template, items=items, refusals=type(template.refusals)())
        _run(batch, [_given(rows[position]) for position in fresh], fresh, answers, _create, write=write)


def _given(row: Values) -> Values:
    """What a row has values for: a new record takes its defaults for all else."""
    return {name: value for name, value in row.items() if value is not None}


def _without(row: Values, key: Sequence[str]) -> Values:
    return {name: value for name, value in row.items() if name not in key}


def _run(
    batch: Batch,
    values: Sequence[Values],
    positions: Sequence[int],
    answers: dict[int, Imported],
    work: Callable[..., str],
    *,
    write: bool,
) -> None:
    """Take one batch through its save, and note what became of each row."""
    items = list(batch.items)
    action = work(batch, values, write=write)
    written = {item.position for item in batch.items}
    errors = _errors_by_record(batch)
    for item, position in zip(items, positions, strict=True):
        if item.position in errors:
            answers[position] = Imported(REFUSED, errors=tuple(errors[item.position]))
        else:
            done = action if item.position in written else UNCHANGED
            answers[position] = Imported(done, item.id, item.new["version"])


def _errors_by_record(batch: Batch) -> dict[int, list[FieldError]]:
    found: dict[int, list[FieldError]] = {}
    for refusal in batch.refusals.found:
        found.setdefault(refusal.error.record, []).append(refusal.error)
    return found


def _create(batch: Batch, values: Sequence[Values], *, write: bool) -> str:
    prepare(batch, values)
    saving.judge(batch)
    uniqueness.check(batch)
    saving.settle(batch)
    if write and batch.items:
        saving.insert(batch)
    return CREATED


def _change(batch: Batch, values: Sequence[Values], *, write: bool) -> str:
    load_known(batch)
    read_sent(batch, values)
    check_and_merge(batch)
    saving.judge(batch)
    batch.items = [item for item in batch.items if saving.is_changed(batch.entity, item)]
    uniqueness.check(batch)
    saving.settle(batch)
    if write and batch.items:
        saving.change(batch)
    return UPDATED
