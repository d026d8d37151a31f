"""A reference to one record."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.filters import IS_NO_RECORD, IS_RECORD, NULL_OPERATORS, Operator, quoted
from fieldstone.fields.inputs import Input, record_of
from fieldstone.fields.names import identifier
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_text import people_order
from fieldstone.fields.texts import ImportFormat
from fieldstone_rules.types import Ref

REFERENCE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "entity": {"type": "string"},
        "title": {"type": ["string", "null"]},
    },
    "required": ["id", "entity", "title"],
}


def reference_column(name: str, target: str, schema: str) -> sa.Column[Any]:
    """A foreign key to the entity `target`; rows are never deleted under it, only moved to the bin."""
    return sa.Column(name, sa.Uuid, sa.ForeignKey(f"{schema}.{target}.id"))


class ReferenceType(FieldType):
    """A foreign key; with several targets one column each, of which at most one is set."""

    name = "reference"
    help = "One record of another (or the same) entity."
    widget = "reference"

    @functools.cached_property
    def targets(self) -> Mapping[str, str]:
        """Target entity → the column that refers to it."""
        entities = self.declaration.target.entities if self.declaration.target else ()
        if len(entities) == 1:
            return {entities[0]: self.key}
        return {entity: identifier(self.key, entity) for entity in entities}

    @functools.cached_property
    def _only_target(self) -> str | None:
        return next(iter(self.targets)) if len(self.targets) == 1 else None

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:
        return tuple(reference_column(name, target, schema) for target, name in self.targets.items())

    def constraints(self) -> tuple[sa.Constraint, ...]:
        if len(self.targets) < 2:
            return ()
        set_ones = sa.func.num_nonnulls(*(sa.column(name) for name in self.targets.values()))
        return (sa.CheckConstraint(set_ones <= sa.literal_column("1"), name=f"{self.key}_one"),)

    def to_row(self, value: Ref | None) -> dict[str, Any]:
        if self._only_target is not None:
            return {self.key: None if value is None else value.id}
        return {
            name: value.id if value is not None and value.entity == target else None
            for target, name in self.targets.items()
        }

    def from_row(self, row: Mapping[str, Any]) -> Ref | None:
        if self._only_target is not None:
            id_ = row[self.key]
            return None if id_ is None else Ref(self._only_target, id_)
        found = ((target, row[name]) for target, name in self.targets.items())
        return next((Ref(target, id_) for target, id_ in found if id_ is not None), None)

    def input(self) -> ma.fields.Field[Any]:
        return Input(record_of(tuple(self.targets), tuple(self.api_schema()["properties"])))

    def api_form(self, value: Ref | None) -> Any:
        """Without the title, which only a statement knows."""
        return None if value is None else {"id": str(value.id), "entity": value.entity}

    def api_schema(self) -> dict[str, Any]:
        return REFERENCE_SCHEMA

    def output_sql(self, source: Source) -> Column:
        return source.reference({target: source.column(name) for target, name in self.targets.items()})

    def restored_sql(self, told: Column) -> Mapping[str, Column] | None:
        key = sa.cast(told.op("->>")(sa.literal_column("'id'")), sa.Uuid)
        named = told.op("->>")(sa.literal_column("'entity'"))
        return {column: sa.case((named == target, key)) for target, column in self.targets.items()}

    def sort_sql(self, source: Source) -> Column | None:
        return people_order(
            source.title({target: source.column(name) for target, name in self.targets.items()})
        )

    def operators(self) -> tuple[Operator, ...]:
        """Which record it is, where it can only be of one entity: elsewhere a path has to say which."""
        return (IS_RECORD, IS_NO_RECORD, *NULL_OPERATORS) if len(self.targets) == 1 else NULL_OPERATORS

    def literal(self, value: Ref) -> str:
        """The id, with which the operators compare."""
        return quoted(str(value.id))

    def parse_text(self, text: str, form: ImportFormat) -> Any:  # noqa: ARG002  # `id` and `entity:id` are all
        entity, colon, id_ = text.strip().partition(":")
        if entity and not colon and self._only_target is None:
            kind = next(iter(self.targets))
            raise ValueRefused(
                "not_a_reference", f"Several kinds are possible: write which, as in {kind}:id."
            )
        return self.read({"entity": entity, "id": id_} if colon else entity)
