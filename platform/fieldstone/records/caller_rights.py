"""What the caller may do with records of an entity, judged on records in Python.

The decisions are those of `fieldstone.access.grants`; statements use the same ones as SQL. Here they are
applied to a batch: to records as they are stored, and as they would be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fieldstone.access.decisions import ALWAYS, Decision, Follows, OfParent, Question, Shared, decision
from fieldstone.access.grants import (
    ADMIN,
    access,
    access_for_key,
    decided,
    decided_field,
    sharers_decision,
)
from fieldstone.access.sharing import Share
from fieldstone.context import Context
from fieldstone.errors import Forbidden
from fieldstone.model.model import Entity, Field, Rule, Transition
from fieldstone.records.environment import Evaluator
from fieldstone.records.labels import entity_label, field_label
from fieldstone.records.reasons import needed
from fieldstone.records.rows import Row, Values
from fieldstone.records.shape import ASSIGNED, shape_of

if TYPE_CHECKING:
    from fieldstone.records.batch import Batch, Item


class CallerRights:
    """The caller's rights on one entity."""

    def __init__(self, context: Context, entity: Entity) -> None:
        self._context = context
        self._entity = entity
        self._access = access(context.model, context.principal, entity.name)
        self._known: dict[str, bool] = {}

    # --- questions
    @property
    def knows_entity(self) -> bool:
        """Whether the entity exists for the caller at all."""
        possible = (self._access.read, self._access.create, self._access.begin)
        return any(decision.constant is not False for decision in possible)

    def knows_field(self, field: Field) -> bool:
        """Whether a field exists for the caller: it can be read, or sent by who may create but not read."""
        known = self._known.get(field.name)
        if known is None:
            known = self._known[field.name] = self._access.knows_field(field.name)
        return known

    def may(self, verb: str, evaluator: Evaluator, record: Row) -> bool:
        """Whether the caller may `read`, `create`, `update`, `delete` or `assign` a record."""
        decision: Decision = getattr(self._access, verb)
        return allows(decision, evaluator, record)

    def may_field(self, verb: str, field: str, evaluator: Evaluator, record: Row) -> bool:
        """Whether the caller may `read`, `create` or `update` a field of such a record."""
        return allows(self.field_decision(verb, field), evaluator, record)

    def reads_everything(self, names: Iterable[str]) -> bool:
        """Whether the caller may read these fields of all records."""
        decisions = (self._access.read, *map(self._access.field_read, names))
        return all(decision.constant is True for decision in decisions)

    def field_decision(self, verb: str, field: str) -> Decision:
        """The decision behind `may_field`; about owner and team of a stored record `assign` decides."""
        if verb == "update" and field in ASSIGNED:
            return self._access.assign
        decision: Decision = getattr(self._access, f"field_{verb}")(field)
        return decision

    def readable_fields(self, evaluator: Evaluator, record: Row, names: Iterable[str]) -> set[str]:
        """Those of the named fields that the caller may see in a record."""
        return {name for name in names if self.may_field("read", name, evaluator, record)}

    def may_take(self, transition: Transition, evaluator: Evaluator, old: Row) -> bool:
        """Whether the caller may take a transition, judged on the old state: by role, or like any update."""
        roles, held = transition.declaration.roles, self._context.principal.roles
        if not roles:
            return self.may("update", evaluator, old)
        if ADMIN not in held and not held & set(roles):
            return False
        return self.token_writes and allows(self._unless_denied(), evaluator, old)

    def _unless_denied(self) -> Decision:
        """The roles of a transition stand for the grant; what is denied stays denied."""
        return decision([()], self._access.denials("update"))

    @property
    def token_writes(self) -> bool:
        """Whether the token in use, if any, lets its user change records of the entity."""
        limits = self._context.principal.limits
        if limits is None:
            return True
        entities, verbs = limits.entities, limits.verbs
        return (entities is None or self._entity.name in entities) and (verbs is None or "update" in verbs)

    # --- demands on a batch
    def require_create(self) -> None:
        """Raise `Forbidden` if the caller may never create such a record."""
        if self._access.create.constant is False:
            raise self._forbidden("create")

    def check_delete(self, batch: Batch) -> None:
        """Raise `Forbidden` for stored records that the caller may not delete, or leave them out."""
        for item in batch.items:
            if not self.may("delete", batch.stored, item.old):
                self._refuse(batch, item, "delete")
        batch.settle()

    def check_stored(self, batch: Batch) -> None:
        """Refuse changes that the caller may not make to the records as they are stored."""
        inside = batch.entity.parent is not None  # then the right to change the record around it counts
        for item in batch.items:
            needed = _needs_update(batch.entity, item) and not inside
            if needed and not self.may("update", batch.stored, item.old):
                self._refuse(batch, item, "update")
            else:
                self._check_sent(batch, item, batch.stored, item.old, item.changing)

    def check_wanted(self, batch: Batch) -> None:
        """Refuse records that the caller may not bring into the state they would be in."""
        for item in list(batch.accepted):
            if not item.is_new and not _needs_update(batch.entity, item):
                continue
            verb = "create" if item.is_new else "update"
            record = _judged(batch.entity, item)
            if not self._inside(item) and not self.may(verb, batch.wanted, record):
                self._refuse(batch, item, verb, as_wanted=True)
            else:
                settled = self._settled(item)
                self._check_sent(batch, item, batch.wanted, record, item.changing - settled)

    def _settled(self, item: Item) -> AbstractSet[str]:
        """The fields about which there is nothing to ask: judged before, or free to whoever creates."""
        if not item.is_new:
            return frozenset(ASSIGNED)
        return frozenset() if item.outside is not None else self._freely_sent

    @cached_property
    def _freely_sent(self) -> frozenset[str]:
        """What whoever may create a record may send with it, whatever the record."""
        names = {field.name for field in shape_of(self._entity).fields}.difference(ASSIGNED)
        return frozenset(name for name in names if self._access.field_create(name).constant is True)

    def _check_sent(
        self, batch: Batch, item: Item, evaluator: Evaluator, record: Row, names: Iterable[str]
    ) -> None:
        workflow = batch.entity.workflow.field if batch.entity.workflow else None
        for name in names:
            if name == workflow and item.transition is not None:
                continue
            if not allows(self._sending(item, name), evaluator, record):
                self._refuse_field(batch, item, name)

    def _sending(self, item: Item, name: str) -> Decision:
        if item.begins and self._inside(item):
            return self._access.field_begin(name)
        if item.is_new:
            return self._assigning(item, name) if name in ASSIGNED else self._access.field_create(name)
        decision = self.field_decision("update", name)
        by_role = item.transition is not None and bool(item.transition.declaration.roles)
        asked = by_role and item.transition is not None and name in item.transition.declaration.ask
        # Who may take a transition by role fills in what it asks for; only a right that narrows the field
        # itself is in the way, which can only be where updates are granted at all.
        narrowed = decision.constant is False and self._access.update.constant is not False
        return ALWAYS if asked and not narrowed else decision

    def _inside(self, item: Item) -> bool:
        """Whether a record is saved as a part of the one that it lives inside, whose rights count then."""
        return item.outside is not None and self._entity.parent is not None

    def _assigning(self, item: Item, name: str) -> Decision:
        """Whoever creates a record may name itself and its own team as owner; others need `assign`."""
        principal, value = self._context.principal, item.sent[name]
        own = value is not None and value.id in {principal.user, *principal.teams}
        return self._access.field_create(name) if own else self._access.assign

    # --- refusals
    def _refuse(self, batch: Batch, item: Item, verb: str, *, as_wanted: bool = False) -> None:
        error = self._forbidden(verb, as_wanted=as_wanted)
        batch.refusals.add(
            item.position, None, "forbidden", error.message, kind=Forbidden, details=error.details
        )

    def _forbidden(self, verb: str, *, as_wanted: bool = False) -> Forbidden:
        locale = self._context.principal.locale
        reason = needed(self._context, self._entity, verb)
        kind = entity_label(self._entity, locale)
        said = {
            "create": f"create this {kind}",
            "update": f"change this {kind}",
            "delete": f"delete this {kind}",
        }[verb]
        after = " into what it would be" if as_wanted and verb == "update" else ""
        return Forbidden(f"You may not {said}{after}. {reason}", details={"reason": reason})

    def _refuse_field(self, batch: Batch, item: Item, name: str) -> None:
        field = batch.entity.field(name)
        assert field is not None
        label = field_label(field, self._context.principal.locale)
        verb = "assign" if name in ASSIGNED else "update"
        reason = needed(self._context, self._entity, verb, None if name in ASSIGNED else name)
        message = f"You may not set {label} of this record. {reason}"
        batch.refusals.add(
            item.position, name, "forbidden", message, kind=Forbidden, details={"reason": reason}
        )


def allows(decision: Decision, evaluator: Evaluator, record: Row) -> bool:
    """Whether a decision lets the user of `evaluator` do it to a record."""
    if decision.constant is not None:
        return decision.constant
    return decision.allows(lambda asked: _answer(asked, evaluator, record))


def _answer(asked: Question, evaluator: Evaluator, record: Row) -> Any:
    if isinstance(asked, Rule):
        return evaluator.value(asked, record)
    if isinstance(asked, OfParent):
        outside = record.get(asked.field)
        found = None if outside is None else evaluator.related(outside)
        return False if found is None else _answer(asked.asked, evaluator, found)
    if isinstance(asked, Shared):
        return is_shared(asked, evaluator, record)
    return may_follow(asked, evaluator, record)


def is_shared(asked: Shared, evaluator: Evaluator, record: Row) -> bool:
    """Whether a record was shared with the user by somebody who may do as much."""
    return any(sharer_may(asked, share, evaluator, record) for share in received(asked, evaluator, record))


def received(asked: Shared, evaluator: Evaluator, record: Row) -> Iterator[Share]:
    """The shares of a record that the user may use, whatever their sharers still may."""
    receivers, roles = evaluator.principal.receivers, evaluator.principal.roles
    for share in evaluator.shares(asked.entity, record["id"]):
        if share.serves(asked.verb, evaluator.now) and (share.receiver in receivers or share.role in roles):
            yield share


def sharer_may(asked: Shared, share: Share, evaluator: Evaluator, record: Row) -> bool:
    """Whether the roles of the one who shared a record grant what is asked."""
    decision = sharers_decision(evaluator.model, asked, frozenset(share.sharer_roles))
    return allows(decision, evaluator.as_sharer(share), record)


def may_follow(asked: Follows, evaluator: Evaluator, record: Row) -> bool:
    """Whether the record that a reference to any entity names is live and may be read (or changed)."""
    ref = record.get(asked.field)
    if ref is None:
        # Of what must be about something, only a new record can lack it, and it is refused for that.
        return asked.within is None or record.get("created_by") == evaluator.user
    entity = evaluator.model.entities.get(ref.entity)
    if entity is None or not (entity.declaration.activities or (asked.within and entity.holding_files)):
        return False
    target = evaluator.related(ref)
    if target is None or target["deleted_at"] is not None:
        return False
    access = access_for_key(evaluator.model, asked.access_key, entity.name)
    held_by = record.get(asked.within) if asked.within else None
    decisions = [decided(access, asked.verb)]
    decisions += [] if held_by is None else [decided_field(access, asked.verb, held_by)]
    return all(allows(decision, evaluator, target) for decision in decisions)


def _needs_update(entity: Entity, item: Item) -> bool:
    """A transition by role needs no right to update, nor does assigning; everything else does."""
    by_role = item.transition is not None and bool(item.transition.declaration.roles)
    free: set[str] = set(ASSIGNED)
    if by_role and item.transition is not None and entity.workflow is not None:
        free |= {entity.workflow.field, *item.transition.declaration.ask}
    return not item.changing or item.inside or bool(item.changing - free)


def _judged(entity: Entity, item: Item) -> Values:
    """The record as wanted, with the workflow's field and, once it is there, owner and team as they were."""
    if item.is_new:
        return item.new
    kept = set(ASSIGNED) | ({entity.workflow.field} if entity.workflow else set())
    return item.new | {name: item.old[name] for name in kept if name in item.old}
