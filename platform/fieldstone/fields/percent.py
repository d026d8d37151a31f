"""A percentage."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.fields import json_text
from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.filters import NUMBER_OPERATORS, Operator
from fieldstone.fields.inputs import Input, exact_number
from fieldstone.fields.ranges import plain, rounded, trimmed, within
from fieldstone.fields.texts import ImportFormat, read_decimal

PRECISION = 12
SCALE = 4


class PercentType(FieldType):
    """A number per hundred: 20 is 20 %. The API writes it as text, without zeros at its end."""

    name = "percent"
    help = "A percentage; 20 stands for 20 %."
    widget = "percent"

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        return (sa.Column(self.key, sa.Numeric(PRECISION, SCALE)),)

    def input(self) -> ma.fields.Field[Any]:
        def convert(value: Any) -> Decimal:
            return rounded(exact_number(value), PRECISION, SCALE)

        return Input(within(self.declaration.options, convert))

    def api_form(self, value: Any) -> Any:
        return None if value is None else trimmed(value)

    def api_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "examples": ["20"]}

    def output_sql(self, source: Source) -> Column:
        return json_text.quoted(sa.func.trim_scale(source.column(self.key)))

    def operators(self) -> tuple[Operator, ...]:
        return NUMBER_OPERATORS

    def literal(self, value: Any) -> str:
        return f"{plain(Decimal(value))}%"

    def parse_text(self, text: str, form: ImportFormat) -> Any:
        plain_text = text.strip().removesuffix("%")
        return self.read(str(read_decimal(plain_text, form))) if plain_text.strip() else None
