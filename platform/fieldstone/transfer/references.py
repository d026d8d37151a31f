"""References of a batch: the texts of its cells looked up, and what to do about those that mean no record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from fieldstone import records
from fieldstone.context import Context
from fieldstone.fields.refusal import ValueRefused
from fieldstone.transfer.binding import Bound, BoundFeed, BoundLookup
from fieldstone.transfer.cells import Candidate, filled, shorten
from fieldstone.transfer.lookups import Key, RecordFinder
from fieldstone.transfer.mapping import CREATE, REFUSE
from fieldstone.transfer.outcome import Outcome
from fieldstone.transfer.waiting import comparable
from fieldstone_rules.types import Ref


class ReferenceResolver:
    """Resolves the references of an import, batch by batch, and remembers what was found."""

    def __init__(self, context: Context, bound: Bound) -> None:
        own = set(bound.own_lookups)
        self._columns = [
            _ColumnResolver(context, feed, feed.lookup, own=feed in own)
            for feed in bound.feeds
            if feed.lookup
        ]

    def resolve(
        self, context: Context, candidates: Sequence[Candidate], outcome: Outcome, *, may_wait: bool
    ) -> None:
        """Put references into the candidates' values; refuse those without a record, or let them wait."""
        for column in self._columns:
            column.resolve(context, candidates, outcome, may_wait=may_wait)

    def forget(self) -> None:
        """Forget what was found: the transaction that found it was rolled back."""
        for column in self._columns:
            column.finder.forget()


@dataclass
class _Answers:
    """What the keys of a batch mean. failed: why a record could not be created for a key."""

    found: dict[Key, tuple[UUID, ...]]
    failed: dict[Key, str] = field(default_factory=dict)


class _ColumnResolver:
    """Resolves one column. own: it refers to the imported entity itself."""

    def __init__(self, context: Context, feed: BoundFeed, lookup: BoundLookup, *, own: bool) -> None:
        self._context = context
        self._feed = feed
        self._lookup = lookup
        self._own = own
        self.finder = RecordFinder(context, lookup, feed.format)

    def resolve(
        self, context: Context, candidates: Sequence[Candidate], outcome: Outcome, *, may_wait: bool
    ) -> None:
        searching = [candidate for candidate in candidates if self._feed in candidate.searches]
        if not searching:
            return
        waits = may_wait and self._own
        keys = [key for candidate in searching for key in self._keys(candidate)]
        answers = _Answers(self.finder.find(context, keys))
        if self._lookup.declared.missing == CREATE and not waits:
            self._create(context, self._missing(searching, answers.found), answers, outcome)
        for candidate in searching:
            self._take(candidate, answers, waits=waits)

    def _keys(self, candidate: Candidate) -> list[Key]:
        """What a row asks: one key per text in its cell."""
        others = tuple(candidate.row.cells[index].strip() for index in self._lookup.also)
        return [(text, *others) for text in candidate.searches[self._feed]]

    def _missing(
        self, searching: Iterable[Candidate], found: Mapping[Key, tuple[UUID, ...]]
    ) -> dict[Key, Candidate]:
        """Key → the first row that asks for it. Rows that are refused anyway create nothing."""
        missing: dict[Key, Candidate] = {}
        for candidate in searching:
            if not candidate.refusals:
                for key in self._keys(candidate):
                    if not found.get(key):
                        missing.setdefault(key, candidate)
        return missing

    def _create(
        self,
        context: Context,
        missing: Mapping[Key, Candidate],
        answers: _Answers,
        outcome: Outcome,
    ) -> None:
        """Create a record for each missing key, or note why that fails."""
        made: dict[Key, dict[str, Any]] = {}
        for key, candidate in missing.items():
            try:
                made[key] = self._new_record(key, candidate)
            except ValueRefused as refused:
                answers.failed[key] = refused.message
        if not made:
            return
        target = self._lookup.target.name
        written = records.import_rows(context, target, list(made.values()))
        for key, answer in zip(made, written, strict=True):
            if answer.id is None:
                answers.failed[key] = "; ".join(f"{error.field}: {error.message}" for error in answer.errors)
                continue
            answers.found[key] = (answer.id,)
            self.finder.learn(key, answer.id)
            outcome.made[target] += 1

    def _new_record(self, key: Key, candidate: Candidate) -> dict[str, Any]:
        """The values of a record created for `key`. Raises `ValueRefused` for a text that cannot be one."""
        lookup = self._lookup
        texts = dict(zip((key_field.name for key_field in lookup.key_fields[0]), key, strict=True))
        texts |= {
            name: filled(template, candidate.row.cells[index].strip())
            for name, (index, template) in lookup.create_from.items()
        }
        values = dict(lookup.create)
        for name, text in texts.items():
            target = lookup.target.field(name)
            if target is not None and text not in self._feed.declared.empty:
                values[name] = target.type.parse_text(text, self._feed.format)
        return values

    def _take(self, candidate: Candidate, answers: _Answers, *, waits: bool) -> None:
        references = []
        for key in self._keys(candidate):
            ids = answers.found.get(key, ())
            if len(ids) == 1:
                references.append(Ref(self._lookup.target.name, ids[0]))
            elif not ids and waits:
                candidate.wants.add(comparable(self._feed, key[0]))
            else:
                self._miss(candidate, key, answers)
        if references:
            candidate.values[self._feed.field.name] = references if self._feed.many else references[0]

    def _miss(self, candidate: Candidate, key: Key, answers: _Answers) -> None:
        """No record, or several: what the mapping says about it."""
        column, declared = self._feed.declared.column, self._lookup.declared
        named = f"`{self._lookup.target.name}` with the {' or '.join(declared.by)} “{shorten(key[0])}”"
        count = len(answers.found.get(key, ()))
        if count > 1:
            candidate.refuse(column, "ambiguous", f"there are {count} records {named}", key[0])
        elif declared.missing == REFUSE:
            nor = ", and this file brings none" if self._own else ""
            candidate.refuse(column, "not_found", f"there is no {named}{nor}", key[0])
        elif declared.missing != CREATE:
            candidate.left_empty.append(column)
        elif key in answers.failed:
            message = f"there is no {named}, and none can be created: {answers.failed[key]}"
            candidate.refuse(column, "not_created", message, key[0])
