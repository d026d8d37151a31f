"""The one error of field types, and what stands for a value that ended in it."""

from __future__ import annotations

from dataclasses import dataclass

import marshmallow as ma


class ValueRefused(ma.ValidationError):
    """A value that a field cannot hold. code: stable, for programs; message: one sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Unread:
    """Stands for the text of a file that could not be read as its field's value: told when the record is
    checked, together with all else.
    """

    refused: ValueRefused
