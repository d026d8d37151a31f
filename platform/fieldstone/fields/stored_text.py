"""What all types have in common that keep their value in one text column, compared by code point."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.filters import TEXT_OPERATORS, Operator, quoted
from fieldstone.fields.inputs import Input
from fieldstone.fields.texts import ImportFormat

CODE_POINTS = "C"
UNICODE = "pg_unicode_fast"


def text_column(name: str) -> sa.Column[str]:
    """A text column that compares by code point, as the rule language does."""
    return sa.Column(name, sa.Text(collation=CODE_POINTS))


def people_order(text: Column) -> Column:
    """What lists sort texts by: upper and lower case together, with Unicode's case rules."""
    return sa.func.lower(text.collate(UNICODE), type_=sa.Text(collation=UNICODE))


class StoredText(FieldType):
    """One text column. A type says how a text is read; the API's form is the text itself.

    length_limit: what documents may lower with `max_length`; None: as long as one likes.
    sortable: long texts have no order worth sorting by.
    """

    length_limit: ClassVar[int | None] = 255
    sortable: ClassVar[bool] = True
    text_format: ClassVar[str | None] = None

    @property
    def max_length(self) -> int | None:
        """The most characters allowed, or None."""
        limit = self.declaration.options.get("max_length", self.length_limit)
        return None if limit is None else int(limit)

    @abstractmethod
    def reader(self) -> Callable[[Any], str]:
        """The function from what was sent to the text that is kept."""

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        return (text_column(self.key),)

    def input(self) -> ma.fields.Field[Any]:
        return Input(self.reader())

    def api_schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "string"}
        if self.max_length is not None:
            schema["maxLength"] = self.max_length
        if self.text_format is not None:
            schema["format"] = self.text_format
        return schema

    def sort_sql(self, source: Source) -> Column | None:
        return people_order(source.column(self.key)) if self.sortable else None

    def operators(self) -> tuple[Operator, ...]:
        return TEXT_OPERATORS

    def literal(self, value: Any) -> str:
        return quoted(str(value))

    def parse_text(self, text: str, form: ImportFormat) -> Any:  # noqa: ARG002  # a text has one notation
        return self.read(text)
