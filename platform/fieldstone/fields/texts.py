"""How the cells of a file are written, told explicitly: nothing here guesses by locale."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation

from fieldstone.fields.refusal import ValueRefused


@dataclass(frozen=True)
class ImportFormat:
    """The notation of a file.

    date, datetime, time: formats of `strptime`, or None for ISO 8601. zone: of date-times without an offset.
    decimal, thousands: the separators inside numbers. true, false: the words for them, in lower case.
    list_separator: between the values of a list. aliases: cell text → option name, before anything else.
    """

    date: str | None = None
    datetime: str | None = None
    time: str | None = None
    zone: tzinfo = UTC
    decimal: str = "."
    thousands: str = ""
    true: frozenset[str] = frozenset({"true", "yes", "1", "x"})
    false: frozenset[str] = frozenset({"false", "no", "0"})
    list_separator: str = ";"
    aliases: Mapping[str, str] = field(default_factory=dict)


ISO = ImportFormat()


def read_decimal(text: str, form: ImportFormat) -> Decimal:
    """The number in a cell, with the separators of `form`."""
    plain = text.strip()
    if form.thousands:
        plain = plain.replace(form.thousands, "")
    plain = plain.replace(form.decimal, ".") if form.decimal != "." else plain
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise ValueRefused("not_a_number", f"“{text}” is not a number.") from None
    if not number.is_finite() or "_" in plain:
        raise ValueRefused("not_a_number", f"“{text}” is not a number.")
    return number


def read_date(text: str, form: ImportFormat) -> date:
    """The day in a cell."""
    try:
        if form.date is None:
            return date.fromisoformat(text.strip())
        return datetime.strptime(text.strip(), form.date).date()  # a day has no zone
    except ValueError:
        raise ValueRefused(
            "not_a_date", f"“{text}” is not a date written as {form.date or 'YYYY-MM-DD'}."
        ) from None


def read_datetime(text: str, form: ImportFormat) -> datetime:
    """The instant in a cell, in UTC; without an offset it is in the zone of `form`."""
    try:
        plain = text.strip()
        value = datetime.strptime(plain, form.datetime) if form.datetime else datetime.fromisoformat(plain)
        aware = value if value.tzinfo else value.replace(tzinfo=form.zone)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        expected = form.datetime or "YYYY-MM-DDTHH:MM:SS"
        raise ValueRefused(
            "not_a_datetime", f"“{text}” is not a date and time written as {expected}."
        ) from None


def read_time(text: str, form: ImportFormat) -> time:
    """The time of day in a cell."""
    try:
        plain = text.strip()
        value = datetime.strptime(plain, form.time).time() if form.time else time.fromisoformat(plain)
    except ValueError:
        raise ValueRefused(
            "not_a_time", f"“{text}” is not a time written as {form.time or 'HH:MM:SS'}."
        ) from None
    if value.tzinfo is not None:
        raise ValueRefused("not_a_time", f"“{text}” must be a time of day without an offset.")
    return value


def read_boolean(text: str, form: ImportFormat) -> bool:
    """Yes or no in a cell."""
    word = text.strip().casefold()
    if word in form.true:
        return True
    if word in form.false:
        return False
    raise ValueRefused("not_a_boolean", f"“{text}” is neither yes nor no.")


def list_cell(items: Sequence[str]) -> str:
    """A list as a cell, which `read_list` reads again: as JSON where an item looks like several."""
    cell = f"{ISO.list_separator} ".join(items)
    return cell if read_list(cell, ISO) == list(items) else json.dumps(list(items), ensure_ascii=False)


def read_list(text: str, form: ImportFormat) -> list[str]:
    """The items of a list in a cell, without empty ones; it may also be a list of JSON."""
    if text.startswith("[") and (said := _json_list(text)) is not None:
        return said
    return [item.strip() for item in text.split(form.list_separator) if item.strip()]


def _json_list(text: str) -> list[str] | None:
    """The texts of a list of JSON; None where it is none."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, list) and all(isinstance(item, str) for item in said) else None
