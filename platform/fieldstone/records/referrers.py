"""Who refers to a record: the reference fields that lead to an entity, and the rows behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
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


@dataclass(frozen=True)
class Among:
    """Which referring records are looked for: live ones that refer to `targets` and are not `gone`
    themselves.

    most: how many of them are named.
    """

    targets: Sequence[UUID]
    gone: Sequence[UUID]
    most: int


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
            yield Referrer(
                entity, field, target_column(field, target), declared.on_delete if declared else RESTRICT
            )


def is_end_of_links(model: Model, referrer: Referrer) -> bool:
    """Whether the field is one of the two that make its records the links of a many-to-many."""
    key = (__name__, "links")
    if key not in model.cache:
        ways = [f.link.through for e in model.entities.values() for f in e.fields.values() if f.link]
        found = {(way.entity, end) for way in ways if way for end in (way.near, way.far)}
        model.cache[key] = frozenset(found)
    ends: frozenset[tuple[str, str]] = model.cache[key]
    return (referrer.entity.name, referrer.field.name) in ends


def locked_rows(
    connection: sa.Connection,
    model: Model,
    referrer: Referrer,
    targets: Sequence[UUID],
    *,
    live: bool = True,
    locked: bool = True,
) -> list[Values]:
    """The records that refer to any of `targets` through one field, locked; with `live`, not those in the
    bin; without `locked`, only to look at.
    """
    statement = (
        sa.select(*read_columns(model, referrer.entity))
        .where(referrer.column == sa.any_(_ids(targets)))
        .order_by(referrer.entity.table.c.id)
    )
    statement = statement.with_for_update() if locked else statement
    if live:
        statement = statement.where(referrer.entity.table.c.deleted_at.is_(None))
    return [read_row(referrer.entity, dict(row)) for row in connection.execute(statement).mappings()]


def some_rows(
    connection: sa.Connection, model: Model, target: str, among: Among
) -> list[tuple[Referrer, int, list[UUID]]]:
    """For each restricting field that leads to `target`: how many records refer, and the ids of some."""
    chosen = referrers(model, target, RESTRICT)
    if not chosen:
        return []
    selects = [_counting(place, referrer, among) for place, referrer in enumerate(chosen)]
    found = connection.execute(sa.union_all(*selects)).all()
    return [(chosen[row[0]], row[1], row[2]) for row in found if row[1]]


def _counting(place: int, referrer: Referrer, among: Among) -> sa.Select[Any]:
    table = referrer.entity.table
    ids = sa.func.array_agg(postgresql.aggregate_order_by(table.c.id, table.c.id))
    some = sa.type_coerce(ids, postgresql.ARRAY(sa.Uuid))[1 : among.most]
    return sa.select(sa.literal(place), sa.func.count(), some).where(
        referrer.column == sa.any_(_ids(among.targets)),
        table.c.deleted_at.is_(None),
        table.c.id != sa.all_(_ids(among.gone)),
    )


def holding(
    connection: sa.Connection, model: Model, target: str, targets: Sequence[UUID]
) -> dict[UUID, tuple[Entity, int]]:
    """Those of `targets` that live records of others refer to and hold: an entity of these, and how many."""
    chosen = referrers(model, target, RESTRICT)
    if not chosen or not targets:
        return {}
    selects = [
        sa.select(sa.literal(place), referrer.column, sa.func.count())
        .where(
            referrer.column == sa.any_(_ids(targets)),
            referrer.entity.table.c.deleted_at.is_(None),
            referrer.entity.table.c.id != sa.all_(_ids(targets)),
        )
        .group_by(referrer.column)
        for place, referrer in enumerate(chosen)
    ]
    found = connection.execute(sa.union_all(*selects)).all()
    return {row[1]: (chosen[row[0]].entity, row[2]) for row in found}


def _ids(ids: Sequence[UUID]) -> sa.BindParameter[Sequence[UUID]]:
    return sa.bindparam(None, list(ids), type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
