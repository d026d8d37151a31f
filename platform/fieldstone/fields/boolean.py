"""Yes or no."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.fields import json_text
from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.filters import FALSE, NULL_OPERATORS, TRUE, Operator
from fieldstone.fields.inputs import Input, truth
from fieldstone.fields.texts import ImportFormat, read_boolean


class BooleanType(FieldType):
    """True, false, or not said."""

    name = "boolean"
    help = "Yes or no."
    widget = "checkbox"

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        return (sa.Column(self.key, sa.Boolean),)

    def input(self) -> ma.fields.Field[Any]:
        return Input(truth)

    def api_schema(self) -> dict[str, Any]:
        return {"type": "boolean"}

    def output_sql(self, source: Source) -> Column:
        return json_text.bare(source.column(self.key))

    def operators(self) -> tuple[Operator, ...]:
        return (TRUE, FALSE, *NULL_OPERATORS)

    def literal(self, value: Any) -> str:
        return "true" if value else "false"

    def parse_text(self, text: str, form: ImportFormat) -> Any:
        return read_boolean(text, form) if text.strip() else None
