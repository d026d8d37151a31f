"""The fields that the platform gives to every entity, declared like any others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from fieldstone.fields.base import FieldType
from fieldstone.fields.currency import CurrencyType
from fieldstone.fields.datetime import DatetimeType
from fieldstone.fields.integer import IntegerType
from fieldstone.fields.record_id import RecordIdType
from fieldstone.fields.reference import ReferenceType, reference_column
from fieldstone.fields.stored_text import CODE_POINTS
from fieldstone.fields.user import UserType
from fieldstone_metadata import declarations

TITLE = "_title"
SEARCH = "_search"

LABELS: Mapping[str, str] = {
    "id": "ID",
    "owner": "Owner",
    "team": "Team",
    "currency": "Currency",
    "created_at": "Created at",
    "created_by": "Created by",
    "updated_at": "Changed at",
    "updated_by": "Changed by",
    "version": "Version",
    "deleted_at": "Deleted at",
}
ASSIGNABLE = frozenset({"owner", "team", "currency"})
"""The system fields that a caller may send; but what lives inside a record has the currency of that."""

_TYPES: Mapping[str, type[FieldType]] = {
    "id": RecordIdType,
    "owner": UserType,
    "team": ReferenceType,
    "currency": CurrencyType,
    "created_at": DatetimeType,
    "created_by": UserType,
    "updated_at": DatetimeType,
    "updated_by": UserType,
    "version": IntegerType,
    "deleted_at": DatetimeType,
}
_TARGETS = {"owner": "user", "created_by": "user", "updated_by": "user", "team": "team"}


def system_types(entity: declarations.Entity, *, money: bool) -> dict[str, FieldType]:
    """The system fields of an entity in the order in which they are shown: name → bound type."""
    absent = set() if entity.owner else {"owner", "team"}
    absent |= set() if money else {"currency"}
    return {
        name: field_type(_declaration(name, entity), entity.name)
        for name, field_type in _TYPES.items()
        if name not in absent
    }


def _declaration(name: str, entity: declarations.Entity) -> declarations.Field:
    target = declarations.ReferenceTarget((_TARGETS[name],)) if name in _TARGETS else None
    shared = name == "currency" and entity.parent is not None
    readonly = name not in ASSIGNABLE or shared
    return declarations.Field(
        name, _TYPES[name].name, label={"": LABELS[name]}, target=target, readonly=readonly
    )


def system_column(name: str, schema: str, entities: frozenset[str]) -> sa.Column[Any]:
    """The column of a system field. It refers to users and teams where the application has them."""
    target = _TARGETS.get(name)
    if target is not None:
        column = reference_column(name, target, schema) if target in entities else sa.Column(name, sa.Uuid)
        column.nullable = name in ASSIGNABLE
        return column
    return _PLAIN[name]()


def kept_text_columns() -> tuple[sa.Column[str], ...]:
    """The title and the search text, which the platform keeps with every record."""
    return tuple(
        sa.Column(name, sa.Text(collation=CODE_POINTS), nullable=False, server_default=sa.text("''"))
        for name in (TITLE, SEARCH)
    )


def _id() -> sa.Column[Any]:
    return sa.Column("id", sa.Uuid, primary_key=True, server_default=sa.text("uuidv7()"))


def _instant(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


_PLAIN: Mapping[str, Callable[[], sa.Column[Any]]] = {
    "id": _id,
    "currency": lambda: sa.Column("currency", sa.String(3, collation=CODE_POINTS)),
    "created_at": lambda: _instant("created_at"),
    "updated_at": lambda: _instant("updated_at"),
    "version": lambda: sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1")),
    "deleted_at": lambda: sa.Column("deleted_at", sa.DateTime(timezone=True)),
}


def outline(entity: str, schema: str) -> sa.TableClause:
    """An entity's table as far as all entities' are alike: a record's id, title and when it was deleted.

    For statements that look into the tables of all entities, most of which nobody needs otherwise.
    """
    same = (
        sa.column("id", sa.Uuid()),
        sa.column(TITLE, sa.Text()),
        sa.column("deleted_at", sa.DateTime(True)),
    )
    return sa.table(entity, *same, schema=schema)
