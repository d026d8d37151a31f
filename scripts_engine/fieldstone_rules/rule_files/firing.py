"""Which triggers can be fired by what a rule or a test does."""

from __future__ import annotations

from fieldstone_rules.rule_files.declarations import Event, Occasion, Trigger
from fieldstone_rules.rule_files.dependencies import Dependencies
from fieldstone_rules.schema import Schema


def fires(uses: Dependencies, trigger: Trigger, world: Schema) -> bool:
    """Whether something that `uses` describes can be what a trigger waits for."""
    return any(_answers(uses, trigger, occasion, world) for occasion in trigger.occasions)


def watched(trigger: Trigger) -> frozenset[str] | None:
    """The fields of its record whose change a trigger waits for; None for any."""
    if trigger.when is None:
        return None
    return frozenset(name for entity, name in trigger.when.reads if entity == trigger.entity)


def _watches_state(trigger: Trigger, world: Schema) -> bool:
    """Whether it waits for changes of the field under the workflow, among others."""
    names = watched(trigger)
    if trigger.when is None or names is None:
        return True
    schema = world.entity(trigger.entity)
    return schema is not None and any(name in schema.fields and schema.fields[name].states for name in names)


def _answers(uses: Dependencies, trigger: Trigger, occasion: Occasion, world: Schema) -> bool:
    entity, event = trigger.entity, occasion.event
    if event is Event.DELETE:
        return entity in uses.deletes
    taken = {name for owner, name in uses.transitions if owner == entity}
    if event is Event.TRANSITION:
        return bool(taken) and occasion.transition in {None, *taken}
    if taken and event in (Event.UPDATE, Event.SAVE) and _watches_state(trigger, world):
        return True
    if event in (Event.CREATE, Event.SAVE) and entity in uses.creates:
        return True
    written = {name for owner, name in uses.sets if owner == entity}
    if event not in (Event.UPDATE, Event.SAVE) or not written:
        return False
    names = watched(trigger)
    return names is None or bool(written & names)
