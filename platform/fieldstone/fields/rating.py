"""Some stars out of a few."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.fields import json_text
from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.filters import NUMBER_OPERATORS, Operator
from fieldstone.fields.inputs import Input, whole_number
from fieldstone.fields.ranges import within
from fieldstone.fields.texts import ImportFormat, read_decimal

USUAL = 5


class RatingType(FieldType):
    """A whole number from 0 to the option `max` (5 if nothing is said)."""

    name = "rating"
    help = "Some stars out of a few."
    widget = "rating"

    @property
    def highest(self) -> int:
        """The most stars."""
        return int(self.declaration.options.get("max", USUAL))

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        return (sa.Column(self.key, sa.BigInteger),)

    def input(self) -> ma.fields.Field[Any]:
        return Input(within({"min": 0, "max": self.highest}, whole_number))

    def api_schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": 0, "maximum": self.highest}

    def output_sql(self, source: Source) -> Column:
        return json_text.bare(source.column(self.key))

    def operators(self) -> tuple[Operator, ...]:
        return NUMBER_OPERATORS

    def literal(self, value: Any) -> str:
        return str(int(value))

    def parse_text(self, text: str, form: ImportFormat) -> Any:
        return self.read(str(read_decimal(text, form))) if text.strip() else None
