"""What is wrong between rules: two that set the same field in no order, and triggers without an end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from fieldstone_rules.errors import Problem
from fieldstone_rules.rule_files.declarations import Event, Moment, Occasion, RuleFile, Trigger
from fieldstone_rules.rule_files.dependencies import Dependencies, dependencies
from fieldstone_rules.rule_files.firing import fires
from fieldstone_rules.rule_files.world import RuleWorld


@dataclass(frozen=True, eq=False)
class _Rule:
    """A trigger with the file it stands in."""

    file: str
    trigger: Trigger

    @cached_property
    def uses(self) -> Dependencies:
        return dependencies(self.trigger)

    @property
    def full_name(self) -> str:
        return f"{self.file}.{self.trigger.name}"

    def problem(self, code: str, message: str, hint: str) -> tuple[str, Problem]:
        line = self.trigger.line
        return self.file, Problem(code, message, line, 1, line, 1, hint)


def conflicts(files: Iterable[RuleFile], world: RuleWorld) -> Iterator[tuple[str, Problem]]:
    """The problems between the triggers of all files, each with the file it is told in."""
    rules = [_Rule(file.name, trigger) for file in files for trigger in file.triggers]
    yield from _conflicting_writes(rules)
    yield from _endless(rules, world)


# ---- two rules, one field


def _conflicting_writes(rules: Sequence[_Rule]) -> Iterator[tuple[str, Problem]]:
    setting: dict[str, list[_Rule]] = {}
    for rule in rules:
        if rule.trigger.moment is Moment.BEFORE and rule.uses.own:
            setting.setdefault(rule.trigger.entity, []).append(rule)
    for first, second in (pair for found in setting.values() for pair in combinations(found, 2)):
        one, other = first.trigger, second.trigger
        both = sorted(first.uses.own & second.uses.own)
        if one.order == other.order and both and _meet(one, other):
            message = (
                f"`{first.full_name}` sets `{both[0]}` on the same event, and nothing says which is first."
            )
            yield second.problem("conflicting_writes", message, "give both an `order`")


def _meet(one: Trigger, other: Trigger) -> bool:
    return any(_same_event(a, b) for a in one.occasions for b in other.occasions)


def _same_event(one: Occasion, other: Occasion) -> bool:
    if one.event is Event.TRANSITION and other.event is Event.TRANSITION:
        return one.transition == other.transition or None in (one.transition, other.transition)
    if one.event is other.event:
        return True
    events = {one.event, other.event}
    return events <= {Event.UPDATE, Event.SAVE, Event.TRANSITION} or events == {Event.CREATE, Event.SAVE}


# ---- triggers without an end


def _endless(rules: Sequence[_Rule], world: RuleWorld) -> Iterator[tuple[str, Problem]]:
    """Every group of triggers that can fire each other in a circle, told at its first."""
    places: dict[str, list[int]] = {}
    for place, rule in enumerate(rules):
        places.setdefault(rule.trigger.entity, []).append(place)
    told: set[int] = set()
    for place, rule in enumerate(rules):
        circle = _circle(rules, places, place, world)
        if circle and not told & set(circle):
            told |= set(circle)
            names = " → ".join(rules[other].full_name for other in (*circle, place))
            message = f"These triggers can fire each other for ever: {names}."
            yield rule.problem("endless", message, "let a `when` say which change it waits for")


def _circle(
    rules: Sequence[_Rule], places: Mapping[str, Sequence[int]], start: int, world: RuleWorld
) -> tuple[int, ...]:
    """The places of the triggers on a way from one back to itself; () if there is none.

    places: entity → the places of the triggers on it, the only ones that its records can fire.
    """
    ways: list[tuple[int, ...]] = [(start,)]
    seen: set[int] = set()
    while ways:
        way = ways.pop(0)
        uses = rules[way[-1]].uses
        for following in sorted(place for entity in uses.written for place in places.get(entity, ())):
            if not fires(uses, rules[following].trigger, world):
                continue
            if following == start:
                return way
            if following not in seen:
                seen.add(following)
                ways.append((*way, following))
    return ()
