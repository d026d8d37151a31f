"""The one error of field types."""

from __future__ import annotations

import marshmallow as ma


class ValueRefused(ma.ValidationError):
    """A value that a field cannot hold. code: stable, for programs; message: one sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
