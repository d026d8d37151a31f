"""What the database computes for rules, with one statement for all records of a batch.

Collections of whole entities are never fetched. Nor are the members of a record's own collections where a
rule needs one value of them only (`sum(lines.total)`), unless what it reads is changed and not yet written.
Before the write of a batch the database knows its records as they were; after it, as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from fieldstone.fields.intervals import IntervalOfParts
from fieldstone.model.model import Model
from fieldstone.model.rule_columns import SystemColumns
from fieldstone.records import rows
from fieldstone.records.rows import Row
from fieldstone.records.writing import to_json
from fieldstone_rules import Environment, Expression, compile_closure, parameters
from fieldstone_rules.closures import RAISING, Closure, Compiler
from fieldstone_rules.gatherable import entities_read, is_computable, is_grouped, reads_members
from fieldstone_rules.lifting import Lifted, lift, lifted, reads_whole_entity
from fieldstone_rules.rule_files.declarations import For
from fieldstone_rules.sql.frames import FRAMES, NUMBER, ids_statement, values_statement
from fieldstone_rules.sql.grouping import grouped_statement
from fieldstone_rules.tree import Aggregate, Gather, Node
from fieldstone_rules.tree import Collection as Records
from fieldstone_rules.types import Kind, Ref, Type

UNCERTAIN = object()
"""Instead of a value that is null in the database, and may be an error in Python."""


@dataclass(frozen=True)
class Case:
    """A record that an expression is evaluated about, with the variables that it sees."""

    record: Row
    old: Row | None
    variables: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Part:
    """What the database computes, ready to run. inputs: column → what fills it.

    empty: the value for whom the statement has none. doubtful: where the value is null Python has to say why.
    """

    name: str
    type: Type
    inputs: Mapping[str, Closure]
    statement: sa.Select[Any]
    empty: Any = None
    doubtful: bool = False


@dataclass(frozen=True, eq=False)
class Plan:
    """How an expression is evaluated: first `parts`, then the rest with their values as variables.

    reads: the entities that aggregates among the parts read. careful: the plan that fetches members instead.
    """

    evaluate: Callable[[Environment], Any]
    parts: tuple[Part, ...]
    reads: frozenset[str] = frozenset()
    careful: Plan | None = None


def plan_of(model: Model, expression: Expression) -> Plan:
    """The plan of an expression, made once per publication."""
    key = (__name__, expression)
    if key not in model.cache:
        model.cache[key] = _plan(model, expression)
    plan: Plan = model.cache[key]
    return plan


def _plan(model: Model, expression: Expression) -> Plan:
    rest, found = lift(expression)
    careful = Plan(compile_closure(rest), tuple(_part(model, one, expression) for one in found))
    purpose = expression.scope.purpose
    shorter, more = lift(expression, lambda part, node: reads_members(node) and is_computable(part, purpose))
    if len(more) == len(found):
        return careful
    own = (entities_read(part) for part in more if not reads_whole_entity(part.node))
    parts = tuple(_part(model, one, expression) for one in more)
    return Plan(compile_closure(shorter), parts, frozenset().union(*own), careful)


def rows_plan_of(model: Model, loop: For) -> Part | None:
    """What fetches the records of a loop over a whole entity; None for another loop."""
    if not reads_whole_entity(loop.collection):
        return None
    key = (__name__, loop)
    if key not in model.cache:
        model.cache[key] = _rows_part(model, lifted("rows", loop.collection), loop.expression.source)
    part: Part = model.cache[key]
    return part


def _part(model: Model, found: Lifted, expression: Expression) -> Part:
    grouped, own = is_grouped(found), not reads_whole_entity(found.node)
    build = grouped_statement if grouped else values_statement
    statement = _with_durations(build(found, SystemColumns(model)), found)
    return Part(
        found.name,
        found.node.type,
        _inputs(found, expression.source),
        statement,
        _value_of_nothing(found.node) if grouped else None,
        own and expression.scope.purpose in RAISING,
    )


def _with_durations(statement: sa.Select[Any], found: Lifted) -> sa.Select[Any]:
    if found.node.type.kind is not Kind.DURATION:
        return statement
    number, value, *rest = statement.selected_columns
    read = sa.type_coerce(value, IntervalOfParts).label("value")
    return statement.with_only_columns(number, read, *rest)


def _value_of_nothing(node: Node) -> Any:
    """The value of an aggregate over no records."""
    assert isinstance(node, Aggregate)
    number = 0 if node.type.kind is Kind.INTEGER else Decimal(0)
    return {Gather.COUNT: 0, Gather.SUM: number, Gather.ANY: False, Gather.ALL: True}.get(node.gather)


def _rows_part(model: Model, found: Lifted, source: str) -> Part:
    assert isinstance(found.node, Records)
    entity = model.entities[found.node.source.entity]
    frames, chosen = ids_statement(found, SystemColumns(model))
    tables = frames.join(chosen, sa.true()).join(entity.table, entity.table.c.id == chosen.c.id)
    columns = [frames.c[NUMBER].label("_of"), *rows.read_columns(model, entity)]
    return Part(found.name, found.node.type, _inputs(found, source), sa.select(*columns).select_from(tables))


def _inputs(found: Lifted, source: str) -> Mapping[str, Closure]:
    compiler = Compiler(source, raising=False)
    return {one.name: compiler.compile(one.node) for one in found.inputs}


def values(connection: sa.Connection, part: Part, facts: Environment, cases: Sequence[Case]) -> list[Any]:
    """The value of a part for each case; UNCERTAIN where only Python can tell."""
    found: list[Any] = [part.empty] * len(cases)
    for number, value, *doubt in connection.execute(part.statement, _parameters(part, facts, cases)):
        uncertain = part.doubtful and (doubt[0] if doubt else value is None)
        found[number] = UNCERTAIN if uncertain else _converted(part.type, value)
    return found


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

    def __init__(
        self, model: Model, connection: sa.Connection, facts: Environment, asked: Callable[[int], None]
    ) -> None:
        self._model = model
        self._connection = connection
        self._facts = facts
        self._asked = asked
        self._known: dict[tuple[Plan, Hashable], dict[str, Any]] = {}

    def forget(self) -> None:
        """Something may have changed since."""
        self._known.clear()

    def value(
        self,
        expression: Expression,
        key: Hashable,
        case: Case,
        cases: Callable[[], Mapping[Any, Case]],
        unwritten: Callable[[], Collection[str]],
    ) -> Any:
        """The value of an expression for the case of this key. Raises EvaluationError.

        cases: all that are of interest now. unwritten: entities that the database does not know as they are.
        """
        plan = plan_of(self._model, expression)
        if plan.careful is not None and not plan.reads.isdisjoint(unwritten()):
            plan = plan.careful
        known = self._variables(plan, key, cases)
        if plan.careful is not None and UNCERTAIN in known.values():
            plan = plan.careful
            known = self._variables(plan, key, cases)
        facts = self._facts
        facts.record, facts.old = case.record, case.old
        facts.variables = {**case.variables, **known} if known else case.variables
        return plan.evaluate(facts)

    def _variables(
        self, plan: Plan, key: Hashable, cases: Callable[[], Mapping[Any, Case]]
    ) -> Mapping[str, Any]:
        """The values of the plan's parts for the case of this key."""
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
