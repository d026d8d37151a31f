"""In which order kept values follow from each other, and what a change of a field sets in motion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from fieldstone.model.kept_values import KeptValue, kept_values
from fieldstone.model.model import Model
from fieldstone.records.rows import Lock
from fieldstone_rules.routes import RoutedRead

Key = tuple[str, str]
"""An entity and a field of it, or what is kept of it."""


@dataclass(frozen=True, eq=False)
class KeptPlan:
    """What is kept by a model.

    foreign: the values that follow from other records, so that the database has to compute them.
    groups: all values, those of one entity and level together; each level reads only those before it.
    watched: entity → the fields of its records from which anything follows.
    elsewhere: the same, where it follows for other records.
    edges: the references (entity, field) that are followed on the way to what is read.
    locked: entity → the entities whose records may be locked when its records change.
    """

    values: Mapping[Key, KeptValue]
    foreign: frozenset[Key]
    groups: tuple[tuple[KeptValue, ...], ...]
    watched: Mapping[str, tuple[str, ...]]
    elsewhere: Mapping[str, tuple[str, ...]]
    edges: frozenset[Key]
    locked: Mapping[str, frozenset[str]]


def plan_of(model: Model) -> KeptPlan:
    """The plan of a model, made once."""
    if __name__ not in model.cache:
        model.cache[__name__] = _plan(model)
    found: KeptPlan = model.cache[__name__]
    return found


def lock_for(model: Model, entity: str, field: str, target: str) -> Lock:
    """How a record of `target` is locked to which a record of `entity` begins to refer with `field`.

    Where something kept is read over that reference, the other record must not change until it is computed;
    where a change of this entity's records may have to lock the other anyway, it is locked so at once, since
    two who share a lock and both want more wait for each other for ever.
    """
    plan = plan_of(model)
    if (entity, field) not in plan.edges:
        return Lock.REFERRED
    return Lock.CHANGED if target in plan.locked.get(entity, ()) else Lock.READ


def _plan(model: Model) -> KeptPlan:
    every = [kept for entity in model.entities.values() for kept in kept_values(model, entity)]
    values = {kept.key: kept for kept in every}
    foreign = _foreign(values)
    reads = [read for kept in every for read in kept.reads]
    return KeptPlan(
        values=values,
        foreign=foreign,
        groups=tuple(_groups(values)),
        watched=_fields(reads),
        elsewhere=_fields([read for read in reads if read.route]),
        edges=frozenset(
            (hop.declaring, hop.field)
            for read in reads
            for hop in read.route
            if hop.field is not None and not hop.backwards
        ),
        locked=_locked(values),
    )


def _fields(reads: list[RoutedRead]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for read in reads:
        found[read.entity].add(read.field)
    return {entity: tuple(sorted(names)) for entity, names in found.items()}


def _foreign(values: Mapping[Key, KeptValue]) -> frozenset[Key]:
    """What reads other records, or a value that does."""
    found = {key for key, kept in values.items() if any(read.route for read in kept.reads)}
    grown = True
    while grown:
        more = {key for key, kept in values.items() if key not in found and _reads_any(kept, found)}
        found |= more
        grown = bool(more)
    return frozenset(found)


def _reads_any(kept: KeptValue, keys: Container[Key]) -> bool:
    return any((read.entity, read.field) in keys for read in kept.reads)


def _groups(values: Mapping[Key, KeptValue]) -> Iterator[tuple[KeptValue, ...]]:
    """The values of each level, entity by entity. A cycle, which no check lets pass, ends it."""
    waiting = dict(values)
    while waiting:
        ready = [kept for kept in waiting.values() if not _reads_any(kept, waiting)]
        for kept in ready:
            del waiting[kept.key]
        by_entity: dict[str, list[KeptValue]] = defaultdict(list)
        for kept in ready:
            by_entity[kept.entity].append(kept)
        yield from (tuple(by_entity[entity]) for entity in sorted(by_entity))
        if not ready:
            raise AssertionError(f"kept values in a circle: {sorted(waiting)}")


def _locked(values: Mapping[Key, KeptValue]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for kept in values.values():
        for read in kept.reads:
            found[read.entity] |= {hop.start for hop in read.route}
    grown = True
    while grown:
        grown = False
        for reached in found.values():
            before = len(reached)
            reached |= {far for near in reached for far in found.get(near, ())}
            grown = grown or len(reached) > before
    return {entity: frozenset(reached) for entity, reached in found.items()}
