"""Anything that JSON can say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

import marshmallow as ma
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.fields import json_text
from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.cells import json_cell
from fieldstone.fields.inputs import Input, clean_text
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.texts import ImportFormat

DEEPEST = 32


def _checked(value: Any, depth: int = 0) -> Any:
    if depth > DEEPEST:
        raise ValueRefused("too_deep", f"JSON may be nested {DEEPEST} deep here.")
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(key): _checked(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_checked(item, depth + 1) for item in value]
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, float) and not isfinite(value):
        raise ValueRefused("not_json", "NaN and infinity are no JSON.")
    return value


class JsonType(FieldType):
    """A JSON value, kept as `jsonb`; null is no value."""

    name = "json"
    help = "Structured data as JSON."
    widget = "code"

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        return (sa.Column(self.key, postgresql.JSONB(none_as_null=True)),)

    def input(self) -> ma.fields.Field[Any]:
        return Input(_checked)

    def api_schema(self) -> dict[str, Any]:
        return {}

    def restored_sql(self, told: Column) -> Mapping[str, Column] | None:
        return {self.key: sa.func.nullif(told, sa.cast(sa.literal_column("'null'"), postgresql.JSONB))}

    def output_sql(self, source: Source) -> Column:
        return json_text.bare(source.column(self.key))

    def sort_sql(self, source: Source) -> Column | None:  # noqa: ARG002  # JSON has no order
        return None

    def cell_text(self, told: Any) -> str:
        return "" if told is None else json_cell(told)

    def parse_text(self, text: str, form: ImportFormat) -> Any:  # noqa: ARG002  # one notation
        if not text.strip():
            return None
        try:
            return self.read(json.loads(text))
        except (ValueError, RecursionError):
            raise ValueRefused("not_json", "This cell is no JSON.") from None
