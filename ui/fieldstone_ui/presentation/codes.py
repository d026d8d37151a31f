"""Names of countries, currencies and languages in the reader's locale, for fields that hold their codes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from fieldstone_ui.presentation.formats import locale_of
from fieldstone_ui.presentation.states import StateLook

KINDS = {"country": "territories", "currency": "currencies", "language": "languages"}
LENGTHS = {"country": {2}, "currency": {3}, "language": {2, 3}}


@cache
def code_looks(kind: str, locale: str) -> Mapping[str, StateLook]:
    """Code → its name, sorted by name; empty for kinds without a list of codes."""
    names: Mapping[str, str] = getattr(locale_of(locale), KINDS[kind]) if kind in KINDS else {}
    codes = [(code, name) for code, name in names.items() if code.isalpha() and len(code) in LENGTHS[kind]]
    return {
        code: StateLook(code, name, "gray", "plain")
        for code, name in sorted(codes, key=lambda pair: pair[1].casefold())
    }
