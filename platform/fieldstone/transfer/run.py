"""A whole import: the file in batches, waiting rows in further passes, refused rows handed out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.database.joined import JoinedDatabase
from fieldstone.errors import Forbidden
from fieldstone.records import operations
from fieldstone.transfer.batch import BatchResult, BatchWriter
from fieldstone.transfer.binding import Bound
from fieldstone.transfer.csv_file import CsvFile, Row
from fieldstone.transfer.outcome import Outcome, Refusal
from fieldstone.transfer.waiting import WaitingRow, WaitingRows

BATCH_ROWS = 1_000
BATCH_CHARACTERS = 4_000_000
"""A batch ends at whichever comes first, so that huge cells do not fill the memory."""

CAPABILITY = "import"


class Watcher(Protocol):
    """Who is told what happens while an import runs."""

    def refused(self, row: Row, refusals: list[Refusal]) -> None:
        """A row was refused."""

    def progress(self, outcome: Outcome) -> None:
        """A batch is done."""


class _RollBackError(Exception):
    """Ends the one transaction of a dry run."""


class ImportRun:
    """One run of an import. `outcome` is true at any time, also after an interruption.

    operation: under which its changes stand in the history, so that they can be undone; none in a dry run.
    """

    def __init__(
        self, context: Context, bound: Bound, file: CsvFile, watcher: Watcher, *, dry_run: bool
    ) -> None:
        """Raises `Forbidden` for a user without the capability `import`."""
        _require_capability(context)
        self._context = context
        self._file = file
        self._watcher = watcher
        self._dry_run = dry_run
        self._may_wait = bool(bound.own_lookups)
        self._writer = BatchWriter(context, bound)
        self._waiting = WaitingRows()
        self._taken = 0
        self._entity = bound.entity.name
        self.operation: UUID | None = None
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """Read the file to its end and write what can be written; a dry run takes it all back.

        Each batch is a transaction of its own, so that whatever is counted as written stays written if the
        program ends early. Raises what the database raises, and `Malformed` for a file that breaks off.
        """
        if not self._dry_run:
            self._context = operations.begin(self._context, operations.IMPORT, self._entity)
            self.operation = self._context.operation
        try:
            with self._transactions() as in_transaction:
                for rows in _batches(self._file.rows()):
                    self._batch(in_transaction, rows, may_wait=self._may_wait)
                    self._taken += len(rows)
                while self._waiting.count:
                    self._next_pass(in_transaction)
        finally:
            self._waiting.close()
        self.outcome.finished = True
        return self.outcome

    @property
    def waiting(self) -> int:
        """Rows that were read but wait for others; more than none only where a run was interrupted."""
        return self._taken - self.outcome.read

    def _next_pass(self, in_transaction: _InTransaction) -> None:
        """All waiting rows once more. If none gets on, those that nothing in the file can help are ended."""
        pile, self._waiting = self._waiting, WaitingRows()
        for rows in _batches(waiting.row for waiting in pile.take()):
            self._batch(in_transaction, rows, may_wait=True)
        if self._waiting.count == pile.count:
            self._end_waiting(in_transaction)

    def _end_waiting(self, in_transaction: _InTransaction) -> None:
        pile, self._waiting = self._waiting, WaitingRows()
        stuck = (waiting.row for waiting in self._kept_waiting(pile))
        for rows in _batches(stuck):
            self._batch(in_transaction, rows, may_wait=False)
        if self._waiting.count == pile.count:
            circle, self._waiting = self._waiting, WaitingRows()
            for rows in _batches(waiting.row for waiting in circle.take()):
                self._batch(in_transaction, rows, may_wait=False)

    def _kept_waiting(self, pile: WaitingRows) -> Iterator[WaitingRow]:
        """The rows of which nobody in the pile brings what they want; the others go on waiting."""
        for waiting in pile.take():
            if pile.brings(waiting):
                self._waiting.add(waiting)
            else:
                yield waiting

    def _batch(self, in_transaction: _InTransaction, rows: list[Row], *, may_wait: bool) -> None:
        result = in_transaction(lambda context: self._writer.write(context, rows, may_wait=may_wait))
        self.outcome.add(result.outcome)
        self.outcome.committed_line = max(self.outcome.committed_line, rows[-1].line)
        for waiting in result.waiting:
            self._waiting.add(waiting)
        for row, refusals in result.refused:
            self._watcher.refused(row, refusals)
        self._watcher.progress(self.outcome)

    @contextmanager
    def _transactions(self) -> Iterator[_InTransaction]:
        """How batches get a transaction: each its own, or in a dry run all the same, which is rolled back."""
        database, version = self._context.database, self._context.model.version
        if not self._dry_run:
            yield lambda work: database.run_write(version, self._afresh(work))
            return
        try:
            with database.write(version) as connection:
                joined = self._joined(connection)
                yield lambda work: work(joined)
                raise _RollBackError
        except _RollBackError:
            return

    def _joined(self, connection: sa.Connection) -> Context:
        """The context, with everything in the transaction of `connection`."""
        return replace(self._context, database=JoinedDatabase(self._context.database, connection))

    def _afresh(self, work: _Work) -> Callable[[sa.Connection], BatchResult]:
        """`work` on a connection, without memory of an attempt that was rolled back."""

        def attempt(connection: sa.Connection) -> BatchResult:
            try:
                return work(self._joined(connection))
            except BaseException:
                self._writer.references.forget()
                raise

        return attempt


_Work = Callable[[Context], BatchResult]
_InTransaction = Callable[[_Work], BatchResult]


def _require_capability(context: Context) -> None:
    principal = context.principal
    if CAPABILITY not in principal.capabilities and "admin" not in principal.roles:
        message = f"{principal.name} may not import: none of their roles has the capability `{CAPABILITY}`."
        raise Forbidden(message, details={"reason": "capability", "capability": CAPABILITY})


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    characters = 0
    for row in rows:
        batch.append(row)
        characters += sum(map(len, row.cells))
        if len(batch) >= BATCH_ROWS or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
