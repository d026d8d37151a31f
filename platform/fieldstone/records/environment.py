"""What expressions are evaluated in while records are written: facts of the context, and related records.

Conditions read with the system's rights (rules.md, "Whose rights"), so nothing here asks who may read what.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from fieldstone.access.sharing import Share
from fieldstone.access.stored_shares import shares_of
from fieldstone.context import Context
from fieldstone.model.model import Condition, Model, Rule
from fieldstone.model.organisation import organisation_calendar, organisation_currency, organisation_zone
from fieldstone.records import rows
from fieldstone.records.rows import Row
from fieldstone.records.rules.related import members
from fieldstone_rules import NOBODY, Environment, EvaluationError
from fieldstone_rules.environment import Nothing, Related
from fieldstone_rules.tree import PICKER, CollectionSource
from fieldstone_rules.types import Ref


def environment(context: Context, related: Related | None = None) -> Environment:
    """The facts of a context, without a record."""
    principal = context.acting or context.principal
    return Environment(
        user=Ref("user", principal.user),
        user_teams=principal.teams,
        roles=principal.roles,
        now=context.now,
        zone=organisation_zone(context.model),
        user_zone=ZoneInfo(principal.timezone) if principal.timezone else None,
        currency=organisation_currency(context.model),
        calendar=organisation_calendar(context.model),
        settings=context.model.settings,
        related=related or Nothing(),
    )


class RelatedRecords:
    """Records behind references and in collections, fetched for a whole batch at a time.

    It knows the records at hand. The first time somebody follows a reference that it has not fetched, it
    fetches all records of that entity which the records at hand refer to, and of a collection those of all
    records at hand, so the number of queries depends on how far conditions reach and not on the number of
    records.
    """

    def __init__(self, connection: sa.Connection, model: Model) -> None:
        self._connection = connection
        self._model = model
        self._fetched: dict[Ref, Row | None] = {}
        self._at_hand: list[Row] = []
        self._collections: dict[CollectionSource, dict[UUID, list[Row]]] = {}
        self._shares: dict[str, dict[UUID, list[Share]]] = defaultdict(dict)

    def watch(self, records: Iterable[Row]) -> None:
        """Count `records` among those at hand."""
        self._at_hand.extend(records)

    def learn(self, entity: str, records: Iterable[Row]) -> None:
        """Take over records that were fetched elsewhere."""
        known = list(records)
        self._fetched |= {Ref(entity, record["id"]): record for record in known}
        self.watch(known)

    def forget(self) -> None:
        """Fetch anew what is asked for from now on."""
        self._fetched.clear()
        self._collections.clear()
        self._shares.clear()

    def record(self, ref: Ref) -> Row | None:
        """The record behind a reference, in the recycle bin or not; None when there is none."""
        if ref not in self._fetched:
            self._fetch(ref)
        return self._fetched[ref]

    def _fetch(self, missing: Ref) -> None:
        wanted = {missing} | (self._mentioned(missing.entity) - self._fetched.keys())
        entity = self._model.entities.get(missing.entity)
        found = rows.load(self._connection, self._model, entity, (ref.id for ref in wanted)) if entity else {}
        self._fetched |= {ref: found.get(ref.id) for ref in wanted}
        self._at_hand.extend(found.values())

    def collection(self, source: CollectionSource, of: Ref | None) -> Sequence[Row]:
        """The live records of a collection of the record `of`, or of an entity (None), and those that went to
        the bin with it.
        """
        known = self._collections.setdefault(source, {})
        if of is None:
            return self._everything(source, known) if source.owner is None else ()
        if of.id not in known:
            missing = self._owners(of) - known.keys()
            known |= {id_: [] for id_ in missing}
            for owner, record in members(self._connection, self._model, source, sorted(missing)):
                known[owner].append(record)
            self.learn(source.entity, (record for id_ in missing for record in known[id_]))
        return known[of.id]

    def shares(self, entity: str, record: UUID) -> Sequence[Share]:
        """With whom a record was shared; those of all records at hand are fetched together."""
        known = self._shares[entity]
        if record not in known:
            missing = {record} | {row["id"] for row in self._at_hand if row} - known.keys()
            known |= shares_of(self._connection, self._model, entity, missing)
        return known[record]

    def _everything(self, source: CollectionSource, known: dict[UUID, list[Row]]) -> Sequence[Row]:
        if NOBODY.id not in known:
            known[NOBODY.id] = [record for _, record in members(self._connection, self._model, source, None)]
            self.learn(source.entity, known[NOBODY.id])
        return known[NOBODY.id]

    def _owners(self, of: Ref) -> set[UUID]:
        """Of which records a collection may be asked for; ids of other entities do no harm."""
        mentioned = {ref.id for ref in self._mentioned(of.entity)}
        return {of.id} | mentioned | {record["id"] for record in self._at_hand if record}

    def _mentioned(self, entity: str) -> set[Ref]:
        """The records of an entity that the records at hand refer to."""
        values = (value for record in self._at_hand for value in record.values())
        refs = (ref for value in values for ref in (value if isinstance(value, tuple) else (value,)))
        return {ref for ref in refs if isinstance(ref, Ref) and ref.entity == entity}


class Overlay:
    """Related records among which those of a save, each with its entity, are seen as they will be.

    fresh: the ids of those that are new, and so are in no record's reference yet.
    """

    def __init__(
        self, below: RelatedRecords, records: Iterable[tuple[str, Row]], fresh: Collection[UUID] = ()
    ) -> None:
        self._below = below
        self._own = {Ref(entity, record["id"]): record for entity, record in records}
        self._entities = frozenset(ref.entity for ref in self._own)
        self._fresh = frozenset(fresh)
        below.watch(self._own.values())

    def record(self, ref: Ref) -> Row | None:
        """The record behind a reference, as it will be if it is one of the batch."""
        own = self._own.get(ref)
        return own if own is not None else self._below.record(ref)

    def collection(self, source: CollectionSource, of: Ref | None) -> Sequence[Row]:
        """The live records of a collection, those of the batch by what they will refer to."""
        own = self._own.get(of) if of is not None else None
        name = source.name if source.inverse_field is None else None
        if own is not None and name is not None and name in own:
            linked = (self.record(ref) for ref in own[name] or ())
            return [row for row in linked if row is not None and row["deleted_at"] is None]
        known = () if of is not None and of.id in self._fresh else self._below.collection(source, of)
        return known if source.entity not in self._entities else list(self._overlaid(source, of, known))

    def shares(self, entity: str, record: UUID) -> Sequence[Share]:
        """With whom a record was shared; a new one was with nobody."""
        return () if record in self._fresh else self._below.shares(entity, record)

    def _overlaid(self, source: CollectionSource, of: Ref | None, known: Sequence[Row]) -> Iterator[Row]:
        for row in known:
            own = self._own.get(Ref(source.entity, row["id"]))
            if own is None or not _says_where(own, source, of):
                yield row if own is None else own
        for ref, row in self._own.items():
            if ref.entity != source.entity:
                continue
            if _says_where(row, source, of) and _belongs(row, source, of) and self._is_there(row, source, of):
                yield row

    def _is_there(self, row: Row, source: CollectionSource, of: Ref | None) -> bool:
        """Whether a record of the batch will be live, or in the bin with the one that it belongs to."""
        around = self.record(of) if source.along and of is not None else None
        return row["deleted_at"] is None or (around is not None and row["deleted_at"] == around["deleted_at"])


def _says_where(row: Row, source: CollectionSource, of: Ref | None) -> bool:
    """Whether a record of the batch itself tells if it will be in a collection."""
    return of is None or (source.inverse_field is not None and source.inverse_field in row)


def _belongs(row: Row, source: CollectionSource, of: Ref | None) -> bool:
    """Whether a record that tells it will be in a collection."""
    value = None if source.inverse_field is None else row[source.inverse_field]
    return of in value if isinstance(value, tuple) else value == of


class Evaluator:
    """Evaluates rules for the records of one batch in the environment of one context."""

    def __init__(self, context: Context, related: RelatedRecords | Overlay) -> None:
        self.model = context.model
        self.principal = context.principal
        self._related = related
        self._facts = environment(context, related)
        self._stands: Callable[[Share], bool] | None = None

    @property
    def now(self) -> datetime:
        """The instant at which everything is judged."""
        return self._facts.now

    def shares(self, entity: str, record: UUID) -> Sequence[Share]:
        """With whom a record was shared."""
        found = self._related.shares(entity, record)
        if self._stands is None:
            return found
        return [replace(share, expires_at=None, ended_at=None) for share in found if self._stands(share)]

    def with_shares(self, stands: Callable[[Share], bool]) -> Evaluator:
        """The same as if of all shares, ended ones included, those were in force for which `stands` holds."""
        other = copy(self)
        other._stands = stands
        return other

    def as_sharer(self, share: Share) -> Evaluator:
        """The same with the one who shared a record in the place of the user."""
        other = copy(self)
        other._facts = replace(
            self._facts,
            user=Ref("user", share.sharer),
            user_teams=share.sharer_teams,
            roles=frozenset(share.sharer_roles),
        )
        return other

    def picking(self, record: Row) -> Evaluator:
        """The same for what `record` may pick: conditions on candidates read it as the one that picks."""
        other = copy(self)
        other._facts = replace(self._facts, rows={PICKER: record})
        return other

    @property
    def user(self) -> Ref | None:
        """Who asks."""
        return self._facts.user

    def related(self, ref: Ref) -> Row | None:
        """Another record, in the recycle bin or not; None when there is none."""
        return self._facts.related.record(ref)

    def value(self, rule: Rule, record: Row, old: Row | None = None) -> Any:
        """The rule's value for a record. Raises `EvaluationError` where it has none."""
        self._facts.record = record
        self._facts.old = old
        return rule.evaluate(self._facts)

    def holds(self, condition: Condition, record: Row, old: Row | None = None) -> bool:
        """Whether a condition is true of a record; what cannot be evaluated is not."""
        if isinstance(condition, bool):
            return condition
        try:
            return self.value(condition, record, old) is True
        except EvaluationError:
            return False

    def passes(self, rule: Rule, record: Row, old: Row | None = None) -> bool:
        """Whether a check lets a record through: unknown does, what cannot be evaluated does not."""
        try:
            return self.value(rule, record, old) is not False
        except EvaluationError:
            return False


def evaluator(context: Context, connection: sa.Connection, records: Iterable[Row]) -> Evaluator:
    """An evaluator for stored records."""
    related = RelatedRecords(connection, context.model)
    related.watch(records)
    return Evaluator(context, related)
