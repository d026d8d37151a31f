"""The name of a person in its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import sqlalchemy as sa

from fieldstone.fields.base import Column, Source
from fieldstone.fields.compound import CompoundType, ReadPart, part_is, part_text
from fieldstone.fields.filters import Operator
from fieldstone.fields.stored_text import CODE_POINTS, people_order
from fieldstone.fields.texts import ImportFormat


class PersonNameType(CompoundType):
    """The parts of a name as vCard has them (RFC 6350, `N`): title, given, middle and family name, suffix.

    Lists sort by family name, then by given name.
    """

    name = "person_name"
    help = "A person's name: title, given name, middle name, family name, suffix."
    widget = "person_name"
    parts: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "title": {"type": "string", "maxLength": 40},
        "given": {"type": "string", "maxLength": 120},
        "middle": {"type": "string", "maxLength": 120},
        "family": {"type": "string", "maxLength": 120},
        "suffix": {"type": "string", "maxLength": 40},
    }

    def readers(self) -> Mapping[str, ReadPart]:
        return {name: part_text(schema["maxLength"]) for name, schema in self.parts.items()}

    def line(self, value: Mapping[str, Any]) -> str:
        return " ".join(value[name] for name in self.parts if value[name])

    def sort_sql(self, source: Source) -> Column | None:
        column = source.column(self.key)
        space: Column = sa.literal_column("' '", sa.Text)
        names = [sa.func.coalesce(column[name].astext, "", type_=sa.Text()) for name in ("family", "given")]
        joined: Column = names[0].concat(space).concat(names[1])
        return sa.case((column.is_not(None), people_order(joined.collate(CODE_POINTS))))

    def _part_operators(self) -> tuple[Operator, ...]:
        return (part_is("family", "family name"), part_is("given", "given name"))

    def parts_of(self, text: str, form: ImportFormat) -> Mapping[str, Any]:  # noqa: ARG002  # one notation
        """`Berg, Anna` says which is which; of `Anna Berg` the last word is the family name."""
        family, comma, given = text.partition(",")
        if not comma:
            given, _, family = text.rpartition(" ")
        return {"given": given, "family": family}
