"""The identity of a record. No document declares it; every table has it."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.fields import json_text
from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.filters import EQUALS, Operator, quoted
from fieldstone.fields.inputs import Input, record_id
from fieldstone.fields.texts import ImportFormat


class RecordIdType(FieldType):
    """A UUID of version 7, so that ids sort in the order of creation."""

    name = "id"
    help = "The identity of the record."
    widget = "readonly"
    writable = False

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        default = sa.text("uuidv7()")
        return (sa.Column(self.key, sa.Uuid, primary_key=True, server_default=default),)

    def input(self) -> ma.fields.Field[Any]:
        return Input(record_id)

    def api_form(self, value: Any) -> Any:
        return None if value is None else str(value)

    def api_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "uuid"}

    def output_sql(self, source: Source) -> Column:
        return json_text.quoted(source.column(self.key))

    def operators(self) -> tuple[Operator, ...]:
        return (EQUALS,)

    def literal(self, value: Any) -> str:
        return quoted(str(value))

    def parse_text(self, text: str, form: ImportFormat) -> Any:  # noqa: ARG002  # an id has one notation
        return self.read(text.strip())
