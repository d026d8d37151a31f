"""Two ways through a bulk call: batch by batch, each a transaction with its results sent at once; or as one
transaction, for all or nothing, dry runs, and calls with an Idempotency-Key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.database.joined import JoinedDatabase
from fieldstone.errors import (
    Conflict,
    FieldError,
    FieldstoneError,
    Forbidden,
    Invalid,
    NotFound,
    StaleModel,
    TooLarge,
    Unavailable,
    VersionConflict,
)
from fieldstone.records import operations
from fieldstone.records.row_outcomes import REFUSED, RowOutcome, refused
from fieldstone.records.write_rows import BATCH, Sent, Writing, require_rows, write_rows
from fieldstone.web.bulk.lines import Line, csv_lines, ndjson_lines
from fieldstone.web.bulk.received import Received
from fieldstone.web.bulk.results import Results, told
from fieldstone.web.bulk.seen_keys import SeenKeys

BATCH_SIZE = 4_000_000
"""Bytes. A batch ends at whichever comes first, so that huge lines do not fill the memory."""

BATCH_IN_ONE = 2_000
"""Lines: in one transaction, which holds its locks to the end anyway, fewer and larger batches cost less."""

MOST_IN_ONE = 100_000
"""Lines of a call that is one transaction."""

MOST_ERRORS = 1_000
Renewed = Callable[[bool], Context]
"""Gives a context with the newest model and rights; true: the one at hand has proved to be outdated."""

_KINDS = (Forbidden, NotFound, Conflict, VersionConflict)


@dataclass(frozen=True)
class Call:
    """What was asked for. csv: how the body is written, with the encoding if one was named."""

    writing: Writing
    partial: bool
    dry_run: bool
    csv: bool
    encoding: str | None = None

    def lines(self, context: Context, body: Received) -> Iterator[Line]:
        """The lines of the body, from its beginning; of lines that mean the same record only the first."""
        file = body.opened()
        entity = context.model.entities[self.writing.entity]
        read = (
            csv_lines(file, self.writing, entity, self.encoding)
            if self.csv
            else ndjson_lines(file, self.writing)
        )
        return self._once(read, SeenKeys(entity, self.writing))

    def _once(self, lines: Iterable[Line], seen: SeenKeys) -> Iterator[Line]:
        with closing(seen):
            for line in lines:
                error = None if line.sent is None else seen.refuse(line.number, line.sent)
                yield line if error is None else Line(line.number, None, refused(error))


def batches(lines: Iterable[Line], most: int = BATCH) -> Iterator[list[Line]]:
    """The lines in parts of at most so many that are written together."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += line.size
        if len(batch) == most or size >= BATCH_SIZE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def write_batch(context: Context, writing: Writing, batch: list[Line]) -> list[RowOutcome]:
    """What becomes of each line. Raises `Unavailable`; then nothing of the batch is written."""
    rows: list[Sent] = [line.sent for line in batch if line.sent is not None]
    written = iter(write_rows(context, writing, rows))
    return [next(written) if line.outcome is None else line.outcome for line in batch]


# -- batch by batch


def in_batches(call: Call, body: Received, first: Context, renewed: Renewed) -> Iterator[bytes]:
    """The results, as the batches are written.

    Once the database is gone, or the caller may not go on, all further lines are refused for that reason.
    Raises `Malformed`, before the first result, where the whole body cannot be read.
    """
    return _results(call, call.lines(first, body), renewed)


def _results(call: Call, lines: Iterator[Line], renewed: Renewed) -> Iterator[bytes]:
    reason: FieldstoneError | None = None
    for batch in batches(lines):
        if reason is None:
            try:
                outcomes = _written(call, batch, renewed)
            except FieldstoneError as error:
                reason = error
        if reason is not None:
            outcomes = [line.outcome or refused(reason) for line in batch]
        yield b"".join(told(line.number, one) for line, one in zip(batch, outcomes, strict=True))


def _written(call: Call, batch: list[Line], renewed: Renewed) -> list[RowOutcome]:
    """A batch, again on the newest model if a publication came between."""
    try:
        return write_batch(renewed(False), call.writing, batch)
    except StaleModel:
        return write_batch(renewed(True), call.writing, batch)


# -- as one


class _RollBackError(Exception):
    """Ends the transaction of a dry run."""


def at_once(call: Call, body: Received, context: Context) -> tuple[Results, Context]:
    """All results and the context with the operation, once everything is written, or in a dry run taken back.

    Raises, and then nothing is written: where it is all or nothing the gravest refusal with those of the
    first thousand lines, `TooLarge` for too many lines, and what the database raises.
    """
    results = Results()
    found = [context]

    def work(connection: sa.Connection) -> None:
        results.forget()
        joined = replace(context, database=JoinedDatabase(context.database, connection))
        found[0] = operations.begin(joined, operations.BULK, call.writing.entity)
        _write_all(call, body, found[0], results)
        if call.dry_run:
            raise _RollBackError

    try:
        context.database.run_write(context.model.version, work)
    except _RollBackError:
        return results, context
    except BaseException:
        results.close()
        raise
    return results, found[0]


def _write_all(call: Call, body: Received, context: Context, results: Results) -> None:
    refusals = Refused()
    for batch in batches(call.lines(context, body), BATCH_IN_ONE):
        for line, outcome in zip(batch, write_batch(context, call.writing, batch), strict=True):
            results.add(told(line.number, outcome))
            refusals.count(line.number, outcome)
        if refusals.lines > MOST_IN_ONE:
            raise TooLarge(
                f"All or nothing, dry runs and calls with an Idempotency-Key take at most {MOST_IN_ONE:,} "
                "lines. Nothing was written; send fewer, or with partial=true alone.",
                code="too_many_lines",
            )
        if not call.partial and refusals.is_full:
            break
    if not call.partial:
        refusals.raise_if_any()


class Refused:
    """The refused lines of a call that is all or nothing."""

    def __init__(self) -> None:
        self.lines = 0
        self._refused = 0
        self._statuses: Counter[int] = Counter()
        self._errors: list[FieldError] = []

    @property
    def is_full(self) -> bool:
        """Whether enough has been refused to stop reading."""
        return self._refused >= MOST_ERRORS

    def count(self, line: int, outcome: RowOutcome) -> None:
        """Take note of one line."""
        self.lines += 1
        if outcome.action == REFUSED:
            self._refused += 1
            self._statuses[outcome.status] += 1
            self._errors += [replace(error, line=line, column=None) for error in outcome.errors]

    def raise_if_any(self) -> None:
        """Raise what all refused lines have in common, or that lines were refused."""
        if not self._refused:
            return
        same = [kind for kind in _KINDS if set(self._statuses) == {kind.status}]
        kind: type[FieldstoneError] = same[0] if same else Invalid
        if Unavailable.status in self._statuses:
            kind = Unavailable
        first = self._errors[0]
        message = f"Line {first.line}: {first.message} {self._refused:,} of {self.lines:,} lines were refused"
        errors = self._errors[:MOST_ERRORS]
        details = {"refused": self._refused, "lines": self.lines}
        raise kind(f"{message}; nothing was written.", code="lines_refused", errors=errors, details=details)


def begin(call: Call, context: Context) -> Context:
    """The context of a call that is written batch by batch."""
    require_rows(context, call.writing)
    return operations.begin(context, operations.BULK, call.writing.entity)
