"""After records were written: bring everything kept of other records up to date that follows from them.

It happens in the same transaction, level by level: first the records are found and locked, then one statement
for each entity computes what is kept of them and writes what changed. The number of statements depends on how
formulas hang together, not on how many records there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.fields.money import BASE
from fieldstone.model.kept_values import KeptValue
from fieldstone.records.journal import differs
from fieldstone.records.kept.plan import KeptPlan, Key, plan_of
from fieldstone.records.kept.recomputing import recompute
from fieldstone.records.kept.walks import Changed, Seeds, Walker
from fieldstone.records.rows import Row
from fieldstone_rules.routes import Route
from fieldstone_rules.types import Ref

Written = Mapping[str, Sequence[Changed]]
"""Entity → the records of it that were written."""

Open = Mapping[Ref, Any]
"""The records of saves under way (`Item`), which shall see what became of them."""


def follow(
    context: Context,
    connection: sa.Connection,
    written: Written,
    *,
    computed: bool,
    opened: Open | None = None,
) -> None:
    """Recompute what follows from the written records.

    computed: what is kept of the written records themselves, and follows from their own fields, has been
    computed with them.
    """
    plan = plan_of(context.model)
    watched = plan.elsewhere if computed else plan.watched
    seeds = {
        key: found
        for entity, records in written.items()
        for key, found in _changed_fields(entity, watched.get(entity, ()), records).items()
    }
    if seeds:
        _Following(context, connection, plan, opened or {}).run(seeds, computed=computed)


def _changed_fields(entity: str, watched: Iterable[str], records: Sequence[Changed]) -> dict[Key, Seeds]:
    """Which of the watched fields changed, and in which records; of a new record all did."""
    found: dict[Key, Seeds] = {}
    for name in watched:
        chosen = [one for one in records if not one.old or differs(one.old.get(name), one.new.get(name))]
        if chosen:
            found[entity, name] = Seeds(chosen)
    return found


class _Following:
    """One run through the levels."""

    def __init__(self, context: Context, connection: sa.Connection, plan: KeptPlan, opened: Open) -> None:
        self._context = context
        self._connection = connection
        self._plan = plan
        self._opened = opened
        self._walker = Walker(connection, context.model)

    def run(self, seeds: dict[Key, Seeds], *, computed: bool) -> None:
        """Go through the levels. seeds: field → the records in which it changed."""
        for group in self._plan.groups:
            due = [kept for kept in group if any((r.entity, r.field) in seeds for r in kept.reads)]
            ids = self._concerned(due, seeds, computed=computed) if due else set()
            if ids:
                self._note(due, recompute(self._context, self._connection, due, ids), seeds)

    def _concerned(
        self, due: Sequence[KeptValue], seeds: Mapping[Key, Seeds], *, computed: bool
    ) -> set[UUID]:
        """The records of which some of these values have to be computed again."""
        ids: set[UUID] = set()
        for route, found in _by_route(due, seeds).items():
            if route:
                ids |= self._walker.start_of(route, found)
            else:
                ids |= found.recomputed if computed else found.ids(new=True)
        return ids

    def _note(self, due: Sequence[KeptValue], rows: Sequence[Row], seeds: dict[Key, Seeds]) -> None:
        """Remember which values changed, for those that follow from them in turn."""
        if not rows:
            return
        ids = {row["id"] for row in rows}
        for kept in due:
            seeds.setdefault(kept.key, Seeds()).recomputed.update(ids)
        if self._opened:
            entity = due[0].entity
            for row in rows:
                _tell(due, row, self._opened.get(Ref(entity, row["id"])))


def _by_route(due: Sequence[KeptValue], seeds: Mapping[Key, Seeds]) -> Mapping[Route, Seeds]:
    """The records to start from on each route that leads to a changed field."""
    found: dict[Route, Seeds] = defaultdict(Seeds)
    reads = {read for kept in due for read in kept.reads if (read.entity, read.field) in seeds}
    for read in sorted(reads, key=lambda read: (len(read.route), str(read))):
        start, more = found[read.route], seeds[read.entity, read.field]
        known = {one.id for one in start.written}
        start.written += [one for one in more.written if one.id not in known]
        start.recomputed |= more.recomputed
    return found


def _tell(due: Sequence[KeptValue], row: Row, item: Any) -> None:
    """Have a save that is under way see the new values of its record."""
    if item is None or not item.new:
        return
    for kept in due:
        if kept.field is None:
            item.new[kept.name] = row[kept.name]
        else:
            item.new[kept.name] = kept.field.type.from_row(row)
            item.new |= {name: row[name] for name in row if name == f"{kept.name}{BASE}"}
