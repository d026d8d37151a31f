"""A bar code."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fieldstone.fields.inputs import limited_text
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.stored_text import StoredText

PRINTABLE = re.compile(r"[ -~]+")


class BarcodeType(StoredText):
    """The characters behind a bar code: printable ASCII, which Code 128 and QR both carry."""

    name = "barcode"
    help = "The characters of a bar code."
    widget = "barcode"
    length_limit = 200

    def reader(self) -> Callable[[Any], str]:
        limited = limited_text(self.max_length)

        def convert(value: Any) -> str:
            text = limited(value).strip()
            if PRINTABLE.fullmatch(text) is None:
                raise ValueRefused(
                    "not_a_barcode", "A bar code holds letters, digits and signs of ASCII only."
                )
            return text

        return convert
