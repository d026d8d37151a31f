"""A drawn signature."""

from __future__ import annotations

from collections.abc import Sequence

from fieldstone.fields.file import FileType


class SignatureType(FileType):
    """A picture of a signature, drawn or written in a form."""

    name = "signature"
    help = "A drawn signature."
    widget = "signature"

    @property
    def accepted(self) -> Sequence[str]:
        return ("image/png",)
