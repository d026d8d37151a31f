"""What expressions are evaluated in while records are written: facts of the context, and related records.

Conditions read with the system's rights (rules.md, "Whose rights"), so nothing here asks who may read what.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.model.model import Condition, Model, Rule
from fieldstone.records import rows
from fieldstone.records.rows import Row
from fieldstone_rules import Environment, EvaluationError
from fieldstone_rules.environment import Nothing, Related
from fieldstone_rules.tree import CollectionSource
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
        currency=organisation_currency(context.model),
        settings=context.model.settings,
        related=related or Nothing(),
    )


def organisation_currency(model: Model) -> str:
    """The currency that amounts are converted to."""
    return str(model.settings.get("core", {}).get("currency") or "EUR")


def organisation_zone(model: Model) -> ZoneInfo:
    """The time zone in which the organisation's days begin."""
    return ZoneInfo(model.settings.get("core", {}).get("timezone") or "UTC")


class RelatedRecords:
    """Records behind references, fetched for a whole batch at a time.

    It knows the records at hand. The first time somebody follows a reference that it has not fetched, it
    fetches all records of that entity which the records at hand refer to, so the number of queries depends on
    how far conditions reach and not on the number of records.
    """

    def __init__(self, connection: sa.Connection, model: Model) -> None:
        self._connection = connection
        self._model = model
        self._fetched: dict[Ref, Row | None] = {}
        self._at_hand: list[Row] = []

    def watch(self, records: Iterable[Row]) -> None:
        """Count `records` among those at hand."""
        self._at_hand.extend(records)

    def learn(self, entity: str, records: Iterable[Row]) -> None:
        """Take over records that were fetched elsewhere."""
        known = list(records)
        self._fetched |= {Ref(entity, record["id"]): record for record in known}
        self.watch(known)

    def record(self, ref: Ref) -> Row | None:
        """The record behind a reference, in the recycle bin or not; None when there is none."""
        if ref not in self._fetched:
            self._fetch(ref)
        return self._fetched[ref]

    def _fetch(self, missing: Ref) -> None:
        wanted = {missing} | {
            value
            for record in self._at_hand
            for value in record.values()
            if isinstance(value, Ref) and value.entity == missing.entity and value not in self._fetched
        }
        entity = self._model.entities.get(missing.entity)
        found = rows.load(self._connection, self._model, entity, (ref.id for ref in wanted)) if entity else {}
        self._fetched |= {ref: found.get(ref.id) for ref in wanted}
        self._at_hand.extend(found.values())

    def collection(self, source: CollectionSource, of: Ref | None) -> Sequence[Row]:
        """Collections in conditions are refused by the checker until the rule language is complete."""
        raise NotImplementedError(f"{source.entity} of {of}")


class Overlay:
    """Related records among which those of a batch are seen as they will be."""

    def __init__(self, below: RelatedRecords, entity: str, records: Iterable[Row]) -> None:
        self._below = below
        self._own = {Ref(entity, record["id"]): record for record in records}
        below.watch(self._own.values())

    def record(self, ref: Ref) -> Row | None:
        """The record behind a reference, as it will be if it is one of the batch."""
        own = self._own.get(ref)
        return own if own is not None else self._below.record(ref)

    def collection(self, source: CollectionSource, of: Ref | None) -> Sequence[Row]:
        """As those below."""
        return self._below.collection(source, of)


class Evaluator:
    """Evaluates rules for the records of one batch in one environment."""

    def __init__(self, model: Model, facts: Environment) -> None:
        self.model = model
        self._facts = facts

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
    return Evaluator(context.model, environment(context, related))
