"""References to several records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.filters import Operator
from fieldstone.fields.inputs import Input, many, record_of
from fieldstone.fields.reference import REFERENCE_SCHEMA
from fieldstone.fields.texts import ImportFormat, read_list
from fieldstone_rules.schema import Through
from fieldstone_rules.types import Ref

LINK = "link"
"""In an entry that is sent to a field whose links are records: the key of the fields of the link."""


class ReferencesType(FieldType):
    """Many to many: pairs in a link table of its own or in the records of an entity of links, no column. The
    Python value is a tuple of `Ref`.
    """

    name = "references"
    help = "Several records of another (or the same) entity."
    widget = "references"
    empty = ()

    @property
    def target(self) -> str:
        """The entity referred to."""
        return self.declaration.target.entities[0] if self.declaration.target else ""

    @property
    def through(self) -> Through | None:
        """The entity of the links, where they are records of one."""
        return self.declaration.target.through if self.declaration.target else None

    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # the link table holds the pairs
        return ()

    def to_row(self, value: tuple[Ref, ...]) -> dict[str, Any]:  # noqa: ARG002  # the link table holds the pairs
        return {}

    def from_row(self, row: Mapping[str, Any]) -> tuple[Ref, ...]:
        """From the ids that whoever read the link table put into the row."""
        return tuple(Ref(self.target, id_) for id_ in row.get(self.key) or ())

    def input(self) -> ma.fields.Field[Any]:
        shown = tuple(self.api_schema()["items"]["properties"])
        members = shown if self.through is None else (*shown, LINK)
        return Input(many(record_of((self.target,), members)), empty=())

    def api_form(self, value: tuple[Ref, ...]) -> Any:
        return [{"id": str(ref.id), "entity": ref.entity} for ref in value or ()]

    def api_schema(self) -> dict[str, Any]:
        return {"type": "array", "items": REFERENCE_SCHEMA}

    def output_sql(self, source: Source) -> Column:
        return source.linked(self.key)

    def sort_sql(self, source: Source) -> Column | None:  # noqa: ARG002  # several records have no order
        return None

    def operators(self) -> tuple[Operator, ...]:
        return ()

    def parse_text(self, text: str, form: ImportFormat) -> Any:
        return self.read(read_list(text, form))
