"""An instant."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.fields import json_text
from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.filters import TIME_OPERATORS, Operator
from fieldstone.fields.inputs import Input, instant
from fieldstone.fields.texts import ImportFormat, read_datetime


class DatetimeType(FieldType):
    """A point in time, kept and written in UTC."""

    name = "datetime"
    help = "A day and a time."
    widget = "datetime"

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        return (sa.Column(self.key, sa.DateTime(timezone=True)),)

    def input(self) -> ma.fields.Field[Any]:
        return Input(instant)

    def api_form(self, value: Any) -> Any:
        if value is None:
            return None
        text = value.astimezone(UTC).replace(tzinfo=None).isoformat()
        return (text.rstrip("0") if "." in text else text) + "Z"

    def api_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}

    def output_sql(self, source: Source) -> Column:
        return json_text.instant(source.column(self.key))

    def operators(self) -> tuple[Operator, ...]:
        return TIME_OPERATORS

    def literal(self, value: Any) -> str:
        return f'datetime("{self.api_form(value)}")'

    def parse_text(self, text: str, form: ImportFormat) -> Any:
        return read_datetime(text, form) if text.strip() else None
