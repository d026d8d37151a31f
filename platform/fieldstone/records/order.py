"""The order of a list: its keys as SQL, always ending with the id so that no two records tie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from fieldstone.model.model import Entity
from fieldstone.model.ordering import OrderKey, parse_key
from fieldstone.records.paths import FieldPath, guarded, is_known, resolve
from fieldstone.records.query import malformed
from fieldstone.records.source import RecordSource, Viewer

Column = sa.ColumnElement[Any]
MOST_KEYS = 8
NEWEST_FIRST = ("-id",)


@dataclass(frozen=True)
class Term:
    """One key. nullable: records without a value come last, whatever the direction.

    indexed: an index begins with it, so that the list can be read along it.
    """

    value: Column
    descending: bool
    nullable: bool
    indexed: bool = False


def order_terms(record: RecordSource, order: Sequence[str]) -> list[Term]:
    """The keys of `order` for a record, the id added at the end in the direction of the last key.

    Raises:
        Malformed: for an unknown field, one that has no order, or too many keys.
    """
    if len(order) > MOST_KEYS:
        raise malformed("order", "bad_order", f"An order has at most {MOST_KEYS} keys.")
    keys = [parse_key(text) for text in order]
    terms = [_term(record, key) for key in keys]
    if any(key.path == ("id",) for key in keys):
        return terms[: [key.path for key in keys].index(("id",)) + 1]
    descending = terms[-1].descending if terms else False
    return [*terms, Term(record.column("id"), descending, nullable=False, indexed=True)]


def usual_order(entity: Entity, viewer: Viewer) -> tuple[str, ...]:
    """The entity's own order without what the viewer may not know; the newest first where it has none."""
    return known_keys(entity, viewer, entity.declaration.order) or NEWEST_FIRST


def known_keys(entity: Entity, viewer: Viewer, order: Sequence[str]) -> tuple[str, ...]:
    """Those keys of a declared order that there are for the viewer, all the way behind references."""
    return tuple(text for text in order if is_known(viewer, entity, ".".join(parse_key(text).path)))


def _term(record: RecordSource, key: OrderKey) -> Term:
    path = resolve(record.viewer, record.entity, ".".join(key.path), "order")
    source = path.source(record)
    value = path.field.type.sort_sql(source)
    if value is None:
        raise malformed("order", "bad_order", f"“{path.text}” has no order to sort by.")
    restricted = source.readable(path.field) is not None
    nullable = restricted or bool(path.hops) or _may_be_null(path)
    indexed = not path.hops and not restricted and _is_indexed(record.entity, path)
    return Term(guarded(source, path.field, value, sa.null()), key.descending, nullable, indexed)


def _may_be_null(path: FieldPath) -> bool:
    return len(path.field.columns) != 1 or bool(path.field.columns[0].nullable)


def _is_indexed(entity: Entity, path: FieldPath) -> bool:
    order = entity.declaration.order
    first = bool(order) and parse_key(order[0]).path == (path.field.name,)
    return path.field.declaration.index or first or path.field.name == "id"
