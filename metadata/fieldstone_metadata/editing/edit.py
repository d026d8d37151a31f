"""What can be changed in a document, and why a change is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Step = str | int
"""A key of a mapping; or the position of an item in a list, or its name."""

ACTIONS = ("set", "add", "remove", "rename")
END = "-"
"""The last step of an `add` that puts an item at the end of a list."""


@dataclass(frozen=True)
class Edit:
    """One change of a document.

    set: `value` stands at `path` afterwards; mappings that lead there are made. add: as set, but nothing may
    be there; in a list the last step is a position or "-". `before` or `after`, the key or item beside which
    it is to stand, go with both. remove: what is at `path` goes. rename: the key at `path` is called `to`.
    """

    path: tuple[Step, ...]
    action: str
    value: Any = None
    before: Step | None = None
    after: Step | None = None
    to: str | None = None


class EditRefused(Exception):
    """A change that does not fit the document, or that cannot be made without damage to its file.

    code: `not_found`, `exists`, `broken_file`, `bad_value` or `not_supported`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def shown(path: tuple[Step, ...]) -> str:
    """`path` as people read it: `fields.amount.label`."""
    return ".".join(str(step) for step in path)
