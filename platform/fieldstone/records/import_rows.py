"""Importing: creating and changing many records as they are, each row accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.database.joined import JoinedDatabase
from fieldstone.errors import Malformed
from fieldstone.model.model import Entity, Field
from fieldstone.records import uniqueness
from fieldstone.records.batch import IMPORTING, Batch, find_entity
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.ids import new_ids
from fieldstone.records.loading import load_known
from fieldstone.records.row_outcomes import RowOutcome, changing, creating, given, run, without

Values = Mapping[str, Any]


def import_rows(
    context: Context,
    entity: str,
    rows: Sequence[Values],
    *,
    key: Sequence[str] = (),
    connection: sa.Connection | None = None,
    dry_run: bool = False,
) -> list[RowOutcome]:
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
    _check_key(importing, found, key)

    def work(connection: sa.Connection) -> list[RowOutcome]:
        batch = Batch(importing, connection, found, [], partial=True)
        answers: dict[int, RowOutcome] = {}
        for positions in _rounds(rows, key):
            answers |= _import_round(batch, rows, positions, key, write=not dry_run)
        return [answers[position] for position in range(len(rows))]

    return importing.database.run_write(importing.model.version, work) if rows else []


def _tells_apart(field: Field) -> bool:
    """Whether records can be found by it: a secret is different each time it is encrypted."""
    return field.stored and bool(field.type.operators())


def _check_key(context: Context, entity: Entity, key: Sequence[str]) -> None:
    """Refuse a key that tells no records apart, or that the caller may not know: whether a row is new would
    tell what it holds.
    """
    rights = CallerRights(context, entity)
    for name in key:
        field = entity.fields.get(name)
        if field is None or not _tells_apart(field) or not rights.knows_field(field):
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
    template: Batch, rows: Sequence[Values], positions: Sequence[int], key: Sequence[str], *, write: bool
) -> dict[int, RowOutcome]:
    known = uniqueness.find_by_key(template, [rows[position] for position in positions], key) if key else {}
    changed = {position: known[place] for place, position in enumerate(positions) if place in known}
    fresh = [position for position in positions if position not in changed]
    values = {position: without(rows[position], key) for position in changed}
    answers = run(template, changed, changing(values, partial(load_known, key=key), write=write))
    values = {position: given(rows[position]) for position in fresh}
    ids = dict(zip(fresh, new_ids(len(fresh)), strict=True)) if fresh else {}
    return answers | run(template, ids, creating(values, write=write))
