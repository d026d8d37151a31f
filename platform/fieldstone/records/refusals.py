"""What was refused in a batch: collected, so that a caller hears of everything at once.

The gravest kind decides about the answer: what does not exist, then what is not allowed, then what is in
conflict, then what is wrong with values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fieldstone.errors import (
    Conflict,
    FieldError,
    FieldstoneError,
    Forbidden,
    Invalid,
    NotFound,
    VersionConflict,
)

KINDS: tuple[type[FieldstoneError], ...] = (NotFound, Forbidden, VersionConflict, Conflict, Invalid)


@dataclass(frozen=True)
class Refusal:
    """One refusal: its kind, which is the error it becomes, the place, and details for programs."""

    kind: type[FieldstoneError]
    error: FieldError
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Refusals:
    """The refusals of a batch so far, and which of its records they concern."""

    found: list[Refusal] = field(default_factory=list)
    records: set[int] = field(default_factory=set)
    fields: set[tuple[int, str | None]] = field(default_factory=set)

    def add(
        self,
        record: int,
        name: str | None,
        code: str,
        message: str,
        *,
        kind: type[FieldstoneError] = Invalid,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Remember that the record at a position was refused, because of the field `name` or as a whole."""
        self.found.append(Refusal(kind, FieldError(name, code, message, record), details or {}))
        self.records.add(record)
        self.fields.add((record, name))

    def concern(self, record: int, name: str | None = None) -> bool:
        """Whether anything was refused about a record, or about one of its fields."""
        return record in self.records if name is None else (record, name) in self.fields

    def raise_if_any(self) -> None:
        """Raise the gravest kind with everything of that kind; nothing happens when all is well."""
        for kind in KINDS:
            chosen = [refusal for refusal in self.found if refusal.kind is kind]
            if chosen:
                raise _error(kind, chosen)


def _error(kind: type[FieldstoneError], chosen: list[Refusal]) -> FieldstoneError:
    first = chosen[0]
    more = f" (and {len(chosen) - 1} more)" if len(chosen) > 1 else ""
    code = first.error.code if kind is not Invalid else None
    errors = [refusal.error for refusal in chosen]
    return kind(f"{first.error.message}{more}", code=code, errors=errors, details=first.details)
