"""Exporting the records of a list as an XLSX file, written row by row, so that memory stays small.

Numbers, days and instants (in UTC) are such in the spreadsheet too; texts are texts and never formulas.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from fieldstone import exact_json
from fieldstone.context import Context
from fieldstone.errors import TooLarge
from fieldstone.fields.refusal import ValueRefused
from fieldstone.model.model import Entity, Field
from fieldstone.records import Query
from fieldstone.transfer.export import Record, cell_of, columns_of, head_of, texts_of
from fieldstone.transfer.finished import finished

MOST_ROWS = 1_048_575
"""Of a worksheet, without the heads."""

LONGEST_TEXT = 32_767
"""Characters of a cell. What is longer is cut, with an ellipsis at its end."""

_EXACT_DIGITS = 15
_FIRST_DAY = date(1900, 3, 1)
"""Spreadsheets take 1900 for a leap year; before this day their dates are not ours."""


def as_xlsx(context: Context, entity: str, query: Query, *, labels: bool = False) -> IO[bytes]:
    """The file; `labels`: as for CSV.

    Raises as `export.ndjson`, and `TooLarge` for more records than a worksheet has rows.
    """
    texts = texts_of(context, entity, query)
    owner = context.model.entities[entity]
    names = columns_of(context, owner, query)
    heads = [head_of(context, owner, name) if labels else name for name in names]
    return finished(lambda file: _write(file, owner, names, heads, texts))


def _write(
    file: IO[bytes], owner: Entity, names: Sequence[str], heads: Sequence[str], texts: Iterator[bytes]
) -> None:
    try:
        with xlsxwriter.Workbook(file, {"constant_memory": True, "in_memory": False}) as book:
            sheet = _Sheet(book, owner, names)
            sheet.write_heads(heads)
            _write_records(sheet, texts)
    except FileCreateError as error:
        raise OSError(str(error)) from error


def _write_records(sheet: _Sheet, texts: Iterator[bytes]) -> None:
    for number, text in enumerate(texts, 1):
        if number > MOST_ROWS:
            raise TooLarge(f"A spreadsheet holds {MOST_ROWS:,} records; narrow the list, or take CSV.")
        sheet.write_record(number, exact_json.loads(text))


class _Sheet:
    """The worksheet that is being written."""

    def __init__(self, book: xlsxwriter.Workbook, owner: Entity, names: Sequence[str]) -> None:
        self._sheet: Worksheet = book.add_worksheet(owner.name[:31])
        self._bold: Format = book.add_format({"bold": True})
        self._day: Format = book.add_format({"num_format": "yyyy-mm-dd"})
        self._instant: Format = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._columns = [(name, owner.field(name)) for name in names]

    def write_heads(self, heads: Sequence[str]) -> None:
        """The first row, which stays in sight."""
        self._sheet.freeze_panes(1, 0)
        for column, head in enumerate(heads):
            self._sheet.write_string(0, column, head, self._bold)

    def write_record(self, row: int, record: Record) -> None:
        """One row."""
        for column, (name, field) in enumerate(self._columns):
            value = _value(field, record.get(name))
            if value is not None:
                self._write(row, column, value)

    def _write(self, row: int, column: int, value: Any) -> None:
        if isinstance(value, bool):
            self._sheet.write_boolean(row, column, value)
        elif isinstance(value, int | Decimal):
            self._sheet.write_number(row, column, float(value))
        elif isinstance(value, datetime):
            self._sheet.write_datetime(row, column, value.astimezone(UTC).replace(tzinfo=None), self._instant)
        elif isinstance(value, date):
            self._sheet.write_datetime(row, column, value, self._day)
        else:
            self._sheet.write_string(row, column, value)


def _value(field: Field | None, raw: Any) -> Any:
    """What stands in a cell: a value that a spreadsheet can hold exactly, or a text."""
    if raw is None or isinstance(raw, bool):
        return raw
    value = raw if isinstance(raw, int) else _typed(field, raw)
    if _is_exact(value):
        return value
    text = cell_of(field, raw)
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def _typed(field: Field | None, raw: Any) -> Any:
    if field is None or not isinstance(raw, str):
        return None
    try:
        return field.type.read(raw)
    except ValueRefused:
        return None


def _is_exact(value: Any) -> bool:
    if isinstance(value, int | Decimal):
        return len(Decimal(value).normalize().as_tuple().digits) <= _EXACT_DIGITS
    if isinstance(value, datetime):
        return value.date() >= _FIRST_DAY
    return isinstance(value, date) and value >= _FIRST_DAY
