"""A whole number."""

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


class IntegerType(FieldType):
    """A whole number of 64 bits."""

    name = "integer"
    help = "A whole number."
    widget = "integer"

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        return (sa.Column(self.key, sa.BigInteger),)

    def input(self) -> ma.fields.Field[Any]:
        return Input(within(self.declaration.options, whole_number))

    def api_schema(self) -> dict[str, Any]:
        return {"type": "integer", "format": "int64"}

    def output_sql(self, source: Source) -> Column:
        return json_text.bare(source.column(self.key))

    def operators(self) -> tuple[Operator, ...]:
        return NUMBER_OPERATORS

    def literal(self, value: Any) -> str:
        return str(int(value))

    def parse_text(self, text: str, form: ImportFormat) -> Any:
        return self.read(str(read_decimal(text, form))) if text.strip() else None
