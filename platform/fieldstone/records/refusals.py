"""What was refused in a batch: collected, so that a caller hears of everything at once.

The gravest kind decides about the answer: what does not exist, then what is not allowed, then what is in
conflict, then what is wrong with values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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


@dataclass
class Relayed(Refusals):
    """Refusals about records that are saved with those a caller named: told of these.

    to: those that the caller hears. told: (position, field) here → where it is told.
    """

    to: Refusals = field(default_factory=Refusals)
    told: Callable[[int, str | None], Iterable[tuple[int, str | None]]] = lambda position, name: [
        (position, name)
    ]

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
        """Remember a refusal, and tell it where the caller named something."""
        self.records.add(record)
        self.fields.add((record, name))
        for there, path in self.told(record, name):
            self.to.add(there, path, code, message, kind=kind, details=details)

    def concern(self, record: int, name: str | None = None) -> bool:
        """Whether anything was refused about a record; also of all those that it is told of."""
        if name is not None:
            return (record, name) in self.fields
        return record in self.records or all(self.to.concern(there) for there, _ in self.told(record, None))

    def raise_if_any(self) -> None:
        """Raise what was refused of everything that is saved together."""
        self.to.raise_if_any()


def _error(kind: type[FieldstoneError], chosen: list[Refusal]) -> FieldstoneError:
    first = chosen[0]
    more = f" (and {len(chosen) - 1} more)" if len(chosen) > 1 else ""
    code = first.error.code if kind is not Invalid else None
    errors = [refusal.error for refusal in chosen]
    return kind(f"{first.error.message}{more}", code=code, errors=errors, details=first.details)
