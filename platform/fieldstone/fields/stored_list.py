"""What the types have in common that keep several texts in one array column."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import marshmallow as ma
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.filters import HAS, LACKS, Operator, quoted
from fieldstone.fields.inputs import Input, many
from fieldstone.fields.stored_text import CODE_POINTS
from fieldstone.fields.texts import ImportFormat, list_cell, read_list


class StoredList(FieldType):
    """An array of texts, never null: without values it is empty. The Python value is a tuple."""

    empty = ()

    @abstractmethod
    def item_reader(self) -> Callable[[Any], str]:
        """The function from one sent item to the text that is kept."""

    @abstractmethod
    def item_schema(self) -> dict[str, Any]:
        """JSON Schema of one item."""

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        array = postgresql.ARRAY(sa.Text(collation=CODE_POINTS))
        return (sa.Column(self.key, array, nullable=False, server_default=sa.text("'{}'")),)

    def to_row(self, value: Any) -> dict[str, Any]:
        return {self.key: list(value or ())}

    def from_row(self, row: Mapping[str, Any]) -> Any:
        return tuple(row[self.key] or ())

    def input(self) -> ma.fields.Field[Any]:
        return Input(many(self.item_reader()), empty=())

    def api_form(self, value: Any) -> Any:
        return list(value or ())

    def api_schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item_schema(), "uniqueItems": True}

    def restored_sql(self, told: Column) -> Mapping[str, Column] | None:
        array = sa.case((sa.func.jsonb_typeof(told) == "array", told))
        item = sa.func.jsonb_array_elements_text(array).column_valued("item")
        listed = sa.select(sa.func.array_agg(item)).scalar_subquery()
        empty: Column = sa.literal_column("'{}'")
        return {self.key: sa.cast(sa.func.coalesce(listed, empty), self.columns("")[0].type)}

    def sort_sql(self, source: Source) -> Column | None:  # noqa: ARG002  # lists have no order
        return None

    def search_sql(self, source: Source) -> Column:
        return sa.func.array_to_string(source.column(self.key), sa.literal_column("' '"), type_=sa.Text())

    def operators(self) -> tuple[Operator, ...]:
        return (HAS, LACKS)

    def literal(self, value: Any) -> str:
        return quoted(str(value))

    def filter_literal(self, value: Any, operator: Operator) -> str:  # noqa: ARG002  # all ask for one item
        return quoted(self.item_reader()(value[0] if isinstance(value, list) and value else value))

    def cell_text(self, told: Any) -> str:
        return list_cell(told)

    def parse_text(self, text: str, form: ImportFormat) -> Any:
        return self.read(read_list(text, form))
