"""Statements that read: written once per publication and access key, prepared once per connection, then run.

A statement gives nothing but texts, so its results need no conversion. It is sent through libpq itself: for a
statement of a tenth of a millisecond, the layers above would cost as much as the database.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from itertools import count
from threading import Lock
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import sqlalchemy as sa
from psycopg import pq
from sqlalchemy.dialects.postgresql import psycopg as dialects
from sqlalchemy.sql import visitors

from fieldstone.database.failures import translate
from fieldstone.fields.intervals import write_duration
from fieldstone.model.model import Model
from fieldstone_rules.durations import Duration

_DIALECT = dialects.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # SQLAlchemy's
_PREPARED = "fieldstone_prepared"
_MOST_PREPARED = 400
_PLACE = re.compile(r"\$([0-9]+)")
_numbers = count(1)
T = TypeVar("T")

Select = sa.Select[*tuple[Any, ...]]


class Texts:
    """The rows of a statement as texts in UTF-8, taken out only where they are asked for."""

    def __init__(self, result: pq.abc.PGresult) -> None:
        self._value = result.get_value
        self._rows = result.ntuples

    def __len__(self) -> int:
        """How many rows there are."""
        return self._rows

    def at(self, row: int, column: int) -> bytes | None:
        """One text; None is null."""
        return self._value(row, column)

    def column(self, number: int, most: int | None = None) -> list[bytes]:
        """The texts of a column in the first `most` rows, without nulls."""
        value = self._value
        rows = range(self._rows if most is None else min(most, self._rows))
        return [text for row in rows if (text := value(row, number)) is not None]


class Statement:
    """The text of a statement with its parameters.

    What is constant for the publication stands in the text itself, so that a plan made once for all values of
    the parameters still knows it.

    names: of the parameters whose values come with each run. prefix: stands before the statement, such as
    `EXPLAIN `.
    """

    def __init__(self, select: Select, prefix: str = "") -> None:
        later = set(_later(select))
        compiled = select.params(dict.fromkeys(later)).compile(dialect=_DIALECT)
        expanded = compiled.construct_expanded_state()
        places = list(expanded.positiontup or ())
        fixed = {name: expanded.parameters[name] for name in places if name not in later}
        self._names = tuple(name for name in places if name in later)
        self.names = frozenset(self._names)
        self.text = prefix + _with_constants(expanded.statement, places, fixed)
        self.name = b"fieldstone_%d" % next(_numbers)

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> Texts:
        """The rows, for parameter name → value.

        Raises:
            FieldstoneError: what the database says, translated.
        """
        return Texts(self._execute(connection, [wire(values[name]) for name in self._names]))

    def _execute(self, connection: sa.Connection, bound: Sequence[bytes | None]) -> pq.abc.PGresult:
        pooled = connection.connection
        driver: psycopg.Connection[Any] = pooled.driver_connection  # type: ignore[assignment]  # psycopg's
        prepared: OrderedDict[bytes, None] = pooled.info.setdefault(_PREPARED, OrderedDict())
        try:
            if driver.pgconn.transaction_status != pq.TransactionStatus.IDLE:
                # A missing statement would end the transaction, so nothing prepared is relied on in one.
                return _checked(driver.pgconn, driver.pgconn.exec_params(self.text.encode(), bound))
            return self._execute_prepared(driver.pgconn, prepared, bound)
        except psycopg.Error as error:
            raise translate(error) from error

    def _execute_prepared(
        self, server: pq.abc.PGconn, prepared: OrderedDict[bytes, None], bound: Sequence[bytes | None]
    ) -> pq.abc.PGresult:
        try:
            return self._execute_once(server, prepared, bound)
        except psycopg.errors.InvalidSqlStatementName:
            # After a rollback the driver deallocates all statements of the connection, ours too. Each is
            # missed when it is used, since others may have been prepared anew meanwhile.
            prepared.pop(self.name, None)
            return self._execute_once(server, prepared, bound)

    def _execute_once(
        self, server: pq.abc.PGconn, prepared: OrderedDict[bytes, None], bound: Sequence[bytes | None]
    ) -> pq.abc.PGresult:
        if self.name in prepared:
            prepared.move_to_end(self.name)
        else:
            self._prepare(server, prepared)
        return _checked(server, server.exec_prepared(self.name, bound))  # type: ignore[arg-type]  # None is null

    def _prepare(self, server: pq.abc.PGconn, prepared: OrderedDict[bytes, None]) -> None:
        if len(prepared) >= _MOST_PREPARED:
            oldest, _ = prepared.popitem(last=False)
            _checked(server, server.exec_(b"DEALLOCATE " + oldest))
        _checked(server, server.prepare(self.name, self.text.encode()))
        prepared[self.name] = None


def _later(select: Select) -> Iterator[str]:
    """The parameters whose values come with each run."""
    for part in visitors.iterate(select):
        if isinstance(part, sa.BindParameter) and part.required:
            yield part.key


def _with_constants(text: str, places: Sequence[str], fixed: Mapping[str, Any]) -> str:
    """The statement with constants in place of their parameters, and the other parameters counted anew."""
    left = [name for name in places if name not in fixed]

    def replaced(match: re.Match[str]) -> str:
        name = places[int(match[1]) - 1]
        return _constant(fixed[name]) if name in fixed else f"${left.index(name) + 1}"

    return _PLACE.sub(replaced, text)


def _constant(value: Any) -> str:
    text = _text(value)
    if text is None:
        return "NULL"
    marked = text.replace("\\", "\\\\").replace("'", "''")
    return f"E'{marked}'" if "\\" in text else f"'{marked}'"


def _checked(server: pq.abc.PGconn, result: pq.abc.PGresult) -> pq.abc.PGresult:
    if result.status in {pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK}:
        return result
    if server.status == pq.ConnStatus.BAD:
        raise psycopg.OperationalError(server.get_error_message())
    raise psycopg.errors.error_from_result(result, encoding="utf-8")


def wire(value: Any) -> bytes | None:
    """A value as PostgreSQL reads it in text form."""
    text = _text(value)
    return None if text is None else text.encode()


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return "{" + ",".join(map(_item, value)) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | UUID):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Duration):
        return write_duration(value)
    raise TypeError(f"{type(value).__name__} cannot be a parameter")


def _item(value: Any) -> str:
    text = _text(value)
    if text is None:
        return "NULL"
    marked = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{marked}"'


class Kept:
    """What was built for a publication, the least recently used forgotten. Safe between threads."""

    def __init__(self, most: int = 2000) -> None:
        self._most = most
        self._kept: OrderedDict[Any, Any] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, build: Callable[[], T]) -> T:
        """What is kept under `key`, built now if it is not; two threads may both build it."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                found: T = self._kept[key]
                return found
        built = build()
        with self._lock:
            self._kept[key] = built
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return built


def kept(model: Model) -> Kept:
    """What readers have built for a publication."""
    found: Kept = model.cache.setdefault(__name__, Kept())
    return found
