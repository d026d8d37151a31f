"""A time zone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from fieldstone.fields.filters import CHOICE_OPERATORS, Operator
from fieldstone.fields.inputs import clean_text
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_text import StoredText


@cache
def timezone_names() -> frozenset[str]:
    """Names of the IANA time zone database."""
    return frozenset(available_timezones())


def _known(value: Any) -> str:
    text = clean_text(value).strip()
    if text not in timezone_names():
        raise ValueRefused("not_a_timezone", f"“{text[:80]}” is no time zone such as Europe/Berlin.")
    return text


class TimezoneType(StoredText):
    """A time zone by its name."""

    name = "timezone"
    help = "A time zone."
    widget = "timezone"
    length_limit = 80

    def reader(self) -> Callable[[Any], str]:
        return _known

    def operators(self) -> tuple[Operator, ...]:
        return CHOICE_OPERATORS
