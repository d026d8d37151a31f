"""Collections of whole entities in rules: the database answers for all records of a batch with one statement.

Before the write of a batch the database knows its records as they were; after it, as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from fieldstone.fields.intervals import IntervalOfParts
from fieldstone.model.model import Model
from fieldstone.model.rule_columns import SystemColumns
from fieldstone.records import rows
from fieldstone.records.rows import Row
from fieldstone.records.writing import to_json
from fieldstone_rules import Environment, Expression, compile_closure, parameters
from fieldstone_rules.closures import Closure, Compiler
from fieldstone_rules.lifting import Lifted, lift, lifted, reads_whole_entity
from fieldstone_rules.rule_files.declarations import For
from fieldstone_rules.sql.frames import FRAMES, NUMBER, ids_statement, values_statement
from fieldstone_rules.tree import Collection
from fieldstone_rules.types import Kind, Ref, Type


@dataclass(frozen=True)
class Case:
    """A record that an expression is evaluated about, with the variables that it sees."""

    record: Row
    old: Row | None
    variables: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Part:
    """What the database computes, ready to run. inputs: column → what fills it."""

    name: str
    type: Type
    inputs: Mapping[str, Closure]
    statement: sa.Select[Any]


@dataclass(frozen=True, eq=False)
class Plan:
    """How an expression is evaluated: first `parts`, then the rest with their values as variables."""

    evaluate: Callable[[Environment], Any]
    parts: tuple[Part, ...]


def plan_of(model: Model, expression: Expression) -> Plan:
    """The plan of an expression, made once per publication."""
    key = (__name__, expression)
    if key not in model.cache:
        rest, found = lift(expression)
        parts = tuple(_part(model, one, expression.source) for one in found)
        model.cache[key] = Plan(compile_closure(rest), parts)
    plan: Plan = model.cache[key]
    return plan


def rows_plan_of(model: Model, loop: For) -> Part | None:
    """What fetches the records of a loop over a whole entity; None for another loop."""
    if not reads_whole_entity(loop.collection):
        return None
    key = (__name__, loop)
    if key not in model.cache:
        model.cache[key] = _rows_part(model, lifted("rows", loop.collection), loop.expression.source)
    part: Part = model.cache[key]
    return part


def _part(model: Model, found: Lifted, source: str) -> Part:
    statement = values_statement(found, SystemColumns(model))
    if found.node.type.kind is Kind.DURATION:
        number, value = statement.selected_columns
        statement = statement.with_only_columns(number, sa.type_coerce(value, IntervalOfParts).label("value"))
    return Part(found.name, found.node.type, _inputs(found, source), statement)


def _rows_part(model: Model, found: Lifted, source: str) -> Part:
    assert isinstance(found.node, Collection)
    entity = model.entities[found.node.source.entity]
    frames, chosen = ids_statement(found, SystemColumns(model))
    tables = frames.join(chosen, sa.true()).join(entity.table, entity.table.c.id == chosen.c.id)
    columns = [frames.c[NUMBER].label("_of"), *rows.read_columns(entity)]
    return Part(found.name, found.node.type, _inputs(found, source), sa.select(*columns).select_from(tables))


def _inputs(found: Lifted, source: str) -> Mapping[str, Closure]:
    compiler = Compiler(source, raising=False)
    return {one.name: compiler.compile(one.node) for one in found.inputs}


def values(connection: sa.Connection, part: Part, facts: Environment, cases: Sequence[Case]) -> list[Any]:
    """The value of a part for each case."""
    found = connection.execute(part.statement, _parameters(part, facts, cases))
    by_number = {number: _converted(part.type, value) for number, value in found}
    return [by_number.get(number) for number in range(len(cases))]


def records(
    connection: sa.Connection, model: Model, part: Part, facts: Environment, cases: Sequence[Case]
) -> list[list[Row]]:
    """The records that each case has in its collection, in no order."""
    entity = model.entities[part.type.entities[0]]
    groups: list[list[Row]] = [[] for _ in cases]
    for row in connection.execute(part.statement, _parameters(part, facts, cases)).mappings():
        record = rows.read_row(entity, {key: row[key] for key in row if key != "_of"})
        groups[row["_of"]].append(record)
    return groups


class Answers:
    """What the database has said about the cases of a statement of a rule; asked once for all of them.

    asked: told how many cases a question is about, before it is asked.
    """

    def __init__(self, connection: sa.Connection, facts: Environment, asked: Callable[[int], None]) -> None:
        self._connection = connection
        self._facts = facts
        self._asked = asked
        self._known: dict[tuple[Plan, Hashable], dict[str, Any]] = {}

    def forget(self) -> None:
        """Something may have changed since."""
        self._known.clear()

    def variables(
        self, plan: Plan, key: Hashable, cases: Callable[[], Mapping[Any, Case]]
    ) -> Mapping[str, Any]:
        """The values of the plan's parts for the case of this key. cases: all that are of interest now."""
        if not plan.parts:
            return {}
        if (plan, key) not in self._known:
            self._ask(plan, cases())
        return self._known[plan, key]

    def _ask(self, plan: Plan, cases: Mapping[Any, Case]) -> None:
        for part in plan.parts:
            self._asked(len(cases))
            found = values(self._connection, part, self._facts, list(cases.values()))
            for key, value in zip(cases, found, strict=True):
                self._known.setdefault((plan, key), {})[part.name] = value


def _parameters(part: Part, facts: Environment, cases: Sequence[Case]) -> dict[str, Any]:
    frames = [{NUMBER: number} | _filled(part, facts, case) for number, case in enumerate(cases)]
    return parameters(facts) | {FRAMES: to_json(frames)}


def _filled(part: Part, facts: Environment, case: Case) -> dict[str, Any]:
    facts.record, facts.old, facts.variables = case.record, case.old, case.variables
    return {name: _written(closure(facts)) for name, closure in part.inputs.items()}


def _written(value: Any) -> Any:
    if isinstance(value, Ref):
        return value.id
    return [_written(item) for item in value] if isinstance(value, tuple) else value


def _converted(type_: Type, value: Any) -> Any:
    """A value of the database as the rule language has it."""
    if value is None:
        return None
    if type_.kind is Kind.REFERENCE:
        return Ref(type_.entities[0], value)
    if type_.kind is Kind.LIST and type_.item is not None:
        return tuple(_converted(type_.item, item) for item in value)
    return value
