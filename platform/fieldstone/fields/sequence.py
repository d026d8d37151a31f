"""A number that the platform hands out, such as an order number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fieldstone.fields.inputs import limited_text
from fieldstone.fields.stored_text import StoredText


class SequenceType(StoredText):
    """The text made from the option `format`. Callers never send it; only an import brings one along."""

    name = "sequence"
    help = "A number that the platform gives to each new record."
    widget = "readonly"
    writable = False
    length_limit = 100

    def reader(self) -> Callable[[Any], str]:
        return limited_text(self.max_length)
