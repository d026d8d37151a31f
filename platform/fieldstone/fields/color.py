"""A colour."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fieldstone.fields.filters import CHOICE_OPERATORS, Operator
from fieldstone.fields.inputs import clean_text
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_text import StoredText

HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")


def hex_color(value: Any) -> str:
    """The colour as `#rrggbb` in lower case; `#rgb` is taken too."""
    text = clean_text(value).strip().lower()
    if HEX.fullmatch(text) is None:
        raise ValueRefused("not_a_color", "A colour is written like #1f6feb.")
    return text if len(text) == 7 else "#" + "".join(digit * 2 for digit in text[1:])


class ColorType(StoredText):
    """A colour as `#rrggbb`."""

    name = "color"
    help = "A colour."
    widget = "color"
    length_limit = 7

    def reader(self) -> Callable[[Any], str]:
        return hex_color

    def operators(self) -> tuple[Operator, ...]:
        return CHOICE_OPERATORS
