"""A text with simple markup (Markdown)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fieldstone.fields.inputs import limited_text
from fieldstone.fields.stored_text import StoredText


class MarkdownType(StoredText):
    """Markdown, kept as it was written."""

    name = "markdown"
    help = "A text with simple markup (Markdown)."
    widget = "markdown"
    length_limit = 100_000
    sortable = False

    def reader(self) -> Callable[[Any], str]:
        return limited_text(self.max_length)
