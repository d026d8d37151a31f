"""Reading CSV files that others wrote: encodings, delimiters, broken rows, in constant memory.

Nothing here knows fields or records. A row that cannot be read is handed on with its reason, so that it can
be refused like any other and lands in the rejects; only what makes the whole file unreadable is an error.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from fieldstone.errors import Malformed

LONGEST_LINE = 4_000_000
"""Characters. A longer line is no table row, and reading it whole would cost its size in memory."""

LONGEST_CELL = 1_000_000
"""Characters. An unclosed quote swallows all that follows: this is where it is noticed."""

DELIMITERS = (",", ";", "\t", "|")
REJECT_COLUMNS = ("fieldstone_line", "fieldstone_problems")
"""Stand in the rejects before the file's own columns; passed over where a corrected file still has them."""

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_STATED = "its encoding (`encoding` in a mapping, `charset` in the content type of a call)"
_IMPOSSIBLE = re.compile("[\x00\ud800-\udfff]")
_SPREADSHEETS = ((b"PK\x03\x04", "a spreadsheet or zip file"), (b"\xd0\xcf\x11\xe0", "an old Excel file"))


@dataclass(frozen=True)
class Layout:
    """How a file is written. None: found out from the file itself."""

    encoding: str | None = None
    delimiter: str | None = None
    quote: str = '"'


@dataclass(frozen=True)
class Row:
    """One row of a file.

    line: the 1-based line where it begins. cells: as they stand, one per column of the header, unless
    `problem` says why the row cannot be used.
    """

    line: int
    cells: tuple[str, ...]
    problem: str | None = None
    code: str = ""


@dataclass(frozen=True)
class Header:
    """The names of the columns, in order, and how the file proved to be written."""

    columns: tuple[str, ...]
    delimiter: str
    encoding: str


@dataclass
class _Lines:
    """The lines of a text, counted, with those of the current row kept for a second look."""

    stream: io.TextIOBase
    number: int = 0
    of_row: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[str]:
        while line := self.stream.readline(LONGEST_LINE):
            self.number += 1
            if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
                raise Malformed(
                    f"Line {self.number} is longer than {LONGEST_LINE:,} characters. This does not look like "
                    "a CSV file, or its line ends are missing.",
                    code="line_too_long",
                )
            self.of_row.append(line)
            yield line


class CsvFile:
    """An open CSV file: its header, and its rows once, from top to bottom."""

    def __init__(self, binary: BinaryIO, layout: Layout, expected: Iterable[str] = ()) -> None:
        """Read the header. `expected` column names help to tell the delimiter.

        Raises `Malformed` for an empty file, one that is no CSV, an unknown encoding, doubled column names.
        """
        csv.field_size_limit(LONGEST_CELL)
        self._binary = binary
        self._quote = layout.quote
        encoding = _encoding(binary, layout.encoding)
        self._lines = _Lines(_text(binary, encoding))
        lines = iter(self._lines)
        first = _first_line(lines)
        delimiter = layout.delimiter or _delimiter(first, layout.quote, expected)
        self._reader = csv.reader(
            chain([first], lines), delimiter=delimiter, quotechar=layout.quote, strict=True
        )
        self.header = Header(_read_header(self._reader), delimiter, encoding)

    def rows(self) -> Iterator[Row]:
        """All rows but the header. Blank lines are passed over."""
        while True:
            self._lines.of_row.clear()
            row = self._next(self._lines.number + 1)
            if row is None:
                return
            if row.cells or row.problem:
                yield row

    @property
    def position(self) -> int:
        """How many bytes of the file have been taken in, for a progress bar."""
        return self._binary.tell()

    def _next(self, line: int) -> Row | None:
        try:
            cells = next(self._reader, None)
        except csv.Error as failure:
            return self._broken(line, failure)
        except UnicodeError as failure:
            raise _undecodable(line, self.header.encoding) from failure
        return None if cells is None else self._measured(line, tuple(cells))

    def _measured(self, line: int, cells: tuple[str, ...]) -> Row:
        width = len(self.header.columns)
        if not cells or len(cells) == width:
            return Row(line, cells)
        text = f"has {len(cells)} cells where the header has {width}"
        return Row(line, cells, text, "ragged_row")

    def _broken(self, line: int, failure: csv.Error) -> Row:
        """A row that breaks the quoting rules, read once more without them to keep its cells."""
        if "field limit" in str(failure):
            text = f"has a cell of more than {LONGEST_CELL:,} characters; perhaps a quote was not closed"
            return Row(line, (), text, "cell_too_large")
        lenient = csv.reader(self._lines.of_row, delimiter=self.header.delimiter, quotechar=self._quote)
        text = "has a quote that is not closed or that is followed by more text"
        return Row(line, tuple(next(lenient, [])), text, "broken_quotes")


@contextmanager
def open_csv(path: Path, layout: Layout, expected: Iterable[str] = ()) -> Iterator[CsvFile]:
    """Open a CSV file by name. Raises `Malformed` with a message for people if that is not possible."""
    try:
        binary = path.open("rb")
    except OSError as failure:
        raise Malformed(_unopenable(path, failure), code="no_such_file") from failure
    with binary:
        yield CsvFile(binary, layout, expected)


def bad_text(cell: str) -> str | None:
    """Why a cell cannot be text: bytes that are not of the file's encoding, or a NUL character."""
    found = _IMPOSSIBLE.search(cell)
    if found is None:
        return None
    if found[0] == "\x00":
        return "contains a NUL character"
    return f"contains bytes that are not of the file's encoding; state {_STATED}, such as latin-1"


def _unopenable(path: Path, failure: OSError) -> str:
    if path.is_dir():
        return f"{path} is a folder; name the CSV file inside it."
    if not path.exists():
        return f"There is no file {path}."
    return f"{path} cannot be read: {failure.strerror}."


def _encoding(binary: BinaryIO, wanted: str | None) -> str:
    start = binary.read(4)
    binary.seek(0)
    for mark, kind in _SPREADSHEETS:
        if start.startswith(mark):
            raise Malformed(f"This is {kind}, not CSV. Save it as CSV (UTF-8) and try again.", code="not_csv")
    for mark, encoding in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return encoding
    return wanted or "utf-8"


def _text(binary: BinaryIO, encoding: str) -> io.TextIOWrapper:
    # UTF-16 and UTF-32 know no escapes for wrong bytes; there a wrong byte is an error of the whole file.
    errors = "strict" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
    try:
        return io.TextIOWrapper(binary, encoding=encoding, errors=errors, newline="")
    except LookupError as failure:
        message = f"There is no encoding `{encoding}`. Usual ones are utf-8, latin-1, cp1252 and utf-16."
        raise Malformed(message, code="unknown_encoding") from failure


def _first_line(lines: Iterator[str]) -> str:
    try:
        first = next((line for line in lines if line.strip()), None)
    except UnicodeError as failure:
        raise _undecodable(1, "UTF-16") from failure
    if first is None:
        raise Malformed("The file is empty: not even a header line.", code="empty_file")
    if "\x00" in first:
        raise Malformed("The first line holds NUL characters: this is no text file.", code="not_csv")
    return first


def _read_header(reader: Iterator[list[str]]) -> tuple[str, ...]:
    try:
        return _checked_header([name.strip() for name in next(reader)])
    except csv.Error as failure:
        raise _no_header(failure) from failure


def _no_header(failure: csv.Error) -> Malformed:
    return Malformed(f"The header line cannot be read: {failure}.", code="no_header")


def _undecodable(line: int, encoding: str) -> Malformed:
    return Malformed(f"From line {line} on the file is not {encoding}. State {_STATED}.", code="bad_encoding")


def _split(line: str, delimiter: str, quote: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, quotechar=quote), [])]
    except csv.Error as failure:
        raise _no_header(failure) from failure


def _delimiter(line: str, quote: str, expected: Iterable[str]) -> str:
    """The delimiter whose cells are the most of those that are expected, then the most of any."""
    names = frozenset(expected)

    def score(delimiter: str) -> tuple[int, int]:
        cells = _split(line, delimiter, quote)
        return len(names.intersection(cells)), len(cells)

    return max(DELIMITERS, key=score)


def _checked_header(columns: Sequence[str]) -> tuple[str, ...]:
    doubled = sorted({name for name in columns if name and columns.count(name) > 1})
    if doubled:
        names = ", ".join(f"`{name}`" for name in doubled)
        message = f"The header names {names} more than once; each column needs a name of its own."
        raise Malformed(message, code="doubled_column")
    if not any(columns):
        raise Malformed("The first line names no column.", code="no_header")
    return tuple(columns)
