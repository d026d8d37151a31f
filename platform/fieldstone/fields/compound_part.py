"""A part of a value of several parts, seen as a field of its own: what `address.city` is in a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.fields import json_text
from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.inputs import Input, clean_text
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_text import CODE_POINTS, people_order
from fieldstone.fields.texts import ImportFormat
from fieldstone_metadata import declarations

NUMERIC_FORMAT = "decimal"


class CompoundPart(FieldType):
    """Only read: a value is written as a whole. It is no type that documents can name."""

    name = "part"
    help = "A part of a value."
    widget = "readonly"
    writable = False

    def __init__(
        self, declaration: declarations.Field, entity: str, part: str, schema: Mapping[str, Any]
    ) -> None:
        super().__init__(declaration, entity)
        self._part = part
        self._schema = schema

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # the whole has the column
        return ()

    def input(self) -> ma.fields.Field[Any]:
        return Input(clean_text)

    def api_schema(self) -> dict[str, Any]:
        return {**self._schema, "readOnly": True}

    def output_sql(self, source: Source) -> Column:
        return json_text.bare(source.column(self.key)[self._part])

    def sort_sql(self, source: Source) -> Column | None:
        written: Column = source.column(self.key)[self._part].astext
        if self._schema.get("format") == NUMERIC_FORMAT:
            return sa.cast(written, sa.Numeric)
        return people_order(written.collate(CODE_POINTS))

    def parse_text(self, text: str, form: ImportFormat) -> Any:  # noqa: ARG002  # always refused
        raise ValueRefused("not_writable", f"{self.key} is written as a whole.")
