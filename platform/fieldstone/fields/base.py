"""What a field type is: everything the platform knows about one sort of field, in one class.

A type object is bound to one declared field. Storage, input, output, sorting, filtering and import all ask
it; no other place tells types apart.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Protocol

import marshmallow as ma
import sqlalchemy as sa

from fieldstone.database.keyring import Keyring
from fieldstone.fields import json_text
from fieldstone.fields.cells import cell_text
from fieldstone.fields.filters import NULL_OPERATORS, Operator
from fieldstone.fields.refusal import Unread, ValueRefused
from fieldstone.fields.texts import ImportFormat
from fieldstone_metadata import declarations

Column = sa.ColumnElement[Any]
Value = Any

UNCHANGED: Any = object()
"""What `read` gives for a value that says: leave it as it is."""


class Source(Protocol):
    """The record that a statement reads, as a field type sees it when it writes itself into the statement."""

    def column(self, name: str) -> Column:
        """A column of the record's table, by its database name."""

    def reference(self, targets: Mapping[str, Column]) -> Column:
        """`{"id", "entity", "title"}` as JSON text of the one target that is set (entity → column)."""

    def any_reference(self, field: str) -> Column:
        """`{"id", "entity", "title"}` as JSON text of the record of any entity that `field` names."""

    def title(self, targets: Mapping[str, Column]) -> Column:
        """The title of the one target that is set, null where the viewer may not read it."""

    def linked(self, field: str) -> Column:
        """The references behind the many-to-many `field` as the text of a JSON array."""

    def file(self, key: Column) -> Column:
        """The link to the file whose record has the id `key`, as JSON text."""

    def files(self, field: str) -> Column:
        """The links to the files of the field of several files `field`, as the text of a JSON array."""

    def formula(self, field: str) -> Column:
        """The value of the unstored formula `field`."""

    def formula_amount(self, field: str) -> Column:
        """The value of the money formula `field`, in the organisation's currency."""


class FieldType(ABC):
    """The behaviour of one declared field.

    name: as documents write it. help: one line for people. widget: which control a form shows.
    writable: whether a caller may ever send it. empty: the Python value that stands for nothing.
    The defaults below suit a plain value in one column.
    """

    name: ClassVar[str]
    help: ClassVar[str]
    widget: ClassVar[str]
    writable: ClassVar[bool] = True
    empty: ClassVar[Any] = None

    def __init__(self, declaration: declarations.Field, entity: str) -> None:
        self.declaration = declaration
        self.entity = entity

    @property
    def key(self) -> str:
        """The field's name, which is also that of its (first) column."""
        return self.declaration.name

    # --- storage
    @abstractmethod
    def columns(self, schema: str) -> tuple[sa.Column[Any], ...]:
        """New columns for the entity's table in the database schema `schema`, in order."""

    def constraints(self) -> tuple[sa.Constraint, ...]:
        """Checks of the database over these columns."""
        return ()

    def to_row(self, value: Value) -> dict[str, Any]:
        """Column name → database value, for a Python value or None."""
        return {self.key: value}

    def from_row(self, row: Mapping[str, Any]) -> Value:
        """The Python value kept in a row (column name → database value)."""
        return row[self.key]

    # --- the API
    @abstractmethod
    def input(self) -> ma.fields.Field[Any]:
        """The marshmallow field that turns the API's form into the Python value, or says what is wrong."""

    def read(self, value: Any) -> Value:
        """The Python value of what a caller sent in the API's form; empty text is None.

        Raises:
            ValueRefused: with a code and a sentence that says what was expected.
        """
        if isinstance(value, Unread):
            raise value.refused
        try:
            return self._input.deserialize(value)
        except ValueRefused:
            raise
        except ma.ValidationError as error:
            raise ValueRefused("invalid", "; ".join(map(str, error.messages))) from None

    def sealed(self, value: Value, keyring: Keyring) -> Value:  # noqa: ARG002  # secrets are encrypted
        """The Python value that is kept of one that was read."""
        return value

    @cached_property
    def _input(self) -> ma.fields.Field[Any]:
        return self.input()

    def api_form(self, value: Value) -> Any:
        """What JSON shows of a Python value; equal to what `output_sql` builds in the database."""
        return value

    @abstractmethod
    def api_schema(self) -> dict[str, Any]:
        """JSON Schema of the API's form, without null."""

    def sent_schema(self) -> dict[str, Any]:
        """JSON Schema of what may be sent, where that differs from what is shown."""
        return self.api_schema()

    def output_sql(self, source: Source) -> Column:
        """The API's form as JSON text, never null (see `json_text`)."""
        return json_text.escaped(source.column(self.key))

    def restored_sql(self, told: Column) -> Mapping[str, Column] | None:
        """Column name → database value, of the API's form as `jsonb`, as the history keeps it; SQL's null and
        that of JSON are nothing. None: the history does not tell enough.
        """
        columns = self.columns("")
        if len(columns) != 1:
            return None
        return {self.key: sa.cast(told.op("#>>")(sa.literal_column("'{}'")), columns[0].type)}

    # --- lists
    def sort_sql(self, source: Source) -> Column | None:
        """What lists sort by, or None where there is no order."""
        return source.column(self.key)

    def search_sql(self, source: Source) -> Column:
        """The text in which a search looks for words."""
        return sa.cast(source.column(self.key), sa.Text)

    def part(self, name: str) -> FieldType | None:  # noqa: ARG002  # types of several parts use it
        """The part `name` of its values as a field that lists can show and sort by; None if there is none."""
        return None

    def operators(self) -> tuple[Operator, ...]:
        """What a filter can ask, in the order of a menu."""
        return NULL_OPERATORS

    def literal(self, value: Value) -> str:  # noqa: ARG002  # types that can be compared use it
        """A Python value as a literal of the rule language."""
        raise ValueRefused("not_filterable", f"{self.key} cannot be compared with a value.")

    def filter_literal(self, value: Any, operator: Operator) -> str:  # noqa: ARG002  # types of several parts use it
        """What an operator compares with, sent in the API's form, as a literal of the rule language."""
        return self.literal(self.read(value))

    # --- export and import
    def cell_text(self, told: Any) -> str:
        """A value of the API's form as a cell of a file, which `parse_text` reads again."""
        return cell_text(told)

    @abstractmethod
    def parse_text(self, text: str, form: ImportFormat) -> Value:
        """The Python value that a cell of a file stands for; an empty cell is None.

        Raises:
            ValueRefused: with a code and a sentence that says what was expected.
        """
