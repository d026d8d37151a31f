"""A day of the calendar."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.fields.base import FieldType
from fieldstone.fields.filters import DATE_OPERATORS, Operator
from fieldstone.fields.inputs import Input, day
from fieldstone.fields.texts import ImportFormat, read_date


class DateType(FieldType):
    """A day without time and zone, written as ISO 8601 writes it."""

    name = "date"
    help = "A day."
    widget = "date"

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        return (sa.Column(self.key, sa.Date),)

    def input(self) -> ma.fields.Field[Any]:
        return Input(day)

    def api_form(self, value: Any) -> Any:
        return None if value is None else value.isoformat()

    def api_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date"}

    def operators(self) -> tuple[Operator, ...]:
        return DATE_OPERATORS

    def literal(self, value: Any) -> str:
        return f'date("{value.isoformat()}")'

    def parse_text(self, text: str, form: ImportFormat) -> Any:
        return read_date(text, form) if text.strip() else None
