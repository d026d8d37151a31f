"""A reference to a record of any entity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.filters import NULL_OPERATORS, Operator
from fieldstone.fields.inputs import Input, record_of_any
from fieldstone.fields.names import identifier
from fieldstone.fields.reference import REFERENCE_SCHEMA
from fieldstone.fields.stored_text import CODE_POINTS
from fieldstone.fields.texts import ImportFormat
from fieldstone_rules.types import Ref


def entity_column(field: str) -> str:
    """The column that says which entity the record is of; the field's own holds the id."""
    return identifier(field, "entity")


class AnyReferenceType(FieldType):
    """The id of a record and the name of its entity. The database keeps no foreign key: what becomes of the
    reference with the record is the matter of `fieldstone.records.about`.
    """

    name = "reference"
    help = "One record of any entity with activities."
    widget = "reference"

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # it leads to no one table
        entity = sa.Column(entity_column(self.key), sa.Text(collation=CODE_POINTS))
        return sa.Column(self.key, sa.Uuid), entity

    def constraints(self) -> tuple[sa.Constraint, ...]:
        filled = sa.func.num_nonnulls(sa.column(self.key), sa.column(entity_column(self.key)))
        return (sa.CheckConstraint(filled != sa.literal_column("1"), name=f"{self.key}_whole"),)

    def to_row(self, value: Ref | None) -> dict[str, Any]:
        id_, entity = (None, None) if value is None else (value.id, value.entity)
        return {self.key: id_, entity_column(self.key): entity}

    def from_row(self, row: Mapping[str, Any]) -> Ref | None:
        id_ = row[self.key]
        return None if id_ is None else Ref(row[entity_column(self.key)], id_)

    def input(self) -> ma.fields.Field[Any]:
        return Input(record_of_any)

    def api_form(self, value: Ref | None) -> Any:
        """Without the title, which only a statement knows."""
        return None if value is None else {"id": str(value.id), "entity": value.entity}

    def api_schema(self) -> dict[str, Any]:
        return REFERENCE_SCHEMA

    def output_sql(self, source: Source) -> Column:
        return source.any_reference(self.key)

    def restored_sql(self, told: Column) -> Mapping[str, Column] | None:
        key = sa.cast(told.op("->>")(sa.literal_column("'id'")), sa.Uuid)
        return {self.key: key, entity_column(self.key): told.op("->>")(sa.literal_column("'entity'"))}

    def sort_sql(self, source: Source) -> Column | None:  # noqa: ARG002  # records of several kinds have no order
        return None

    def operators(self) -> tuple[Operator, ...]:
        return NULL_OPERATORS

    def parse_text(self, text: str, form: ImportFormat) -> Any:  # noqa: ARG002  # `entity:id` is one notation
        entity, _, id_ = text.strip().partition(":")
        return self.read({"entity": entity, "id": id_} if text.strip() else None)
