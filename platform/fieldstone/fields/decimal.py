"""An exact decimal number."""

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

USUAL_PRECISION = 18
USUAL_SCALE = 6


class DecimalType(FieldType):
    """A number of `precision` digits, `scale` of them behind the point; the API writes it as text."""

    name = "decimal"
    help = "An exact decimal number."
    widget = "decimal"

    @property
    def precision(self) -> int:
        """All digits."""
        return int(self.declaration.options.get("precision", USUAL_PRECISION))

    @property
    def scale(self) -> int:
        """Digits behind the point."""
        return int(self.declaration.options.get("scale", USUAL_SCALE))

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        return (sa.Column(self.key, sa.Numeric(self.precision, self.scale)),)

    def input(self) -> ma.fields.Field[Any]:
        def convert(value: Any) -> Decimal:
            return rounded(exact_number(value), self.precision, self.scale)

        return Input(within(self.declaration.options, convert))

    @property
    def exact_scale(self) -> bool:
        """Whether a document fixed the decimals, so that all of them are shown."""
        return "scale" in self.declaration.options

    def api_form(self, value: Any) -> Any:
        if value is None:
            return None
        return plain(value) if self.exact_scale else trimmed(value)

    def api_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "examples": ["12.50"]}

    def output_sql(self, source: Source) -> Column:
        number = source.column(self.key)
        return json_text.quoted(number if self.exact_scale else sa.func.trim_scale(number))

    def operators(self) -> tuple[Operator, ...]:
        return NUMBER_OPERATORS

    def literal(self, value: Any) -> str:
        return plain(Decimal(value))

    def parse_text(self, text: str, form: ImportFormat) -> Any:
        return self.read(str(read_decimal(text, form))) if text.strip() else None
