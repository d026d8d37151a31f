"""Time limits of workflows that go: they end, as nobody keeps them up to date from then on."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from fieldstone.database.system import SystemTables
from fieldstone.model.model import Model
from fieldstone.publication.changes.renames import Renames
from fieldstone.publication.changes.table_change import TableChange


def ended_limits(
    connection: sa.Connection, system: SystemTables, old: Model | None, new: Model, renames: Renames
) -> Iterator[TableChange]:
    """The changes that end them, once entities have their new names.

    A workflow that comes back begins anew, with the next transition of each record.
    """
    table = system.time_limit
    known = old.application.workflows if old is not None else {}
    for name in sorted(known.keys() - new.application.workflows.keys()):
        before, after = known[name].entity, renames.entity(known[name].entity)
        if new.application.workflow_of(after) is None:
            having = sa.select(sa.func.count()).select_from(table).where(table.c.entity == before)
            count = connection.scalar(having) or 0
            ending = (sa.delete(table).where(table.c.entity == after),) if count else ()
            detail = f"ends {count:,} time limits"
            yield TableChange("fill", f"workflow {name}", table.name, ending, rows=count, detail=detail)
