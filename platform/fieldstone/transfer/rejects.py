"""The file of refused rows: line and reasons in front of the original columns, ready to be corrected."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from fieldstone.errors import Malformed
from fieldstone.transfer.csv_file import REJECT_COLUMNS, Header, Row
from fieldstone.transfer.outcome import Refusal


def default_path(source: Path) -> Path:
    """Where the refused rows of `source` go: beside it or, if that is forbidden, the current folder."""
    name = f"{source.stem}.rejected.csv"
    beside = source.parent if os.access(source.parent, os.W_OK) else Path()
    return beside / name


class Rejects:
    """Writes refused rows as they come; the file is made with the first of them.

    A file of that name from an earlier run is kept as `….bak`. Encoding and delimiter are those of the
    original, so that the same mapping reads the corrected rows.
    """

    def __init__(self, path: Path, header: Header) -> None:
        """Raises `Malformed` if no file can be written there."""
        self.path = path
        self.count = 0
        self._header = header
        self._file: IO[str] | None = None
        self._writer: Any = None
        _check_writable(path)

    def __enter__(self) -> Rejects:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, row: Row, refusals: Iterable[Refusal]) -> None:
        """Write one refused row with its reasons."""
        if self._writer is None:
            self._open()
        reasons = "; ".join(f"{r.column}: {r.message}" if r.column else r.message for r in refusals)
        kept = self._kept_cells(row)
        self._writer.writerow([row.line, reasons.replace("\x00", ""), *kept])
        self.count += 1

    def _open(self) -> None:
        if self.path.exists():
            self.path.replace(self.path.with_name(f"{self.path.name}.bak"))
        encoding = self._header.encoding
        errors = "strict" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
        self._file = self.path.open("w", encoding=encoding, errors=errors, newline="")
        self._writer = csv.writer(self._file, delimiter=self._header.delimiter, lineterminator="\n")
        columns = [name for name in self._header.columns if name not in REJECT_COLUMNS]
        self._writer.writerow([*REJECT_COLUMNS, *columns])

    def _kept_cells(self, row: Row) -> list[str]:
        """The cells but those that an earlier rejects file added."""
        columns = self._header.columns
        added = {position for position, name in enumerate(columns) if name in REJECT_COLUMNS}
        return [cell for position, cell in enumerate(row.cells) if position not in added]


def _check_writable(path: Path) -> None:
    if not os.access(path.parent, os.W_OK) or path.is_dir():
        message = f"Refused rows cannot be written to {path}. Name another file with --rejected."
        raise Malformed(message, code="rejects_not_writable")
