"""What the database refuses, in words for people.

`translate` turns an error of the driver into one of ours. Sources: the SQLSTATE classes of PostgreSQL 18,
appendix A of its manual.
"""

from __future__ import annotations

import re

import psycopg
import sqlalchemy as sa

from fieldstone.errors import (
    Busy,
    Conflict,
    FieldError,
    FieldstoneError,
    Invalid,
    NoRoom,
    StaleModel,
    TooSlow,
    Unavailable,
)

RETRYABLE = frozenset({"40001", "40P01", "26000"})
"""Serialization failure, deadlock, and a prepared statement that the server has forgotten: nothing was
written, and the same work may succeed now.
"""

DRIVER_ERRORS = (sa.exc.DBAPIError, sa.exc.TimeoutError, psycopg.Error)
UNIQUE_VIOLATION = "23505"

_STALE = frozenset({"42703", "42P01"})
_STALE_PLAN = "cached plan must not change result type"
_KEY_COLUMNS = re.compile(r"\((?P<columns>[^()]*(?:\([^()]*\)[^()]*)*)\)=\(")
_WORD = re.compile(r"[a-z][a-z0-9_]*")


class EmbeddedDatabaseFailure(FieldstoneError):
    """The embedded database cannot be used; the message says why and what to do. Nothing was changed."""

    status, code, title = 503, "embedded_database", "The embedded database cannot be used"


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's five-letter code for a driver error, wrapped by SQLAlchemy or not; None without one."""
    original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    return original.sqlstate if isinstance(original, psycopg.Error) else None


def translate(error: Exception) -> FieldstoneError:
    """The error of ours that says what happened; `FieldstoneError` for what only a mistake of ours can cause.

    details: `constraint` and `table` as PostgreSQL names them; `errors` name the fields of a broken `unique`.
    """
    if isinstance(error, sa.exc.TimeoutError):
        return Busy("All database connections are in use. Nothing was written; try again.")
    state = sqlstate(error)
    if connection_lost(error):
        return Unavailable(
            "The database cannot be reached just now. Nothing was written; try again in a moment."
        )
    if state in _STALE or _STALE_PLAN in str(error):
        return StaleModel("The application has just been changed. Nothing was written; try again.")
    return _by_state(error, state or "")


def connection_lost(error: Exception) -> bool:
    """Whether an error of the driver says that the server is gone, or does not let anybody in."""
    state = sqlstate(error)
    if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
        return True
    if state is None:
        original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        return isinstance(original, psycopg.OperationalError | psycopg.InterfaceError)
    return state.startswith("08") or state in {"57P01", "57P02", "57P03"}


def _by_state(error: Exception, state: str) -> FieldstoneError:
    if state.startswith("23"):
        return _constraint(error, state)
    if state in RETRYABLE or state == "55P03":
        return Busy("Others are changing the same data. Nothing was written; try again.")
    if state == "57014":
        return TooSlow("This takes too long and was stopped. Nothing was written; narrow the request down.")
    if state == "53100":
        return NoRoom("The disk of the database is full. Nothing was written.")
    if state == "53400":
        return NoRoom(
            "A limit in the settings of the database was reached, such as `temp_file_limit`. Nothing was "
            "written.",
            code="limit_reached",
        )
    if state == "53200":
        return NoRoom(
            "The database has no memory for so many tables at once. Nothing was written; raise its setting "
            "`max_locks_per_transaction`.",
            code="out_of_memory",
        )
    if state.startswith("53"):
        return Busy("The database has no room for another connection. Try again.")
    if state.startswith("22"):
        return Invalid("A value is outside of what can be stored.", code="out_of_range")
    return FieldstoneError("Something went wrong in the database. Nothing was written.")


def _constraint(error: Exception, state: str) -> FieldstoneError:
    diagnosis = _diagnosis(error)
    details = {"constraint": diagnosis.constraint_name, "table": diagnosis.table_name} if diagnosis else {}
    detail = (diagnosis.message_detail or "") if diagnosis else ""
    columns = _columns(detail)
    if state == UNIQUE_VIOLATION:
        errors = [FieldError(column, "not_unique", "Another record has this value.") for column in columns]
        return Conflict(
            "Another record has the same value.", code="not_unique", errors=errors, details=details
        )
    if state == "23503" and "still referenced" in detail:
        return Conflict("Other records refer to it.", code="still_referenced", details=details)
    if state == "23503":
        errors = [FieldError(column, "unknown_record", "There is no such record.") for column in columns]
        return Invalid("There is no such record.", code="unknown_record", errors=errors, details=details)
    if state == "23502":
        column = diagnosis.column_name if diagnosis else None
        return Invalid(
            "A value is missing.", errors=[FieldError(column, "required", "Required.")], details=details
        )
    return Invalid("The values break a rule of the database.", code="check_failed", details=details)


def _diagnosis(error: Exception) -> psycopg.errors.Diagnostic | None:
    original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    return original.diag if isinstance(original, psycopg.Error) else None


def _columns(detail: str) -> list[str]:
    """The columns in a detail such as `Key (account, lower(name))=(…) already exists.`"""
    found = _KEY_COLUMNS.search(detail)
    if found is None:
        return []
    inner = (re.sub(r"^\w+\((.*)\)$", r"\1", part.strip()) for part in found["columns"].split(","))
    return [match.group() for match in map(_WORD.search, inner) if match]
