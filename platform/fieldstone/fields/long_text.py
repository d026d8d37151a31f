"""A text of several lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fieldstone.fields.inputs import limited_text
from fieldstone.fields.stored_text import StoredText


class LongTextType(StoredText):
    """Lines of plain text."""

    name = "long_text"
    help = "A text of several lines."
    widget = "textarea"
    length_limit = 100_000
    sortable = False

    def reader(self) -> Callable[[Any], str]:
        return limited_text(self.max_length)
