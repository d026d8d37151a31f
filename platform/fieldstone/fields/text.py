"""A short text on one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fieldstone.fields.inputs import limited_text
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_text import StoredText


class TextType(StoredText):
    """A line of text."""

    name = "text"
    help = "A short text on one line."
    widget = "text"

    def reader(self) -> Callable[[Any], str]:
        limited = limited_text(self.max_length, shortest=self.declaration.options.get("min_length"))

        def convert(value: Any) -> str:
            text = limited(value)
            if "\n" in text or "\r" in text:
                raise ValueRefused("line_break", "This text stands on one line; line breaks are not allowed.")
            return text

        return convert
