"""Free words to find a record by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fieldstone.fields.inputs import clean_text
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_list import StoredList

LONGEST = 60


def tag(value: Any) -> str:
    """One tag: a short text without line breaks and without blanks around it."""
    text = clean_text(value).strip()
    if not text or len(text) > LONGEST or not text.isprintable():
        raise ValueRefused("not_a_tag", f"A tag has 1 to {LONGEST} characters on one line.")
    return text


class TagsType(StoredList):
    """Any words, each once."""

    name = "tags"
    help = "Free words to find a record by."
    widget = "tags"

    def item_reader(self) -> Callable[[Any], str]:
        return tag

    def item_schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": LONGEST, "minLength": 1}
