"""A value computed from others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.boolean import BooleanType
from fieldstone.fields.computed import ComputedDecimal, ComputedMoney, ComputedPercent, ComputedText
from fieldstone.fields.date import DateType
from fieldstone.fields.datetime import DatetimeType
from fieldstone.fields.duration import DurationType
from fieldstone.fields.filters import Operator
from fieldstone.fields.integer import IntegerType
from fieldstone.fields.json import JsonType
from fieldstone.fields.long_text import LongTextType
from fieldstone.fields.money import BASE
from fieldstone.fields.reference import ReferenceType
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.tags import TagsType
from fieldstone.fields.texts import ImportFormat
from fieldstone.fields.time import TimeType
from fieldstone_metadata import declarations
from fieldstone_rules.types import Kind, Type

RESULTS: Mapping[Kind, Callable[[declarations.Field, str], FieldType]] = {
    Kind.BOOLEAN: BooleanType,
    Kind.INTEGER: IntegerType,
    Kind.DECIMAL: ComputedDecimal,
    Kind.MONEY: ComputedMoney,
    Kind.PERCENT: ComputedPercent,
    Kind.TEXT: ComputedText,
    Kind.CHOICE: ComputedText,
    Kind.DATE: DateType,
    Kind.DATETIME: DatetimeType,
    Kind.TIME: TimeType,
    Kind.DURATION: DurationType,
    Kind.REFERENCE: ReferenceType,
    Kind.LIST: TagsType,
    Kind.JSON: JsonType,
    Kind.NULL: LongTextType,
}
"""Kind of the expression → the type that stores, writes and sorts its value."""


@dataclass(frozen=True)
class _Computed:
    """A source in which the formula's column stands for its expression."""

    source: Source
    field: str

    def column(self, name: str) -> Column:
        return self.source.formula(self.field) if name == self.field else self.source.column(name)

    def reference(self, targets: Mapping[str, Column]) -> Column:
        return self.source.reference(targets)

    def title(self, targets: Mapping[str, Column]) -> Column:
        return self.source.title(targets)

    def linked(self, field: str) -> Column:
        return self.source.linked(field)

    def file(self, key: Column) -> Column:
        return self.source.file(key)

    def files(self, field: str) -> Column:
        return self.source.files(field)

    def formula(self, field: str) -> Column:
        return self.source.formula(field)

    def any_reference(self, field: str) -> Column:
        return self.source.any_reference(field)

    def formula_amount(self, field: str) -> Column:
        return self.source.formula_amount(field)


class FormulaType(FieldType):
    """An expression's value, shown as its kind is shown; with `stored: true` it is kept in a column."""

    name = "formula"
    help = "A value that the platform computes from others."
    widget = "readonly"
    writable = False

    def __init__(self, declaration: declarations.Field, entity: str) -> None:
        super().__init__(declaration, entity)
        result = declaration.formula.type if declaration.formula is not None else Type(Kind.NULL)
        target = declarations.ReferenceTarget(result.entities) if result.entities else None
        plain = replace(declaration, options={}, choices=(), target=target)
        self.result = RESULTS[result.kind](plain, entity)

    @property
    def base_key(self) -> str | None:
        """The column of a stored amount in the organisation's currency; None for all other formulas."""
        is_amount = isinstance(self.result, ComputedMoney)
        return f"{self.key}{BASE}" if is_amount and self.declaration.stored else None

    @property
    def targets(self) -> Mapping[str, str]:
        """Of a formula that gives a reference: target entity → the column that refers to it."""
        return self.result.targets if isinstance(self.result, ReferenceType) else {}

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:
        return self.result.columns(schema) if self.declaration.stored else ()

    def to_row(self, value: Any) -> dict[str, Any]:
        return self.result.to_row(value) if self.declaration.stored else {}

    def from_row(self, row: Mapping[str, Any]) -> Any:
        return self.result.from_row(row) if self.declaration.stored else row.get(self.key)

    def input(self) -> ma.fields.Field[Any]:
        return self.result.input()

    def api_form(self, value: Any) -> Any:
        return self.result.api_form(value)

    def api_schema(self) -> dict[str, Any]:
        return self.result.api_schema() | {"readOnly": True}

    def output_sql(self, source: Source) -> Column:
        return self.result.output_sql(self._source(source))

    def restored_sql(self, told: Column) -> Mapping[str, Column] | None:
        return self.result.restored_sql(told) if self.declaration.stored else None

    def sort_sql(self, source: Source) -> Column | None:
        if isinstance(self.result, ComputedMoney) and not self.declaration.stored:
            return source.formula_amount(self.key)
        return self.result.sort_sql(self._source(source))

    def operators(self) -> tuple[Operator, ...]:
        return self.result.operators()

    def literal(self, value: Any) -> str:
        return self.result.literal(value)

    def parse_text(self, text: str, form: ImportFormat) -> Any:  # noqa: ARG002  # always refused
        raise ValueRefused("not_writable", f"{self.key} is computed and cannot be imported.")

    def _source(self, source: Source) -> Source:
        return source if self.declaration.stored else _Computed(source, self.key)
