"""Trees: records of one entity that stand below each other, of which none may come to stand above itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

import sqlalchemy as sa

from fieldstone.model.model import Field
from fieldstone.records.batch import Batch, Item
from fieldstone.records.labels import field_label

_Placed = list[tuple[Item, UUID]]
"""Records that a save places below another, with the id of that one."""


def check(batch: Batch) -> None:
    """Refuse every record that a save would place below itself, be it with the help of others of the batch.

    Two statements for a tree in which existing records are moved, however many; none otherwise.
    """
    placed: dict[str, _Placed] = defaultdict(list)
    for item, field, ref in batch.changed_references():
        if field.declaration.target is not None and field.declaration.target.tree:
            placed[field.name].append((item, ref.id))
    for name, records in placed.items():
        if _may_close_a_circle(records):
            _check_tree(batch, batch.entity.fields[name], records)


def _may_close_a_circle(placed: _Placed) -> bool:
    """A new record has nothing below it yet, but for others that are placed with it."""
    ids = {item.id for item, _ in placed}
    return any(not item.is_new or above in ids for item, above in placed)


def _check_tree(batch: Batch, field: Field, placed: _Placed) -> None:
    _lock(batch, field)
    above = dict(_stored_above(batch, field, {one for _, one in placed}))
    wanted = ((item.id, item.new.get(field.name)) for item in batch.items)
    above |= {id_: None if ref is None else ref.id for id_, ref in wanted}
    for item, _ in placed:
        if _stands_above_itself(item.id, above):
            label = field_label(field, batch.context.principal.locale)
            message = f"{label}: the record would stand above itself. Choose one that is not below it."
            batch.refuse(item, field.name, "circle", message)


def _lock(batch: Batch, field: Field) -> None:
    """Let one transaction at a time move records in a tree: two could each make a half of a circle.

    In a statement of its own, since the next one has to see what the one before us has committed.
    """
    tree = f"{batch.model.schema}.{batch.entity.name}.{field.name}"
    batch.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(tree, 0))))


def _stored_above(batch: Batch, field: Field, starts: Iterable[UUID]) -> Iterable[tuple[UUID, UUID | None]]:
    """Each of `starts` and all above them, with the record directly above, as they are stored.

    Those in the recycle bin count: they may come back. UNION ends also where a circle is stored already.
    """
    table, above = batch.entity.table, field.columns[0]
    ways = (
        sa.select(table.c.id, above.label("above"))
        .where(table.c.id == sa.any_(sa.cast(list(starts), sa.ARRAY(sa.UUID))))
        .cte("ways", recursive=True)
    )
    ways = ways.union(sa.select(table.c.id, above).join(ways, table.c.id == ways.c.above))
    return [(row.id, row.above) for row in batch.connection.execute(sa.select(ways.c.id, ways.c.above))]


def _stands_above_itself(id_: UUID, above: Mapping[UUID, UUID | None]) -> bool:
    seen: set[UUID] = set()
    at = above.get(id_)
    while at is not None and at not in seen and at != id_:
        seen.add(at)
        at = above.get(at)
    return at == id_
