"""A batch of records of one entity on its way through a save; one record is a batch of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.errors import NotFound
from fieldstone.model.model import Entity, Field, Model, Transition
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.environment import Evaluator, Overlay, RelatedRecords
from fieldstone.records.refusals import Refusals, Relayed
from fieldstone.records.rows import Values
from fieldstone.records.rules.transaction import Pending, RuleRun
from fieldstone.records.shape import shape_of
from fieldstone_rules.types import Ref

IMPORTING = "import"
"""The source of contexts that import."""


PathTo = Callable[[str, str | None], str]


def _path_to(path: str, name: str | None) -> str:
    """The place of a field of a record that stands at a path."""
    return path if name is None else f"{path}.{name}"


@dataclass(frozen=True)
class Written:
    """A record that was written, with its version afterwards.

    approval: the request that it waits for; then nothing was written.
    """

    id: UUID
    version: int
    approval: UUID | None = None


@dataclass(eq=False)
class Item:
    """One record of a batch.

    position: in what the caller sent. sent: what the caller sent, as Python values, but what is already so.
    given_back: fields that an undo gives the values they had, be it that only rules or transitions set them.
    old: as it is stored; empty for a new record. new: as it will be, with everything that `old` holds.
    transition: the one that the save takes, if any. rules: those that set fields of it.
    nested: what the caller sent for records inside this one, by collection, as it came. inside: whether any
    of those are saved with it. outside: the record that this one lives inside, where both are saved together;
    path: its place in what was sent for that.
    """

    position: int
    id: UUID
    sent: Values = field(default_factory=dict)
    old: Values = field(default_factory=dict)
    new: Values = field(default_factory=dict)
    transition: Transition | None = None
    rules: list[str] = field(default_factory=list)
    nested: Values = field(default_factory=dict)
    inside: bool = False
    outside: Item | None = None
    path: str = ""
    given_back: frozenset[str] = frozenset()

    @property
    def changing(self) -> AbstractSet[str]:
        """The fields for whose change the caller needs the right."""
        return self.sent.keys() | self.given_back

    @property
    def is_new(self) -> bool:
        """Whether the record is being created."""
        return not self.old

    @property
    def outermost(self) -> Item:
        """The record around all others that this one lives inside, as far as they are saved together."""
        return self if self.outside is None else self.outside.outermost

    @property
    def begins(self) -> bool:
        """Whether it is created together with the outermost record that it lives inside."""
        return self.is_new and self.outside is not None and self.outermost.is_new

    def hold(self) -> None:
        """Note that something is saved inside it, and so inside the records around it."""
        self.inside = True
        if self.outside is not None:
            self.outside.hold()

    @property
    def written(self) -> Written:
        """What the caller is told after the save."""
        return Written(self.id, self.new["version"])


@dataclass(eq=False)
class Batch:
    """The records of one call with everything that the steps of a save need.

    partial: records that are refused are left out, and the others are written.
    run: what rules have used up in the transaction. pending: what rules have set on other records.
    outer: the same records in a save that this one is part of.
    lines: records inside these that are saved with them, and records that are links of these, new and changed
    ones apart; removed: those that go, restored: those that come back.
    outside: the batch of the records that these live inside, or that they link.
    files: the records of files that come into fields of these records, or leave them, as they are stored.
    taken: the fields that were found to be ones that the caller may send.
    """

    context: Context
    connection: sa.Connection
    entity: Entity
    items: list[Item]
    refusals: Refusals = field(default_factory=Refusals)
    partial: bool = False
    run: RuleRun = field(default_factory=RuleRun)
    pending: list[Pending] = field(default_factory=list)
    outer: dict[Ref, Item | None] = field(default_factory=dict)
    lines: list[Batch] = field(default_factory=list)
    removed: list[Batch] = field(default_factory=list)
    restored: list[Batch] = field(default_factory=list)
    outside: Batch | None = None
    files: dict[UUID, Values] = field(default_factory=dict)
    taken: dict[str, Field] = field(default_factory=dict)

    @property
    def model(self) -> Model:
        """The published model."""
        return self.context.model

    @property
    def imported(self) -> bool:
        """Whether it is an import, which brings states and sequence numbers as they are."""
        return self.context.source == IMPORTING

    @property
    def actor(self) -> Ref:
        """Who makes the changes."""
        return Ref("user", self.context.principal.user)

    @property
    def accepted(self) -> Iterator[Item]:
        """The records about which nothing has been refused so far."""
        return (item for item in self.items if not self.refusals.concern(item.position))

    def settle(self) -> None:
        """Raise what was refused; in a partial batch, go on with the other records."""
        if not self.partial:
            self.refusals.raise_if_any()
            return
        for one in (*self.together, *self.all_moved):
            one.items = list(one.accepted)

    @property
    def outermost(self) -> Batch:
        """The batch of the records around all others that are saved together."""
        return self if self.outside is None else self.outside.outermost

    @property
    def together(self) -> list[Batch]:
        """What is judged and written as one: the records inside these, the innermost first, and these."""
        return [*(one for inside in self.lines for one in inside.together), self]

    @property
    def entities_together(self) -> frozenset[str]:
        """The entities of all records that are saved together with these."""
        whole = self.outermost
        return frozenset(one.entity.name for one in (*whole.together, *whole.all_moved))

    @property
    def moved(self) -> list[Batch]:
        """The records directly inside these that go to the recycle bin or come out of it."""
        return [*self.removed, *self.restored]

    @property
    def all_moved(self) -> list[Batch]:
        """All records inside these, however deep, that go to the recycle bin or come out of it."""
        return [moved for one in self.together for moved in one.moved]

    def holding(
        self,
        entity: Entity,
        items: list[Item],
        places: Sequence[tuple[int, str]],
        path_to: PathTo = _path_to,
    ) -> Batch:
        """A batch of records inside these. places: of each, the record around it and the path there.

        path_to: such a path and a field there → where that field is told.
        """

        def told(position: int, name: str | None) -> list[tuple[int, str | None]]:
            outside, path = places[position]
            return [(outside, path_to(path, name))]

        relayed = Relayed(to=self.refusals, told=told)
        return Batch(
            self.context,
            self.connection,
            entity,
            items,
            relayed,
            partial=self.partial,
            run=self.run,
            outside=self,
        )

    @cached_property
    def rights(self) -> CallerRights:
        """What the caller may do with the entity."""
        return CallerRights(self.context, self.entity)

    @property
    def related(self) -> RelatedRecords:
        """Other records as they are stored, fetched for everything that is saved together."""
        return self._related if self.outside is None else self.outside.related

    @cached_property
    def _related(self) -> RelatedRecords:
        return RelatedRecords(self.connection, self.model)

    @cached_property
    def stored(self) -> Evaluator:
        """Evaluates rules on the records as they are stored."""
        self.related.watch(item.old for item in self.items)
        return Evaluator(self.context, self.related)

    @cached_property
    def wanted(self) -> Evaluator:
        """Evaluates rules on the records as they will be; not to be used before `new` is known."""
        return Evaluator(self.context, self._overlay)

    @property
    def _overlay(self) -> Overlay:
        """The related records and those that are saved together as they will be."""
        return self.outermost._own_overlay

    @cached_property
    def _own_overlay(self) -> Overlay:
        together = [
            (one.entity.name, item)
            for one in (*reversed(self.together), *self.all_moved)
            for item in one.items
            if item.new
        ]
        fresh = [item.id for _, item in together if item.is_new]
        return Overlay(self.related, [(name, item.new) for name, item in together], fresh)

    def forget_wanted(self) -> None:
        """Look anew at the records as they will be: others are saved with them now."""
        for one in (*self.outermost.together, *self.all_moved):
            for name in ("wanted", "_own_overlay"):
                vars(one).pop(name, None)

    def refuse(self, item: Item, name: str | None, code: str, message: str) -> None:
        """Refuse a value of a record, or the record as a whole (name None), as invalid."""
        self.refusals.add(item.position, name, code, message)

    def changed_references(self) -> Iterator[tuple[Item, Field, Ref]]:
        """Every reference that a save sets anew, those of many-to-many fields included."""
        fields = shape_of(self.entity).referring
        for item in self.items:
            for one in fields:
                value = item.new.get(one.name)
                if value:
                    before = refs_in(item.old.get(one.name)) if item.old else ()
                    for ref in refs_in(value):
                        if ref not in before:
                            yield item, one, ref


def refs_in(value: Any) -> tuple[Ref, ...]:
    """The references in a field's value."""
    if not value:
        return ()
    return value if isinstance(value, tuple) else (value,)


def find_entity(context: Context, name: str) -> Entity:
    """The entity called `name`. Raises `NotFound` where there is none for the caller."""
    entity = context.model.entities.get(name)
    if entity is None or not CallerRights(context, entity).knows_entity:
        raise NotFound(f"There is no entity “{name[:80]}”.", code="unknown_entity")
    return entity
