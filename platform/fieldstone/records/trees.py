"""Trees: records of one entity that stand below each other, of which none may come to stand above itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

import sqlalchemy as sa

from fieldstone.model.model import Entity, Field
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
    refs = {item.id: item.new.get(field.name) for item in batch.items}
    wanted = {id_: None if ref is None else ref.id for id_, ref in refs.items()}
    closing = in_circles(batch, batch.entity, field, wanted)
    for item, _ in placed:
        if item.id in closing:
            label = field_label(field, batch.context.principal.locale)
            message = f"{label}: the record would stand above itself. Choose one that is not below it."
            batch.refuse(item, field.name, "circle", message)


def in_circles(batch: Batch, entity: Entity, field: Field, wanted: Mapping[UUID, UUID | None]) -> set[UUID]:
    """Those of some records that would stand above themselves. wanted: record → the one directly above it.

    Nobody else moves records in the tree until the transaction ends.
    """
    _lock(batch, entity, field)
    above = dict(_stored_above(batch, field, {one for one in wanted.values() if one is not None}))
    above |= wanted
    return {id_ for id_ in wanted if _stands_above_itself(id_, above)}


def _lock(batch: Batch, entity: Entity, field: Field) -> None:
    """Let one transaction at a time move records in a tree: two could each make a half of a circle.

    In a statement of its own, since the next one has to see what the one before us has committed.
    """
    tree = f"{batch.model.schema}.{entity.name}.{field.name}"
    batch.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(tree, 0))))


def place_without(
    batch: Batch, field: Field, id_: UUID, gone: Collection[UUID]
) -> tuple[UUID, UUID | None] | None:
    """Where a record comes in a tree when others go and what is below them comes below it.

    Gives the topmost of `gone` above the record, and what stands above that one; None where none of them
    is above the record, which then stays. Nobody else moves records in the tree until the transaction ends.
    """
    _lock(batch, batch.entity, field)
    above = dict(_stored_above(batch, field, [id_]))
    found, seen, at = None, {id_}, above.get(id_)
    while at is not None and at not in seen:
        seen.add(at)
        if at in gone:
            found = (at, above.get(at))
        at = above.get(at)
    return found


def _stored_above(batch: Batch, field: Field, starts: Iterable[UUID]) -> Iterable[tuple[UUID, UUID | None]]:
    """Each of `starts` and all above them, with the record directly above, as they are stored.

    Those in the recycle bin count: they may come back. UNION ends also where a circle is stored already.
    """
    above = field.columns[0]
    table = above.table
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
