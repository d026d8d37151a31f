"""An amount of money."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.fields import json_text
from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.filters import NUMBER_OPERATORS, Operator
from fieldstone.fields.inputs import Input, exact_number
from fieldstone.fields.ranges import plain, rounded, within
from fieldstone.fields.texts import ImportFormat, read_decimal
from fieldstone_rules.schema import BASE_SUFFIX

PRECISION = 19
SCALE = 4
BASE = BASE_SUFFIX


class MoneyType(FieldType):
    """The amount in the record's currency, and beside it the amount in the organisation's.

    The Python value is the first; the second is written by who knows the rate, and who rounds to the decimals
    of the currency: the column keeps the decimals it was given, so that 1234.50 is read back as 1234.50.
    """

    name = "money"
    help = "An amount in the currency of the record."
    widget = "money"

    @property
    def base_key(self) -> str:
        """The column of the amount in the organisation's currency."""
        return f"{self.key}{BASE}"

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        return sa.Column(self.key, sa.Numeric), sa.Column(self.base_key, sa.Numeric)

    def constraints(self) -> tuple[sa.Constraint, ...]:
        limit: Column = sa.literal_column(str(10 ** (PRECISION - SCALE)))
        return (sa.CheckConstraint(sa.func.abs(sa.column(self.key)) < limit, name=f"{self.key}_range"),)

    def input(self) -> ma.fields.Field[Any]:
        def convert(value: Any) -> Decimal:
            amount = exact_number(value)
            rounded(amount, PRECISION, SCALE)
            return amount

        return Input(within(self.declaration.options, convert))

    def api_form(self, value: Any) -> Any:
        return None if value is None else plain(value)

    def api_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "examples": ["1234.50"]}

    def output_sql(self, source: Source) -> Column:
        return json_text.quoted(source.column(self.key))

    def restored_sql(self, told: Column) -> Mapping[str, Column] | None:
        """The amount alone: who knows the rate adds the other."""
        return {self.key: sa.cast(told.op("#>>")(sa.literal_column("'{}'")), sa.Numeric)}

    def sort_sql(self, source: Source) -> Column | None:
        return source.column(self.base_key)

    def operators(self) -> tuple[Operator, ...]:
        return NUMBER_OPERATORS

    def literal(self, value: Any) -> str:
        return plain(Decimal(value))

    def parse_text(self, text: str, form: ImportFormat) -> Any:
        return self.read(str(read_decimal(text, form))) if text.strip() else None
