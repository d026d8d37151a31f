"""What transactions run most, prepared and sent through libpq: writes, and selects of whole records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from psycopg import pq
from psycopg.adapt import Transformer

from fieldstone.database.prepared import Prepared, session_of
from fieldstone.records.statements import DIALECT, wire

Convert = Callable[[Any], Any]


class InTransaction:
    """A statement with its parameters by name; constants that column types add to it come along."""

    def __init__(self, statement: sa.Select[Any] | sa.TextClause) -> None:
        compiled = statement.compile(dialect=DIALECT)
        self._prepared = Prepared(str(compiled))
        self._names = tuple(getattr(compiled, "positiontup", None) or ())
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> pq.abc.PGresult:
        """What it gives, for parameter name → value. Raises the driver's errors."""
        bound = [wire(values[name] if name in values else self._constants[name]) for name in self._names]
        return session_of(connection).execute(self._prepared, bound)


class TypedSelect:
    """A select whose rows are converted as SQLAlchemy would."""

    def __init__(self, select: sa.Select[Any]) -> None:
        self._statement = InTransaction(select)
        # A type may fetch its column in another form, as durations do as text: this is the type of that form.
        kinds = [entry.type for entry in select.compile(dialect=DIALECT)._result_columns]
        names = [str(column.key) for column in select.selected_columns]
        self._columns = list(zip(names, kinds, strict=True))
        self._conversions: list[tuple[str, Convert]] | None = None

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows as column → value. Raises the driver's errors."""
        result = self._statement.run(connection, values)
        if self._conversions is None:
            self._conversions = self._find_conversions(result)
        reading = Transformer(session_of(connection).driver)
        reading.set_pgresult(result)
        names = [name for name, _ in self._columns]
        rows = [dict(zip(names, row, strict=True)) for row in reading.load_rows(0, result.ntuples, tuple)]
        for name, convert in self._conversions:
            for row in rows:
                row[name] = convert(row[name])
        return rows

    def _find_conversions(self, result: pq.abc.PGresult) -> list[tuple[str, Convert]]:
        """The columns that need more than the driver does; their types in the database are known now."""
        found = (
            (name, kind.dialect_impl(DIALECT).result_processor(DIALECT, result.ftype(place)))
            for place, (name, kind) in enumerate(self._columns)
        )
        return [(name, convert) for name, convert in found if convert is not None]
