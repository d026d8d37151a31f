"""Which rules the tests of an application reach, found out without running them.

A test reaches a trigger if what it creates, changes, deletes or takes a transition of is what the trigger
waits for, directly or through other triggers that it reaches. It reaches a validation if it creates a record
of the entity, or changes a field that the validation reads; and a function if its expressions, or those of
the rules that it reaches, call it. What runs as a job cannot be reached by tests and is not asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

from fieldstone_rules.errors import Problem
from fieldstone_rules.expression import Expression
from fieldstone_rules.rule_files.declarations import (
    Declaration,
    Function,
    Moment,
    RuleFile,
    Trigger,
    Validation,
)
from fieldstone_rules.rule_files.dependencies import Dependencies, dependencies, parts
from fieldstone_rules.rule_files.firing import fires
from fieldstone_rules.rule_files.world import RuleWorld
from fieldstone_rules.tree import Apply, walk


@dataclass(frozen=True)
class _Reached:
    """The tests, and what they set off."""

    declarations: Sequence[Declaration]

    @cached_property
    def identities(self) -> frozenset[int]:
        """Which objects those are. To compare declarations by value would walk through all of each."""
        return frozenset(map(id, self.declarations))

    def calls(self) -> frozenset[str]:
        """The full names of all functions that are called."""
        found = (part for declaration in self.declarations for part in parts(declaration))
        trees = (part.tree for part in found if isinstance(part, Expression))
        return frozenset(node.name for tree in trees for node in walk(tree) if isinstance(node, Apply))


def untested(files: Sequence[RuleFile], world: RuleWorld) -> Iterator[tuple[str, Problem]]:
    """A warning for every rule that no test reaches, each with the file it is told in."""
    reached = _reach(files, world)
    calls = reached.calls()
    for file in files:
        for declaration in file.declarations:
            what = _unreached(file.name, declaration, reached, calls)
            if what is not None:
                yield (
                    file.name,
                    _warning(declaration.line, f"No test covers the {what} `{declaration.name}`."),
                )


def _warning(line: int, message: str) -> Problem:
    return Problem("untested", message, line, 1, line, 1, 'write a `test "…" { … }`', "warning")


def _unreached(file: str, declaration: Declaration, reached: _Reached, calls: frozenset[str]) -> str | None:
    """What a declaration is called if tests can reach it and none does."""
    if isinstance(declaration, Function):
        return None if f"{file}.{declaration.name}" in calls else "function"
    if isinstance(declaration, Validation):
        return None if id(declaration) in reached.identities else "validation"
    if isinstance(declaration, Trigger) and declaration.moment is not Moment.COMMIT:
        return None if id(declaration) in reached.identities else "trigger"
    return None


def _reach(files: Sequence[RuleFile], world: RuleWorld) -> _Reached:
    tests: list[Declaration] = [test for file in files for test in file.tests]
    deeds = [_with_states(dependencies(test), world) for test in tests]
    waiting: dict[str, list[Trigger]] = {}
    for trigger in (trigger for file in files for trigger in file.triggers):
        if trigger.moment is not Moment.COMMIT:
            waiting.setdefault(trigger.entity, []).append(trigger)
    found = [*tests]
    # `deeds` grows in the loop: what a trigger does may fire others.
    for deed in deeds:
        fired = _fired(deed, waiting, world)
        found += fired
        deeds += [dependencies(trigger) for trigger in fired]
    done = _together(deeds)
    found += [one for file in files for one in file.validations if _asks(one, done)]
    return _Reached(found)


def _fired(deed: Dependencies, waiting: dict[str, list[Trigger]], world: RuleWorld) -> list[Trigger]:
    """The triggers that something sets off, which wait no longer. waiting: entity → triggers."""
    found: list[Trigger] = []
    for entity in sorted(deed.written & waiting.keys()):
        left: list[Trigger] = []
        for trigger in waiting[entity]:
            (found if fires(deed, trigger, world) else left).append(trigger)
        waiting[entity] = left
    return found


def _together(deeds: Sequence[Dependencies]) -> Dependencies:
    """All that was done, as if it were done at once."""
    return Dependencies(
        **{
            entry.name: frozenset().union(*(getattr(deed, entry.name) for deed in deeds))
            for entry in fields(Dependencies)
        }
    )


def _asks(validation: Validation, done: Dependencies) -> bool:
    """Whether something that was done has a validation look at its record."""
    entity, reads = validation.entity, dependencies(validation).reads
    transitions = any(owner == entity for owner, _ in done.transitions)
    return entity in done.creates or transitions or bool(done.sets & reads)


def _with_states(deed: Dependencies, world: RuleWorld) -> Dependencies:
    """A test may name the state it wants instead of a transition; any of them may then be taken."""
    changed = {entity for entity, name in deed.sets if _is_state(world, entity, name)}
    taken = {(entity, name) for entity in changed for name in world.transitions(entity)}
    return replace(deed, transitions=deed.transitions | taken)


def _is_state(world: RuleWorld, entity: str, name: str) -> bool:
    schema = world.entity(entity)
    return schema is not None and name in schema.fields and bool(schema.fields[name].states)
