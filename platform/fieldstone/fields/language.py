"""A language."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from babel import localedata

from fieldstone.fields.filters import CHOICE_OPERATORS, Operator
from fieldstone.fields.inputs import clean_text
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_text import StoredText


@cache
def language_codes() -> frozenset[str]:
    """Tags of the locales that are known, such as `en` and `pt-BR` (RFC 5646)."""
    return frozenset(name.replace("_", "-") for name in localedata.locale_identifiers() if name != "root")


def _known(value: Any) -> str:
    text = clean_text(value).strip()
    if text not in language_codes():
        raise ValueRefused("not_a_language", f"“{text[:80]}” is no language tag such as en or pt-BR.")
    return text


class LanguageType(StoredText):
    """A language by its tag."""

    name = "language"
    help = "A language."
    widget = "language"
    length_limit = 80

    def reader(self) -> Callable[[Any], str]:
        return _known

    def operators(self) -> tuple[Operator, ...]:
        return CHOICE_OPERATORS
