"""Values as formulas give them: with the decimals of the calculation, and texts of any length."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.fields import json_text
from fieldstone.fields.base import Column, Source
from fieldstone.fields.decimal import DecimalType
from fieldstone.fields.inputs import Input, clean_text
from fieldstone.fields.money import MoneyType
from fieldstone.fields.percent import PercentType
from fieldstone.fields.ranges import plain, trimmed
from fieldstone.fields.text import TextType


class ComputedDecimal(DecimalType):
    """A decimal of any length, written without zeros at its end."""

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        return (sa.Column(self.key, sa.Numeric),)

    def api_form(self, value: Any) -> Any:
        return None if value is None else trimmed(value)

    def output_sql(self, source: Source) -> Column:
        return json_text.quoted(sa.func.trim_scale(source.column(self.key)))


class ComputedPercent(PercentType):
    """A percentage of any length."""

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        return (sa.Column(self.key, sa.Numeric),)


class ComputedMoney(MoneyType):
    """An amount with the decimals of its calculation, but at least two."""

    def constraints(self) -> tuple[sa.Constraint, ...]:
        return ()

    def api_form(self, value: Any) -> Any:
        if value is None:
            return None
        text = trimmed(value)
        decimals = len(text.partition(".")[2])
        return text if decimals >= 2 else plain(Decimal(text).quantize(Decimal("0.01")))

    def output_sql(self, source: Source) -> Column:
        amount = sa.func.trim_scale(source.column(self.key))
        return json_text.quoted(sa.func.round(amount, sa.func.greatest(sa.func.scale(amount), 2)))


class ComputedText(TextType):
    """A text of any length; one without a character is no value."""

    length_limit = None

    def input(self) -> ma.fields.Field[Any]:
        return Input(lambda text: clean_text(text) or None, takes_blanks=True)
