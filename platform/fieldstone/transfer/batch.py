"""One batch of an import: cells read, references resolved, records written, every row accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fieldstone import records
from fieldstone.context import Context
from fieldstone.errors import FieldError
from fieldstone.transfer.binding import Bound
from fieldstone.transfer.cells import Candidate, CellReader, shorten
from fieldstone.transfer.csv_file import Row
from fieldstone.transfer.outcome import Outcome, Refusal
from fieldstone.transfer.references import ReferenceResolver
from fieldstone.transfer.waiting import WaitingRow, comparable


@dataclass
class BatchResult:
    """What became of a batch: its counts, the refused rows with reasons, the rows that wait for others."""

    outcome: Outcome = field(default_factory=Outcome)
    refused: list[tuple[Row, list[Refusal]]] = field(default_factory=list)
    waiting: list[WaitingRow] = field(default_factory=list)

    def refuse(self, row: Row, refusals: list[Refusal]) -> None:
        """Count a refused row and keep it with its reasons."""
        self.outcome.refuse(refusals)
        self.refused.append((row, refusals))

    def note(self, candidate: Candidate) -> None:
        """Count what was done to the cells of a row that waits no longer."""
        self.outcome.aliased.update(candidate.aliased)
        self.outcome.emptied.update(candidate.emptied)
        self.outcome.left_empty.update(candidate.left_empty)


class BatchWriter:
    """Takes batches of rows through one import, each inside a transaction of the caller."""

    def __init__(self, context: Context, bound: Bound) -> None:
        self._bound = bound
        self._reader = CellReader(bound)
        self.references = ReferenceResolver(context, bound)

    def write(self, context: Context, rows: Sequence[Row], *, may_wait: bool) -> BatchResult:
        """Write what can be written. `may_wait`: rows that refer to a row not yet there are handed back."""
        result = BatchResult()
        candidates = [self._reader.read(row) for row in rows]
        self.references.resolve(context, candidates, result.outcome, may_wait=may_wait)
        ready = []
        for candidate in candidates:
            if candidate.refusals:
                result.refuse(candidate.row, candidate.refusals)
            elif candidate.wants:
                result.waiting.append(self._waiting(candidate))
            else:
                ready.append(candidate)
            if not candidate.wants:
                result.note(candidate)
        if ready:
            self._write(context, ready, result)
        result.refused.sort(key=lambda refused: refused[0].line)
        return result

    def _write(self, context: Context, ready: Sequence[Candidate], result: BatchResult) -> None:
        answers = records.import_rows(
            context,
            self._bound.entity.name,
            [candidate.values for candidate in ready],
            key=self._bound.mapping.key,
        )
        for candidate, answer in zip(ready, answers, strict=True):
            if answer.action == "refused":
                result.refuse(candidate.row, [self._refusal(candidate, error) for error in answer.errors])
            else:
                result.outcome.actions[answer.action] += 1

    def _refusal(self, candidate: Candidate, error: FieldError) -> Refusal:
        """An error about a field, told about the column that feeds it."""
        feed = next((feed for feed in self._bound.feeds if feed.field.name == error.field), None)
        if feed is None:
            message = f"{error.field}: {error.message}" if error.field else error.message
            return Refusal(candidate.row.line, None, error.code, message)
        value = shorten(candidate.row.cells[feed.index])
        return Refusal(candidate.row.line, feed.declared.column, error.code, error.message, value)

    def _waiting(self, candidate: Candidate) -> WaitingRow:
        """The row with what it wants, and with the texts under which it may be wanted itself."""
        brings = set()
        for feed in self._bound.own_lookups:
            for name in feed.declared.lookup.by if feed.declared.lookup else ():
                brings.add(comparable(feed, str(candidate.values.get(name))))
        return WaitingRow(candidate.row, frozenset(candidate.wants), frozenset(brings))
