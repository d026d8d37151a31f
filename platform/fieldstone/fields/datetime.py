"""An instant."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.filters import TIME_OPERATORS, Operator
from fieldstone.fields.inputs import Input, instant
from fieldstone.fields.texts import ImportFormat, read_datetime


def utc_text(moment: Column) -> Column:
    """A `timestamptz` as ISO 8601 in UTC with `Z`; microseconds only where there are some.

    `to_json` writes a timestamp independently of any setting of the session, and faster than `to_char`.
    """
    written = sa.func.to_json(sa.func.timezone("UTC", moment)).op("#>>")(sa.literal_column("'{}'::text[]"))
    return sa.cast(written, sa.Text).concat(sa.literal_column("'Z'"))


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
        return utc_text(source.column(self.key))

    def operators(self) -> tuple[Operator, ...]:
        return TIME_OPERATORS

    def literal(self, value: Any) -> str:
        return f'datetime("{self.api_form(value)}")'

    def parse_text(self, text: str, form: ImportFormat) -> Any:
        return read_datetime(text, form) if text.strip() else None
