"""A currency."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from babel import Locale

from fieldstone.fields.filters import CHOICE_OPERATORS, Operator
from fieldstone.fields.inputs import clean_text
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_text import StoredText


@cache
def currency_codes() -> frozenset[str]:
    """Codes of ISO 4217, those of the past included."""
    return frozenset(Locale("en").currencies)


def _known(value: Any) -> str:
    text = clean_text(value).strip().upper()
    if text not in currency_codes():
        raise ValueRefused("not_a_currency", f"“{text[:80]}” is no currency code such as EUR.")
    return text


class CurrencyType(StoredText):
    """A currency by its code of ISO 4217."""

    name = "currency"
    help = "A currency."
    widget = "currency"
    length_limit = 80

    def reader(self) -> Callable[[Any], str]:
        return _known

    def operators(self) -> tuple[Operator, ...]:
        return CHOICE_OPERATORS
