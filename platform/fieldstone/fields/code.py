"""A piece of source text, shown in a fixed-width font."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fieldstone.fields.inputs import limited_text
from fieldstone.fields.stored_text import StoredText


class CodeType(StoredText):
    """Source text of the language that the option `language` names."""

    name = "code"
    help = "A piece of source text, shown in a fixed-width font."
    widget = "code"
    length_limit = 100_000
    sortable = False

    def reader(self) -> Callable[[Any], str]:
        return limited_text(self.max_length)
