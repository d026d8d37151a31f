"""A country."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from babel import Locale

from fieldstone.fields.filters import CHOICE_OPERATORS, Operator
from fieldstone.fields.inputs import clean_text
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_text import StoredText

NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})
"""Regions and placeholders that share the alphabet of countries."""


@cache
def country_codes() -> frozenset[str]:
    """Codes of ISO 3166-1 alpha-2."""
    codes = map(str, Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - NO_COUNTRIES


def known_country(value: Any) -> str:
    """A country's code. Raises `ValueRefused` for any other text."""
    text = clean_text(value).strip().upper()
    if text not in country_codes():
        raise ValueRefused("not_a_country", f"“{text[:80]}” is no country code such as DE.")
    return text


class CountryType(StoredText):
    """A country by its code of ISO 3166-1."""

    name = "country"
    help = "A country."
    widget = "country"
    length_limit = 80

    def reader(self) -> Callable[[Any], str]:
        return known_country

    def operators(self) -> tuple[Operator, ...]:
        return CHOICE_OPERATORS
