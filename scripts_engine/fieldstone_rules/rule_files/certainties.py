"""Conditions of declarations whose outcome is certain, and what declarations cost at worst."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fieldstone_rules import limits
from fieldstone_rules.certain import certain_condition, certain_parts
from fieldstone_rules.cost import cost, cost_problem, records_in, told
from fieldstone_rules.errors import Problem
from fieldstone_rules.expression import CONDITIONS, Expression
from fieldstone_rules.rule_files.declarations import (
    Create,
    Declaration,
    Delete,
    Do,
    Event,
    For,
    If,
    Schedule,
    Statement,
    Test,
    Trigger,
    Update,
    Validation,
)
from fieldstone_rules.rule_files.dependencies import parts
from fieldstone_rules.rule_files.world import RuleWorld
from fieldstone_rules.satisfiable import Facts, after, stated
from fieldstone_rules.tree import OLD, RECORD

_WRITE_COST = 100
"""Steps that a statement which reaches the database counts for."""


def foregone(declaration: Declaration, world: RuleWorld) -> Iterator[Problem]:
    """What is certain before a declaration ever runs: outcomes of its conditions, and its cost."""
    if isinstance(declaration, Test):
        return
    done: set[int] = set()
    if isinstance(declaration, Trigger | Validation) and declaration.when is not None:
        facts, known = _facts(declaration, world)
        yield from certain_condition(declaration.when, facts, known=known)
        done.add(id(declaration.when))
    if isinstance(declaration, Validation):
        yield from _checks(declaration, done)
    for part in parts(declaration):
        if isinstance(part, Expression) and id(part) not in done:
            conditional = part.scope.purpose in CONDITIONS
            yield from certain_condition(part) if conditional else certain_parts(part)
    yield from _costs(declaration)


def _checks(validation: Validation, done: set[int]) -> Iterator[Problem]:
    """The checks, as far as its `when` lets them be asked. `check false` never holds on purpose."""
    known = after(validation.when.tree, Facts()) if validation.when is not None else Facts()
    for check in validation.checks:
        done.add(id(check.condition))
        written = check.condition.source[check.condition.tree.span.start : check.condition.tree.span.end]
        if written != "false":
            yield from certain_condition(check.condition, known)


def _facts(declaration: Trigger | Validation, world: RuleWorld) -> tuple[Facts, str | None]:
    """What is known when a declaration runs: the states that its only transition leads from and to."""
    occasions = declaration.occasions if isinstance(declaration, Trigger) else ()
    if len(occasions) != 1 or occasions[0].event is not Event.TRANSITION or not occasions[0].transition:
        return Facts(), None
    way = world.way(declaration.entity, occasions[0].transition)
    if way is None:
        return Facts(), None
    return in_transition(way.field, way.sources, way.target)


def in_transition(field: str, sources: Iterable[str], target: str) -> tuple[Facts, str]:
    """What is known of a record that takes a transition, and a hint that says so."""
    facts = stated((RECORD, field), (target,), stated((OLD, field), sources, Facts()))
    return facts, f"here `{field}` is `{target}` already; what it was before is `old.{field}`"


# ---- cost


def _costs(declaration: Declaration) -> Iterator[Problem]:
    found = [problem for part in _expressions(declaration) if (problem := cost_problem(part)) is not None]
    yield from found
    if found or not isinstance(declaration, Trigger | Schedule):
        return
    steps = sum(_steps(statement) for statement in declaration.statements)
    if steps > limits.COST:
        line, hint = declaration.line, "loops in loops multiply"
        yield Problem("too_costly", told(steps, refused=True), line, 1, line, 1, hint)


def _expressions(declaration: Declaration) -> Iterator[Expression]:
    return (part for part in parts(declaration) if isinstance(part, Expression))


def _steps(statement: Statement) -> int:
    """The steps that a statement takes for one record; a loop takes its body's for each of its records."""
    if isinstance(statement, For):
        inner = sum(_steps(part) for part in statement.body)
        return cost(statement.collection) + records_in(statement.collection) * inner
    if isinstance(statement, If):
        branches = (*statement.then, *statement.otherwise)
        return cost(statement.condition.tree) + sum(_steps(part) for part in branches)
    writes = _WRITE_COST if isinstance(statement, Create | Update | Delete | Do) else 1
    return writes + sum(cost(part.tree) for part in parts(statement) if isinstance(part, Expression))
