"""Everything that can go wrong for a caller, as classes with a code, a message for people and details.

Each class knows its HTTP status, so that page, API and command line answer alike. A message says what
happened, what it means for the user's data, and what to do next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field of what was sent.

    field: its name, a path for nested values (`lines[2].quantity`), or None for the record as a whole.
    record: 0-based position in the batch. line, column: 1-based place in a sent expression.
    """

    field: str | None
    code: str
    message: str
    record: int = 0
    line: int | None = None
    column: int | None = None


class FieldstoneError(Exception):
    """Base of all errors that are told to a caller."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.errors = tuple(errors)
        self.details = dict(details or {})
        if code is not None:
            self.code = code  # type: ignore[misc]  # an instance may be more exact than its class


class Malformed(FieldstoneError):
    """The request cannot be read: broken JSON, an unknown parameter, an id that is no UUID."""

    status, code, title = 400, "malformed", "The request cannot be read"


class NotAuthenticated(FieldstoneError):
    """Nobody is logged in, or the token is unknown, expired or revoked."""

    status, code, title = 401, "not_authenticated", "Log in first"


class Forbidden(FieldstoneError):
    """The caller may see the record but not do this; details["reason"] says why."""

    status, code, title = 403, "forbidden", "Not allowed"


class NotFound(FieldstoneError):
    """There is no such thing, or the caller may not know of it."""

    status, code, title = 404, "not_found", "Not found"


class Conflict(FieldstoneError):
    """The data forbid it: a broken `unique`, a record still referred to, an ambiguous transition."""

    status, code, title = 409, "conflict", "In conflict with other data"


class Taken(Conflict):
    """A broken `unique`, as the database told it.

    look: called once the transaction that failed is over; raises a `Conflict` that names the record and the
    place of the value, if they are still found.
    """

    def __init__(self, known: FieldstoneError, look: Callable[[], None]) -> None:
        super().__init__(known.message, code=known.code, errors=known.errors, details=known.details)
        self.look = look


class Expired(FieldstoneError):
    """What was asked for is kept no longer."""

    status, code, title = 410, "expired", "No longer kept"


class VersionConflict(FieldstoneError):
    """Somebody else changed the record; details: version, changed_by, changed_at, changes."""

    status, code, title = 412, "version_conflict", "Changed by somebody else"


class TooLarge(FieldstoneError):
    """What was sent is larger than allowed."""

    status, code, title = 413, "too_large", "Too large"


class Invalid(FieldstoneError):
    """Values were refused; `errors` names each field with its reason."""

    status, code, title = 422, "invalid", "Some values were refused"


class Unavailable(FieldstoneError):
    """The database cannot be reached just now; nothing was written."""

    status, code, title = 503, "unavailable", "The database cannot be reached"


class Busy(Unavailable):
    """Others hold what is needed, and did not give it back in time; nothing was written."""

    status, code, title = 503, "busy", "Too much at the same time"


class NoRoom(Unavailable):
    """The database has no disk or memory left for this; nothing was written."""

    status, code, title = 503, "disk_full", "The database has no room"


class TooSlow(Unavailable):
    """A statement ran longer than allowed and was stopped; nothing was written."""

    status, code, title = 503, "too_slow", "This takes too long"


class InDoubt(Unavailable):
    """The connection broke while a transaction was committed: it may be written, or not at all."""

    status, code, title = 504, "in_doubt", "It is not known whether this was saved"


class StaleModel(Unavailable):
    """A newer publication is in force than the model in hand: reload the model and try once more."""

    status, code, title = 503, "model_changed", "The application has just been changed"


@dataclass
class Problems:
    """Collects field errors of a batch, so that all are reported at once."""

    errors: list[FieldError] = field(default_factory=list)

    def add(self, name: str | None, code: str, message: str, record: int = 0) -> None:
        """Remember one refusal."""
        self.errors.append(FieldError(name, code, message, record))

    def raise_if_any(self) -> None:
        """Raise `Invalid` with all that was collected."""
        if self.errors:
            first = self.errors[0]
            more = f" (and {len(self.errors) - 1} more)" if len(self.errors) > 1 else ""
            raise Invalid(f"{first.message}{more}", errors=self.errors)
