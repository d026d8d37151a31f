"""What a mapping file says: which column of a CSV file feeds which field, and how its text is read."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from dataclasses import field as made_by
from decimal import Decimal
from typing import Any

from fieldstone.transfer.csv_file import Layout

REFUSE, CREATE, EMPTY = "refuse", "create", "empty"
"""What to do where there is no such record: refuse the row, create the record, leave the field empty."""

Place = tuple[int, int]
"""1-based line and column in the mapping file."""


@dataclass(frozen=True)
class Formats:
    """How dates, numbers and truth values are written.

    date, datetime: patterns such as `dd-mm-yyyy` and `dd.mm.yyyy hh:mm` (None: ISO 8601). time_zone: of
    datetimes that name none. decimal, thousands: the marks in numbers. true, false: texts, in any case.
    separator: between the items of a list.
    """

    date: str | None = None
    datetime: str | None = None
    time_zone: str = "UTC"
    decimal: str = "."
    thousands: str = ""
    true: tuple[str, ...] = ("true", "yes", "y", "1", "x")
    false: tuple[str, ...] = ("false", "no", "n", "0")
    separator: str = ";"


@dataclass(frozen=True)
class FromColumn:
    """A value that stands in another column of the same row. template: as in `Feed`."""

    column: str
    template: str | None = None


@dataclass(frozen=True)
class Lookup:
    """How the text of a cell finds the record that it means.

    entity: of the record (None: the only target of the field). by: its fields, tried in this order.
    ignore_case, ignore_spaces: what does not matter in the comparison. also: further fields of the record
    that must equal other columns. missing: REFUSE, CREATE or EMPTY. create: fields of a created record.
    """

    by: tuple[str, ...]
    entity: str | None = None
    ignore_case: bool = False
    ignore_spaces: bool = False
    also: MappingOf[str, FromColumn] = made_by(default_factory=dict)
    missing: str = REFUSE
    create: MappingOf[str, Any] = made_by(default_factory=dict)
    place: Place = (1, 1)


@dataclass(frozen=True)
class Feed:
    """One column feeding one field.

    values: text in the file → text that is meant. empty: texts that mean no value. default: used where the
    cell is empty. formats: of this column. template: a text with {text} for the cell or {slug} for it in
    plain letters (`{slug}@acme.example`). factor: what a number is multiplied by.
    """

    column: str
    field: str
    formats: Formats
    empty: frozenset[str]
    values: MappingOf[str, str] = made_by(default_factory=dict)
    default: str | None = None
    template: str | None = None
    factor: Decimal | None = None
    lookup: Lookup | None = None
    place: Place = (1, 1)
    column_place: Place = (1, 1)


@dataclass(frozen=True)
class Constant:
    """A value that every row gets, in the API's form."""

    field: str
    value: Any
    place: Place = (1, 1)


@dataclass(frozen=True)
class Mapping:
    """A whole mapping file. key: the fields by which an existing record is found and updated, if any."""

    path: str
    entity: str
    layout: Layout
    feeds: tuple[Feed, ...]
    constants: tuple[Constant, ...] = ()
    key: tuple[str, ...] = ()
    key_place: Place = (1, 1)
    entity_place: Place = (1, 1)

    @property
    def columns(self) -> frozenset[str]:
        """All columns that the mapping reads."""
        lookups = [feed.lookup for feed in self.feeds if feed.lookup]
        others = [*(v for lookup in lookups for v in lookup.also.values())]
        others += [v for lookup in lookups for v in lookup.create.values() if isinstance(v, FromColumn)]
        return frozenset([feed.column for feed in self.feeds] + [other.column for other in others])
