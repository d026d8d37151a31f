"""Who refers to a record: the reference fields that lead to an entity, and the rows behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.fields.reference import ReferenceType
from fieldstone.model.model import Entity, Field, Model
from fieldstone.records.rows import Values, read_columns, read_row, target_column

RESTRICT, CLEAR, CASCADE = "restrict", "clear", "cascade"


@dataclass(frozen=True, eq=False)
class Referrer:
    """A reference field that may lead to a record of a given entity. on_delete: what becomes of it then."""

    entity: Entity
    field: Field
    column: sa.Column[UUID]
    on_delete: str


def referrers(model: Model, target: str, *on_delete: str) -> list[Referrer]:
    """The fields that may refer to the entity `target` and say one of `on_delete`."""
    key = (__name__, target)
    if key not in model.cache:
        model.cache[key] = [r for entity in model.entities.values() for r in _of_entity(entity, target)]
    found: list[Referrer] = model.cache[key]
    return [referrer for referrer in found if referrer.on_delete in on_delete]


def _of_entity(entity: Entity, target: str) -> Iterable[Referrer]:
    """Owner and team restrict; who created and changed a record stays on record."""
    system = [entity.system[name] for name in ("owner", "team") if name in entity.system]
    for field in [*entity.fields.values(), *system]:
        if isinstance(field.type, ReferenceType) and target in field.type.targets:
            declared = field.declaration.target
            yield Referrer(entity, field, target_column(field, target), declared.on_delete if declared else RESTRICT)


def locked_rows(
    connection: sa.Connection, referrer: Referrer, targets: Sequence[UUID], *, live: bool = True
) -> list[Values]:
    """The records that refer to any of `targets` through one field, locked; with `live`, not those in the bin."""
    statement = (
        sa.select(*read_columns(referrer.entity))
        .where(referrer.column == sa.any_(_ids(targets)))
        .order_by(referrer.entity.table.c.id)
        .with_for_update()
    )
    if live:
        statement = statement.where(referrer.entity.table.c.deleted_at.is_(None))
    return [read_row(referrer.entity, dict(row)) for row in connection.execute(statement).mappings()]


def some_rows(
    connection: sa.Connection, model: Model, target: str, targets: Sequence[UUID], gone: Sequence[UUID], most: int
) -> list[tuple[Referrer, int, list[UUID]]]:
    """For each restricting field with live referrers besides `gone`: their number and the ids of `most` of them."""
    chosen = referrers(model, target, RESTRICT)
    if not chosen:
        return []
    selects = [_counting(place, referrer, targets, gone, most) for place, referrer in enumerate(chosen)]
    found = connection.execute(sa.union_all(*selects))
    return [(chosen[place], count, ids) for place, count, ids in found if count]


def _counting(
    place: int, referrer: Referrer, targets: Sequence[UUID], gone: Sequence[UUID], most: int
) -> sa.Select[tuple[int, int, list[UUID]]]:
    table = referrer.entity.table
    ids = postgresql.array_agg(postgresql.aggregate_order_by(table.c.id, table.c.id))
    return sa.select(sa.literal(place), sa.func.count(), sa.type_coerce(ids, postgresql.ARRAY(sa.Uuid))[1:most]).where(
        referrer.column == sa.any_(_ids(targets)),
        table.c.deleted_at.is_(None),
        table.c.id != sa.all_(_ids(gone)),
    )


def _ids(ids: Sequence[UUID]) -> sa.BindParameter[Sequence[UUID]]:
    return sa.bindparam(None, list(ids), type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
