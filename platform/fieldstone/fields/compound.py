"""What the types have in common that keep several named parts as one value, such as an address."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

import marshmallow as ma
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.fields import json_text
from fieldstone.fields.base import Column, FieldType, Source
from fieldstone.fields.compound_part import CompoundPart
from fieldstone.fields.filters import IS_EMPTY, IS_SET, Operand, Operator, quoted
from fieldstone.fields.inputs import Input, clean_text
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_text import CODE_POINTS, people_order
from fieldstone.fields.texts import ImportFormat

TEXT = "text"
"""The part that every such value has beside its own: the whole in one line."""

CONTAINS = Operator("contains", "contains", "contains(lower({field}.text), lower({value}))")
ReadPart = Callable[[Any], Any]


class Parts(dict[str, Any]):
    """The Python value of several parts: name → Python value. What has been read is not read again."""


def part_text(longest: int) -> ReadPart:
    """A reader of one line of at most `longest` characters; empty text is None."""

    def convert(value: Any) -> str | None:
        text = " ".join(clean_text(value).split())
        if len(text) > longest:
            raise ValueRefused(
                "too_long", f"At most {longest} characters are allowed; these are {len(text)}."
            )
        return text or None

    return convert


class CompoundType(FieldType):
    """Several parts in one `jsonb` column, with the whole in one line beside them.

    The Python value is a mapping of all parts (and `text`) to Python values; without any part it is None.
    Expressions read it part by part: `address.city`. parts: name → JSON Schema of the API's form.
    """

    parts: ClassVar[Mapping[str, Mapping[str, Any]]]

    @abstractmethod
    def readers(self) -> Mapping[str, ReadPart]:
        """Part → how its value is read."""

    @abstractmethod
    def line(self, value: Mapping[str, Any]) -> str:
        """A value in one line."""

    def made(self, given: Mapping[str, Any]) -> Parts | None:
        """The Python value of what was sent: all parts, those that were left out as None.

        Raises:
            ValueRefused: naming the part.
        """
        unknown = [name for name in given if name not in self.parts]
        if unknown:
            known = ", ".join(self.parts)
            raise ValueRefused(
                "unknown_part", f"There is no part “{str(unknown[0])[:80]}”; there are {known}."
            )
        value = {name: _read_part(name, read, given.get(name)) for name, read in self.readers().items()}
        if all(part is None for part in value.values()):
            return None
        return Parts(value | {TEXT: self.line(value)})

    # --- storage
    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:  # noqa: ARG002  # no references here
        return (sa.Column(self.key, postgresql.JSONB(none_as_null=True)),)

    def to_row(self, value: Mapping[str, Any] | None) -> dict[str, Any]:
        return {self.key: None if value is None else {name: _stored(part) for name, part in value.items()}}

    def from_row(self, row: Mapping[str, Any]) -> Parts | None:
        kept = row[self.key]
        if kept is None:
            return None
        parts = {name: kept.get(name) for name in self.parts}
        value = {name: None if part is None else self.loaded(part) for name, part in parts.items()}
        return Parts(value | {TEXT: kept[TEXT]})

    def loaded(self, part: Any) -> Any:
        """The Python value of a part as it is kept."""
        return part

    # --- the API
    def input(self) -> ma.fields.Field[Any]:
        def convert(value: Any) -> Parts | None:
            if isinstance(value, Parts):
                return value
            if not isinstance(value, Mapping):
                raise ValueRefused(
                    "not_an_object", f"An object with {', '.join(self.parts)} is expected here."
                )
            return self.made(value)

        return Input(convert)

    def api_form(self, value: Mapping[str, Any] | None) -> Any:
        return None if value is None else {name: _stored(value[name]) for name in self.parts}

    def api_schema(self) -> dict[str, Any]:
        described = {
            name: {**schema, "type": [schema["type"], "null"]} for name, schema in self.parts.items()
        }
        return {"type": "object", "properties": described, "additionalProperties": False}

    def restored_sql(self, told: Column) -> Mapping[str, Column] | None:
        """The parts, without the whole in one line."""
        return {self.key: sa.func.nullif(told, sa.cast(sa.literal_column("'null'"), postgresql.JSONB))}

    def output_sql(self, source: Source) -> Column:
        column = source.column(self.key)
        pieces: list[Column] = []
        for number, name in enumerate(self.parts):
            pieces += [json_text.constant(f'{"," if number else "{"}"{name}":'), json_text.bare(column[name])]
        written = json_text.assembled(*pieces, json_text.constant("}"))
        return sa.case((column.is_not(None), written), else_=json_text.NULL)

    # --- lists
    def sort_sql(self, source: Source) -> Column | None:
        return people_order(self._text(source))

    def search_sql(self, source: Source) -> Column:
        return self._text(source)

    def part(self, name: str) -> FieldType | None:
        """A part as a field of its own, for lists that show, sort or group by it."""
        declared = self.parts.get(name) if name != TEXT else {"type": "string"}
        return None if declared is None else CompoundPart(self.declaration, self.entity, name, declared)

    def operators(self) -> tuple[Operator, ...]:
        return (CONTAINS, *self._part_operators(), IS_EMPTY, IS_SET)

    def _part_operators(self) -> tuple[Operator, ...]:
        return ()

    def literal(self, value: Any) -> str:
        return quoted(str(value))

    def filter_literal(self, value: Any, operator: Operator) -> str:  # noqa: ARG002  # all compare texts
        return quoted(clean_text(value))

    # --- import
    def parse_text(self, text: str, form: ImportFormat) -> Any:
        plain = text.strip()
        if not plain:
            return None
        return self.read(_object(plain) if plain.startswith("{") else self.parts_of(plain, form))

    def parts_of(self, text: str, form: ImportFormat) -> Mapping[str, Any]:  # noqa: ARG002  # types that know do
        """The parts that a text without braces stands for.

        Raises:
            ValueRefused: as here, where only the parts will do.
        """
        example = f'{{"{next(iter(self.parts))}": "…"}}'
        raise ValueRefused("not_an_object", f"A JSON object such as {example} is expected here.")

    def _text(self, source: Source) -> Column:
        written: Column = source.column(self.key)[TEXT].astext
        return written.collate(CODE_POINTS)


def part_is(name: str, label: str) -> Operator:
    """The question whether a part is a text, whatever its case."""
    template = f"lower({{field}}.{name}) == lower({{value}})"
    return Operator(f"{name}_is", f"{label} is", template, Operand.ONE)


def _read_part(name: str, read: ReadPart, value: Any) -> Any:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        return read(value)
    except ValueRefused as refused:
        raise ValueRefused(refused.code, f"{name}: {refused.message}") from None


def _stored(part: Any) -> Any:
    return format(part, "f") if isinstance(part, Decimal) else part


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueRefused("not_json", "This cell is no JSON.") from None
