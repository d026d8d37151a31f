"""Statements that read: written once per publication and access key, prepared once per connection, then run.

A statement gives nothing but texts, so its results need no conversion.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from threading import Lock
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from psycopg import pq
from sqlalchemy.dialects.postgresql import psycopg as dialects

from fieldstone.database.database import Database
from fieldstone.database.prepared import Prepared
from fieldstone.fields.intervals import write_duration
from fieldstone.model.model import Model
from fieldstone_rules.durations import Duration

DIALECT = dialects.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # SQLAlchemy's
_PLACE = re.compile(r"\$([0-9]+)")
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
        compiled = select.compile(dialect=DIALECT)
        # Asked of what was compiled: a walk over the statement meets a subquery with each of its columns.
        later = {bound.key for bound in compiled.binds.values() if bound.required}
        expanded = compiled.construct_expanded_state(dict.fromkeys(later))
        places = list(expanded.positiontup or ())
        fixed = {name: expanded.parameters[name] for name in places if name not in later}
        self._names = tuple(name for name in places if name in later)
        self.names = frozenset(self._names)
        self.prepared = Prepared(prefix + _with_constants(expanded.statement, places, fixed))

    def run(self, database: Database, values: Mapping[str, Any]) -> Texts:
        """The rows, for parameter name → value.

        Raises:
            FieldstoneError: what the database says, translated.
        """
        return Texts(database.fetch(self.prepared, [wire(values[name]) for name in self._names]))


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
    if isinstance(value, bool):
        return text  # as 'true' it would be a text wherever nothing asks for a truth value
    if isinstance(value, Decimal):
        return f"'{text}'::NUMERIC"  # SQLAlchemy gives it no type: it would be what it stands beside
    marked = text.replace("\\", "\\\\").replace("'", "''")
    return f"E'{marked}'" if "\\" in text else f"'{marked}'"


def wire(value: Any) -> bytes | None:
    """A value as PostgreSQL reads it in text form; bytes are that form already."""
    if isinstance(value, bytes):
        return value
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
    found: Kept | None = model.cache.get(__name__)
    return model.cache.setdefault(__name__, Kept()) if found is None else found
