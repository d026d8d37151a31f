"""The lines of a bulk call: NDJSON or CSV, each read by itself, so that a broken one holds up no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import UUID

from fieldstone.errors import FieldError, FieldstoneError, Malformed
from fieldstone.fields.cells import unguarded
from fieldstone.fields.refusal import Unread, ValueRefused
from fieldstone.fields.texts import ISO
from fieldstone.model.model import Entity
from fieldstone.records.row_outcomes import RowOutcome, refused
from fieldstone.records.write_rows import Mode, Sent, Writing
from fieldstone.transfer.csv_file import CsvFile, Layout, Row, bad_text
from fieldstone.web import bodies

LONGEST = 1_000_000
"""Bytes of a line of NDJSON."""

IDENTITY = ("id", "version")
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Line:
    """A line that says something. number: the 1-based line of the body where it begins.

    sent: what it says; None where `outcome` tells why it cannot be read. size: of the line, roughly.
    """

    number: int
    sent: Sent | None
    outcome: RowOutcome | None = None
    size: int = 0


def ndjson_lines(file: BinaryIO, writing: Writing) -> Iterator[Line]:
    """One object on each line; blank lines are passed over."""
    number = 0
    while text := file.readline(LONGEST + 1):
        number += 1
        if len(text) > LONGEST and not text.endswith(b"\n"):
            _skip_rest(file)
            message = f"The line is longer than {LONGEST:,} bytes."
            yield _broken(number, Malformed(message, code="line_too_long"))
        elif content := (text.removeprefix(_MARK) if number == 1 else text).strip():
            yield _read(number, content, writing)


def _skip_rest(file: BinaryIO) -> None:
    while (part := file.readline(LONGEST)) and not part.endswith(b"\n"):
        pass


def _read(number: int, content: bytes, writing: Writing) -> Line:
    try:
        values = bodies.parse(content)
        if not isinstance(values, dict):
            raise Malformed("The line is not a JSON object.", code="not_an_object")
        return Line(number, _sent(values, writing), size=len(content))
    except FieldstoneError as error:
        return _broken(number, error)


def csv_lines(file: BinaryIO, writing: Writing, entity: Entity, encoding: str | None) -> Iterator[Line]:
    """A line of field names, then a line for each row.

    Raises `Malformed`, before the first line, for what makes the whole file unreadable.
    """
    names = [*entity.fields, *IDENTITY]
    source = CsvFile(file, Layout(encoding=encoding), names)
    columns = source.header.columns
    if not all(columns):
        raise Malformed("Each column of the first line needs the name of a field.", code="no_header")
    return (_read_row(row, columns, writing, entity) for row in source.rows())


def _read_row(row: Row, columns: tuple[str, ...], writing: Writing, entity: Entity) -> Line:
    if row.problem is not None:
        return _broken(row.line, Malformed(f"The row {row.problem}.", code=row.code))
    pairs = list(zip(columns, row.cells, strict=True))
    for column, cell in pairs:
        problem = bad_text(cell)
        if problem is not None:
            entry = FieldError(column, "bad_characters", f"The cell {problem}.")
            return _broken(row.line, Malformed(entry.message, code=entry.code, errors=[entry]))
    values = {column: _value(entity, column, cell) for column, cell in pairs}
    try:
        return Line(row.line, _sent(values, writing, sparse=True), size=sum(map(len, row.cells)))
    except FieldstoneError as error:
        return _broken(row.line, error)


def _value(entity: Entity, column: str, cell: str) -> Any:
    """What a cell says; what cannot be read as the field's value is told when the record is checked."""
    field = entity.field(column)
    if not cell.strip():
        return None
    if field is None or column in IDENTITY:
        return cell
    try:
        return field.type.parse_text(unguarded(cell), ISO)
    except ValueRefused as refused:
        return Unread(refused)


def _sent(values: dict[str, Any], writing: Writing, *, sparse: bool = False) -> Sent:
    """The row that a line stands for. Raises `Malformed` where it does not say which record it means."""
    if writing.mode is Mode.CREATE:
        return Sent(values, sparse=sparse)
    version = _version(values.pop("version", None))
    if writing.key:
        _require_key(values, writing.key)
    id_ = None if writing.key else _id(values.pop("id", None))
    if writing.mode is Mode.DELETE:
        _require_nothing_else(values, writing.key)
    return Sent(values, id_, version, sparse=sparse and writing.mode is Mode.UPSERT)


def _require_key(values: Mapping[str, Any], key: tuple[str, ...]) -> None:
    for name in key:
        if values.get(name) in (None, ""):
            raise _refusal(
                name, "key_missing", f"`{name}` is part of the key, and the line has no value for it."
            )


def _require_nothing_else(values: Mapping[str, Any], key: tuple[str, ...]) -> None:
    for name in values:
        if name not in key:
            what = ", ".join(f"`{one}`" for one in (*(key or ("id",)), "version"))
            raise _refusal(name[:80], "unknown_member", f"To delete, a line holds nothing but {what}.")


def _id(value: Any) -> UUID:
    try:
        if isinstance(value, str) and len(value.strip()) == 36:
            return UUID(value.strip())
    except ValueError:
        pass
    raise _refusal("id", "bad_id", "The line needs the `id` of a record, a UUID.")


def _version(value: Any) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31):
        return value
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 10:
        return int(value)
    raise _refusal("version", "bad_version", "`version` is the whole number that the record had when read.")


def _refusal(field: str, code: str, message: str) -> Malformed:
    return Malformed(message, code=code, errors=[FieldError(field, code, message)])


def _broken(number: int, error: FieldstoneError) -> Line:
    return Line(number, None, refused(error))
