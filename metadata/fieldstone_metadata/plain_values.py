"""Plain values of fields, as documents write them: checked, and brought to the API's form.

The API's form: decimals, money and percentages as text (`"1234.50"`), integers and ratings as numbers, dates
and times
in ISO 8601, datetimes in UTC with `Z`, durations in ISO 8601, choices and codes as text, lists as lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from babel.numbers import list_currencies

from fieldstone_metadata.suggestions import did_you_mean


class ValueFaultError(ValueError):
    """A plain value does not fit; the text is the end of a sentence ("is not a date"),
    `hint` may say what would.
    """

    def __init__(self, fault: str, hint: str | None = None) -> None:
        self.hint = hint
        super().__init__(fault)


@dataclass(frozen=True)
class TypeDetails:
    """What a field says beyond its type. options: its own keys. choices: option values. entities: targets."""

    options: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()


Parser = Callable[[Any, TypeDetails], Any]
"""A plain value and the details of its field → the value in the API's form; raises ValueFaultError."""


def text(default_length: int) -> Parser:
    """A parser of texts of at most `max_length`, or `default_length` characters."""

    def parse(value: Any, details: TypeDetails) -> str:
        longest = details.options.get("max_length", default_length)
        if len(_text(value)) > longest:
            raise ValueFaultError(f"is longer than {longest:,} characters")
        return str(value)

    return parse


def integer(value: Any, details: TypeDetails) -> int:
    """A whole number of 64 bits within `min` and `max`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueFaultError("is not a whole number")
    if not -(2**63) <= value < 2**63:
        raise ValueFaultError("is beyond 64 bits")
    _within(Decimal(value), details)
    return value


def rating(value: Any, details: TypeDetails) -> int:
    """A number of stars from 1 to `max` (5)."""
    most = details.options.get("max", 5)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ValueFaultError(f"is not a whole number from 1 to {most}")
    return value


def decimal(value: Any, details: TypeDetails) -> str:
    """An exact number within `min` and `max`; text that is a number is accepted."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        raise ValueFaultError("is not a number")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueFaultError("is not a number") from None
    if not number.is_finite() or abs(number.adjusted()) > 60:
        raise ValueFaultError("is not a number that can be stored")
    _within(number, details)
    return f"{number:f}"


def _within(number: Decimal, details: TypeDetails) -> None:
    least, most = details.options.get("min"), details.options.get("max")
    if least is not None and number < least:
        raise ValueFaultError(f"is less than {least}")
    if most is not None and number > most:
        raise ValueFaultError(f"is more than {most}")


def boolean(value: Any, _details: TypeDetails) -> bool:
    """`true` or `false`."""
    if not isinstance(value, bool):
        raise ValueFaultError("is neither `true` nor `false`")
    return value


def day(value: Any, _details: TypeDetails) -> str:
    """A date such as `2026-11-21`."""
    try:
        return date.fromisoformat(_text(value)).isoformat()
    except ValueError:
        raise ValueFaultError("is not a date", "write it as `2026-11-21`") from None


def moment(value: Any, _details: TypeDetails) -> str:
    """A datetime with its offset such as `2026-11-21T09:30:00Z`."""
    hint = "write it with its offset from UTC, as `2026-11-21T09:30:00Z`"
    try:
        parsed = datetime.fromisoformat(_text(value))
        if parsed.tzinfo is None:
            raise ValueFaultError("has no offset from UTC", hint)
        return parsed.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except ValueFaultError:
        raise
    except (ValueError, OverflowError):
        raise ValueFaultError("is not a moment in time", hint) from None


def time_of_day(value: Any, _details: TypeDetails) -> str:
    """A time such as `09:30`."""
    try:
        parsed = time.fromisoformat(_text(value))
    except ValueError:
        raise ValueFaultError("is not a time", "write it as `09:30`") from None
    if parsed.tzinfo is not None:
        raise ValueFaultError("is not a time of day: it has an offset", "write it as `09:30`")
    return parsed.isoformat()


_ISO_DURATION = re.compile(
    r"P(?=.)(\d{1,6}Y)?(\d{1,6}M)?(\d{1,6}W)?(\d{1,6}D)?(T(?=.)(\d{1,9}H)?(\d{1,9}M)?(\d{1,9}S)?)?"
)
_SPOKEN_DURATION = re.compile(r"(\d{1,9}) (second|minute|hour|day|week|month|year)s?")
_ISO_UNITS = {
    "second": "PT{}S",
    "minute": "PT{}M",
    "hour": "PT{}H",
    "day": "P{}D",
    "week": "P{}W",
    "month": "P{}M",
    "year": "P{}Y",
}


def duration(value: Any, _details: TypeDetails) -> str:
    """A length of time such as `30 minutes` or `PT30M`; the API's form is the latter (ISO 8601)."""
    spoken = _SPOKEN_DURATION.fullmatch(_text(value))
    if spoken is not None:
        return _ISO_UNITS[spoken.group(2)].format(spoken.group(1))
    if _ISO_DURATION.fullmatch(value):
        return str(value)
    raise ValueFaultError("is not a length of time", "write it as `30 minutes`, `5 days` or `PT30M`")


def choice(value: Any, details: TypeDetails) -> str:
    """One of the options."""
    if _text(value) not in details.choices:
        raise ValueFaultError("is not one of the options", did_you_mean(value, details.choices))
    return str(value)


def choices(value: Any, details: TypeDetails) -> list[str]:
    """A list of options without repetition."""
    if not isinstance(value, list) or len(set(map(str, value))) != len(value):
        raise ValueFaultError("is not a list of different options")
    return [choice(item, details) for item in value]


def tags(value: Any, _details: TypeDetails) -> list[str]:
    """A list of short texts."""
    if not isinstance(value, list) or not all(
        isinstance(item, str) and 0 < len(item) <= 60 for item in value
    ):
        raise ValueFaultError("is not a list of texts of at most 60 characters")
    return list(value)


def parts(*names: str) -> Parser:
    """A parser of mappings of some of these names to texts or numbers."""

    def parse(value: Any, _details: TypeDetails) -> dict[str, str]:
        if not isinstance(value, Mapping):
            raise ValueFaultError(f"is no mapping of {', '.join(names)}")
        unknown = [str(name) for name in value if name not in names]
        if unknown:
            raise ValueFaultError(f"has no part `{unknown[0][:60]}`", did_you_mean(unknown[0], names))
        if any(
            isinstance(part, bool) or not isinstance(part, (str, int, Decimal)) for part in value.values()
        ):
            raise ValueFaultError("has a part that is neither a text nor a number")
        return {str(name): str(part) for name, part in value.items()}

    return parse


def anything(value: Any, _details: TypeDetails) -> Any:
    """Any JSON value."""
    return value


def matching(pattern: str, fault: str, hint: str) -> Parser:
    """A parser of texts that match the whole of `pattern`."""
    compiled = re.compile(pattern)

    def parse(value: Any, _details: TypeDetails) -> str:
        if len(_text(value)) > 10_000 or compiled.fullmatch(value) is None:
            raise ValueFaultError(fault, hint)
        return str(value)

    return parse


def one_of(known: Callable[[], frozenset[str]], fault: str) -> Parser:
    """A parser of codes out of a known list."""

    def parse(value: Any, _details: TypeDetails) -> str:
        if _text(value) not in known():
            raise ValueFaultError(fault, did_you_mean(value, known()))
        return str(value)

    return parse


@cache
def currencies() -> frozenset[str]:
    """The currency codes of ISO 4217."""
    return frozenset(list_currencies())


@cache
def countries() -> frozenset[str]:
    """The country codes of ISO 3166-1, alpha-2 (and `XK`)."""
    groups = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}
    codes = (str(code) for code in Locale("en").territories)
    return frozenset(code for code in codes if re.fullmatch("[A-Z]{2}", code)) - groups


@cache
def timezones() -> frozenset[str]:
    """The time zones of the IANA database."""
    return frozenset(available_timezones())


def secret(_value: Any, _details: TypeDetails) -> Any:
    """Of fields whose values no document may hold."""
    raise ValueFaultError("cannot stand in a document: it is a secret", "set it in a form or by the API")


def not_writable(_value: Any, _details: TypeDetails) -> Any:
    """Of fields whose values the platform makes."""
    raise ValueFaultError("cannot be given: the platform makes this value")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueFaultError(
            "is not text", f'quote it: "{value}"' if isinstance(value, (int, Decimal)) else None
        )
    return value
