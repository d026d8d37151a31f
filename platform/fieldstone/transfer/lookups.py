"""Finding the records that the texts of a file mean: one query per batch and way of looking, remembered.

Only what the importing user may read is found, so an import cannot be used to learn what exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from fieldstone.access.grants import access
from fieldstone.access.predicates import clause
from fieldstone.access.shared_predicates import RECEIVERS
from fieldstone.context import Context
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.texts import ImportFormat
from fieldstone.model.model import Field
from fieldstone.model.rule_columns import kept_column
from fieldstone.records.environment import environment
from fieldstone.transfer.binding import BoundLookup
from fieldstone_rules import parameters

REMEMBERED = 50_000
"""Texts per lookup that are kept; when there are more, remembering starts anew."""

Key = tuple[str, ...]
"""The text looked up, then those of the columns under `also`."""


class RecordFinder:
    """Finds records by one lookup of a mapping. Remembers what it found, not what it did not find."""

    def __init__(self, context: Context, lookup: BoundLookup, form: ImportFormat) -> None:
        self._lookup = lookup
        self._format = form
        self._known: dict[Key, tuple[UUID, ...]] = {}
        self._facts = parameters(environment(context)) | {RECEIVERS: list(context.principal.receivers)}
        self._statements = [_statement(context, lookup, fields) for fields in lookup.key_fields]

    def learn(self, key: Key, found: UUID) -> None:
        """Remember a record that was created for a key."""
        self._known[key] = (found,)

    def forget(self) -> None:
        """Forget everything: the transaction that found it was rolled back."""
        self._known.clear()

    def find(self, context: Context, keys: Iterable[Key]) -> dict[Key, tuple[UUID, ...]]:
        """Key → the ids of the records it means: none, one, or several where it is ambiguous."""
        wanted = dict.fromkeys(keys)
        open_keys = [key for key in wanted if key not in self._known]
        if len(self._known) + len(open_keys) > REMEMBERED:
            self._known.clear()
            open_keys = list(wanted)
        for statement, fields in zip(self._statements, self._lookup.key_fields, strict=True):
            found = self._ask(context, statement, fields, open_keys)
            self._known.update(found)
            open_keys = [key for key in open_keys if key not in found]
        return {key: self._known.get(key, ()) for key in wanted}

    def _ask(
        self, context: Context, statement: sa.Select[Any], fields: Sequence[Field], keys: list[Key]
    ) -> dict[Key, tuple[UUID, ...]]:
        readable = [(key, values) for key in keys if (values := self._values(fields, key)) is not None]
        if not readable:
            return {}
        columns = zip(*(values for _, values in readable), strict=True)
        asked = {f"keys_{position}": list(column) for position, column in enumerate(columns)}
        with context.database.read() as connection:
            answer = connection.execute(statement, {**self._facts, **asked}).all()
        found: dict[Key, tuple[UUID, ...]] = {}
        for position, identity in answer:
            key = readable[position - 1][0]
            found[key] = (*found.get(key, ()), identity)
        return found

    def _values(self, fields: Sequence[Field], key: Key) -> list[Any] | None:
        """The database values that a key stands for, or None where it cannot be a value of such a field."""
        try:
            return [self._value(field, text) for field, text in zip(fields, key, strict=True)]
        except ValueRefused:
            return None

    def _value(self, field: Field, text: str) -> Any:
        return next(iter(field.type.to_row(field.type.parse_text(text, self._format)).values()))


def _statement(context: Context, lookup: BoundLookup, fields: Sequence[Field]) -> sa.Select[Any]:
    """Pairs of (1-based position of the key, id of a record) for the arrays `keys_0`, `keys_1`…"""
    table = lookup.target.table
    names = [field.columns[0].name for field in fields]
    columns = [kept_column(context.model, lookup.target.name, table, name) for name in names]
    arrays = [sa.bindparam(f"keys_{n}", type_=ARRAY(column.type)) for n, column in enumerate(columns)]
    keyed = [f"key_{n}" for n in range(len(columns))]
    keys = (
        sa.func.unnest(*arrays).table_valued(*keyed, with_ordinality="position").render_derived(name="keys")
    )
    same = [
        _folded(column, lookup) == _folded(keys.c[name], lookup)
        for name, column in zip(keyed, columns, strict=True)
    ]
    return (
        sa.select(keys.c.position, table.c.id)
        .select_from(keys.join(table, sa.and_(*same)))
        .where(table.c.deleted_at.is_(None), *_readable(context, lookup, fields))
        .order_by(keys.c.position, table.c.id)
    )


def _readable(context: Context, lookup: BoundLookup, fields: Sequence[Field]) -> list[sa.ColumnElement[Any]]:
    """What the importing user may read: the record, and in it the fields that are compared."""
    model, name = context.model, lookup.target.name
    granted = access(model, context.principal, name)
    decisions = [granted.read, *(granted.field_read(field.name) for field in fields)]
    clauses = [clause(model, decision, name, lookup.target.table, live=True) for decision in decisions]
    return [one for one in clauses if one is not None]


def _folded(value: sa.ColumnElement[Any], lookup: BoundLookup) -> sa.ColumnElement[Any]:
    """`value` without what does not matter; the database folds both sides, so that they agree."""
    if not isinstance(value.type, sa.Text | sa.String | sa.types.NullType):
        return value
    if lookup.declared.ignore_spaces:
        value = sa.func.regexp_replace(value, r"\s+", "", "g")
    if lookup.declared.ignore_case:
        value = sa.func.lower(sa.collate(value, "pg_unicode_fast"))
    return value
