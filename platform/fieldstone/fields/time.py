"""A time of day."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.fields.base import FieldType
from fieldstone.fields.filters import TIME_OPERATORS, Operator
from fieldstone.fields.inputs import Input, time_of_day
from fieldstone.fields.texts import ImportFormat, read_time


class TimeType(FieldType):
    """A time of day without zone."""

    name = "time"
    help = "A time of day."
    widget = "time"

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        return (sa.Column(self.key, sa.Time),)

    def input(self) -> ma.fields.Field[Any]:
        return Input(time_of_day)

    def api_form(self, value: Any) -> Any:
        text = None if value is None else value.isoformat()
        return text.rstrip("0") if text and "." in text else text

    def api_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "time"}

    def operators(self) -> tuple[Operator, ...]:
        return TIME_OPERATORS

    def literal(self, value: Any) -> str:
        return f'time("{value.isoformat()}")'

    def parse_text(self, text: str, form: ImportFormat) -> Any:
        return read_time(text, form) if text.strip() else None
