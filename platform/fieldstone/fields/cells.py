"""Values as cells of an exported file: as people read them, and as an import reads them back."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from fieldstone import exact_json
from fieldstone.fields.texts import list_cell

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_REFERENCE = frozenset({"id", "entity", "title"})
"""What the API's form of a reference has; that of a file has more."""


def cell_text(value: Any) -> str:
    """A value of the API's form: a reference is its title, another object JSON, a list has semicolons."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return str(value["title"] or "") if value.keys() >= _REFERENCE else json_cell(value)
    if isinstance(value, list):
        return list_cell([cell_text(item) for item in value])
    return str(value)


def json_cell(value: Any) -> str:
    """A value as its JSON."""
    return exact_json.dumps(value).decode()


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula: with an apostrophe, if it would."""
    return f"'{text}" if _looks_like_a_formula(text) else text


def unguarded(text: str) -> str:
    """The text that `guarded` made this of."""
    return text[1:] if text.startswith("'") and _looks_like_a_formula(text[1:]) else text


def _looks_like_a_formula(text: str) -> bool:
    return text.lstrip("'").startswith(_FORMULA_STARTS) and not _is_number(text)


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite() and text.isascii()
    except InvalidOperation:
        return False
