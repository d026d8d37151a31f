"""Running the statements of one trigger for all records of a save.

Each statement runs for all records before the next one does, so that what it reads is fetched with one query
and what it writes is written together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from fieldstone.errors import FieldstoneError, Invalid
from fieldstone.fields.refusal import ValueRefused
from fieldstone.model.model import Entity
from fieldstone.records.environment import environment
from fieldstone.records.labels import field_label
from fieldstone.records.rows import Values
from fieldstone.records.rules import writes
from fieldstone.records.rules.acting import may_set
from fieldstone.records.rules.actions import perform
from fieldstone.records.rules.answers import Answers, Case, Part, records, rows_plan_of
from fieldstone.records.rules.compiled import TriggerRule, order_of, rows_of
from fieldstone.records.rules.related import RuleRelated
from fieldstone.records.rules.telling import Telling
from fieldstone.records.rules.transaction import Meter, Pending, Place, failed, logger
from fieldstone_rules import Environment, EvaluationError, Expression
from fieldstone_rules.rule_files import declarations as d
from fieldstone_rules.rule_files.actions import MESSAGE
from fieldstone_rules.types import Ref

if TYPE_CHECKING:
    from fieldstone.records.batch import Batch, Item


@dataclass(eq=False)
class Frame:
    """A record of the save with the variables of the place where its rule is."""

    item: Item
    variables: dict[str, Any] = field(default_factory=dict)


Frames = Sequence[Frame]


def _case(frame: Frame) -> Case:
    item = frame.item
    return Case(item.new or item.old, item.old or None, frame.variables)


class Execution:
    """One trigger at work on the records of one save."""

    def __init__(self, batch: Batch, rule: TriggerRule) -> None:
        self.batch = batch
        self.rule = rule
        self.meter = Meter(batch.run)
        self.related = RuleRelated(batch, self.meter, rule.place)
        self.related.watch(batch.entity.name, (item.new or item.old for item in batch.items))
        self._facts = environment(batch.context, self.related)
        self._answers = Answers(batch.model, batch.connection, self._facts, self._asked)
        self._frames: Frames = ()
        self.sets_references = False

    def run(self, items: Sequence[Item]) -> None:
        """Run the trigger for those of the records for which its `when` holds."""
        when = self.rule.trigger.when
        frames = self._frames = [Frame(item) for item in items]
        if when is not None:
            frames = [frame for frame in frames if self.value(frame, when, self.rule.trigger.line) is True]
        self.block(frames, self.rule.trigger.statements)

    def block(self, frames: Frames, statements: Sequence[d.Statement]) -> None:
        """Run statements one after the other, each for all frames."""
        for statement in statements:
            alive = [frame for frame in frames if not self.batch.refusals.concern(frame.item.position)]
            if not alive:
                return
            self.related.place = self.place(statement.line)
            self.meter.step(self.related.place, len(alive))
            self._frames = alive
            self._answers.forget()
            _RUN[type(statement)](self, alive, statement)

    def place(self, line: int) -> Place:
        """A line of this rule."""
        return Place(self.rule.name, line, self.rule.trigger.as_user)

    def value(self, frame: Frame, expression: Expression, line: int) -> Any:
        """The value of an expression for a frame. Raises RuleFailed where it has none."""
        try:
            return self._evaluate(frame, expression)
        except EvaluationError as error:
            self.fail(frame, error.line or line, error.message)

    def words(self, frame: Frame, text: Expression | None, statement: d.Do) -> str | None:
        """What a text of the message says that a statement names; None for no text. Raises RuleFailed."""
        if text is None:
            return None
        try:
            return str(self._evaluate(frame, text))
        except EvaluationError as error:
            name = statement.names[MESSAGE]
            self.fail(frame, statement.line, f"the message {name} cannot be written: {error.message}")

    def _evaluate(self, frame: Frame, expression: Expression) -> Any:
        return self._answers.value(expression, frame, _case(frame), self._cases, self._unwritten)

    def _cases(self) -> dict[Frame, Case]:
        """Those that the present statement is run for."""
        return {frame: _case(frame) for frame in self._frames}

    def _unwritten(self) -> Collection[str]:
        """The entities of which records are changed in memory only."""
        waiting = {ref.entity for ref in self.batch.run.pending}
        before = self.rule.trigger.moment is d.Moment.BEFORE
        return waiting | self.batch.entities_together if before else waiting

    def _asked(self, cases: int) -> None:
        """Count a question to the database."""
        self.batch.run.query(self.related.place)
        self.meter.step(self.related.place, cases)

    def set_own(self, frame: Frame, name: str, value: Any, line: int) -> None:
        """Set a field of the record that is being saved."""
        if self.rule.trigger.as_user and not may_set(self.batch, frame.item, name):
            self.fail(frame, line, f"the user who saves may not set {name}")
        frame.item.new[name] = value
        self.sets_references = self.sets_references or isinstance(value, Ref)
        if self.rule.name not in frame.item.rules:
            frame.item.rules.append(self.rule.name)

    def rows(self, frames: Frames, loop: d.For) -> list[list[Any]]:
        """The records that a loop goes through for each frame."""
        part = rows_plan_of(self.batch.model, loop)
        if part is not None:
            return self._chosen(part, frames, loop)
        found = rows_of(self.batch.model, loop)
        return [list(found(self._about(frame))) for frame in frames]

    def _chosen(self, part: Part, frames: Frames, loop: d.For) -> list[list[Any]]:
        """The same where the database chooses them from a whole entity."""
        self._asked(len(frames))
        model, cases = self.batch.model, [_case(frame) for frame in frames]
        groups = records(self.batch.connection, model, part, self._facts, cases)
        self.meter.step(self.related.place, sum(map(len, groups)))
        for group in groups:
            self.related.watch(loop.collection.source.entity, group)
        order = order_of(model, loop)
        return [order(self._about(frame), group) for frame, group in zip(frames, groups, strict=True)]

    def _about(self, frame: Frame) -> Environment:
        """The surroundings of a frame."""
        facts, case = self._facts, _case(frame)
        facts.record, facts.old, facts.variables = case.record, case.old, case.variables
        return facts

    def records(self, frames: Frames, record: Expression, line: int) -> list[Ref]:
        """The records that an expression names for the frames, each once."""
        found = (self.value(frame, record, line) for frame in frames)
        return list(dict.fromkeys(ref for ref in found if ref is not None))

    def fail(self, frame: Frame, line: int, reason: str) -> NoReturn:
        """Stop because a rule cannot go on for a record."""
        record = Ref(self.batch.entity.name, frame.item.id)
        message = f"The rule {self.rule.name} failed in line {line}: {reason}"
        failed(self.place(line), message, record, frame.item.position)

    def read(self, frame: Frame, entity: Entity, name: str, value: Any, line: int) -> Any:
        """A value as a field takes it; one that it cannot take stops the rule."""
        found = entity.field(name)
        assert found is not None
        try:
            return found.type.read(value)
        except ValueRefused as refused:
            label = field_label(found, self.batch.context.principal.locale)
            return self.fail(frame, line, f"{label}: {refused.message}")

    def values(self, frame: Frame, entity: Entity, given: dict[str, Expression], line: int) -> Values:
        """The values that a `create` or `update` gives, as its fields take them."""
        return {
            name: self.read(frame, entity, name, self.value(frame, expression, line), line)
            for name, expression in given.items()
        }

    def write(self, frames: Frames, line: int, work: Callable[[], None]) -> None:
        """Write, and have refused what the write refuses, with the words of the refusal."""
        place = self.place(line)
        self.batch.run.enter(place)
        try:
            work()
        except FieldstoneError as error:
            self._blame(frames, line, error)
        finally:
            self.batch.run.leave()
        self.related.forget()

    def _blame(self, frames: Frames, line: int, error: FieldstoneError) -> None:
        if isinstance(error, Invalid) and error.code == "rule_failed":
            raise error
        position = error.errors[0].record if error.errors else 0
        frame = frames[position] if position < len(frames) else frames[0]
        record = Ref(self.batch.entity.name, frame.item.id)
        failed(self.place(line), error.message, record, frame.item.position)


# ---- statements


def _assign(execution: Execution, frames: Frames, statement: d.Statement) -> None:
    assert isinstance(statement, d.Assign)
    entity = execution.batch.model.entities[statement.entity]
    changes: list[tuple[Frame, Ref, Values]] = []
    for frame in frames:
        value = execution.value(frame, statement.value, statement.line)
        value = execution.read(frame, entity, statement.field, value, statement.line)
        if statement.record is None:
            execution.set_own(frame, statement.field, value, statement.line)
            continue
        ref = execution.value(frame, statement.record, statement.line)
        if ref is not None:
            changes.append((frame, ref, {statement.field: value}))
    if changes:
        _change(execution, frames, statement.line, changes)


def _change(
    execution: Execution, frames: Frames, line: int, changes: Sequence[tuple[Frame, Ref, Values]]
) -> None:
    """Change other records: at once after the write; what is set before it waits for it."""
    batch, place = execution.batch, execution.place(line)
    if execution.rule.trigger.moment is d.Moment.BEFORE:
        for frame, ref, values in changes:
            batch.run.pending.setdefault(ref, {}).update(values)
            batch.pending += [Pending(frame.item, place, ref, name, value) for name, value in values.items()]
        return
    merged: dict[Ref, Values] = {}
    for _, ref, values in changes:
        merged.setdefault(ref, {}).update(values)
    execution.write(frames, line, lambda: writes.update(batch, place, merged))


def _let(execution: Execution, frames: Frames, statement: d.Statement) -> None:
    assert isinstance(statement, d.Let)
    made = statement.value
    if isinstance(made, d.Create):
        refs = _created(execution, frames, made)
        for frame, ref in zip(frames, refs, strict=True):
            frame.variables[statement.name] = ref
            execution.related.name(ref)
        return
    for frame in frames:
        frame.variables[statement.name] = execution.value(frame, made, statement.line)
        execution.related.name(frame.variables[statement.name])


def _if(execution: Execution, frames: Frames, statement: d.Statement) -> None:
    assert isinstance(statement, d.If)
    chosen: dict[bool, list[Frame]] = {True: [], False: []}
    for frame in frames:
        held = execution.value(frame, statement.condition, statement.line) is True
        chosen[held].append(Frame(frame.item, dict(frame.variables)))
    execution.block(chosen[True], statement.then)
    execution.block(chosen[False], statement.otherwise)


def _for(execution: Execution, frames: Frames, statement: d.Statement) -> None:
    assert isinstance(statement, d.For)
    entity = statement.collection.source.entity
    inner: list[Frame] = []
    for frame, found in zip(frames, execution.rows(frames, statement), strict=True):
        for row in found:
            ref = Ref(entity, row["id"])
            execution.related.name(ref)
            inner.append(Frame(frame.item, {**frame.variables, statement.name: ref}))
    execution.meter.step(execution.place(statement.line), len(inner))
    execution.block(inner, statement.body)


def _create(execution: Execution, frames: Frames, statement: d.Statement) -> None:
    assert isinstance(statement, d.Create)
    _created(execution, frames, statement)


def _created(execution: Execution, frames: Frames, statement: d.Create) -> list[Ref]:
    entity = execution.batch.model.entities[statement.entity]
    given = dict(statement.values)
    values = [execution.values(frame, entity, given, statement.line) for frame in frames]
    made: list[Ref] = []
    place = execution.place(statement.line)
    execution.write(
        frames, statement.line, lambda: made.extend(writes.create(execution.batch, place, entity, values))
    )
    return made


def _update(execution: Execution, frames: Frames, statement: d.Statement) -> None:
    assert isinstance(statement, d.Update)
    entity = execution.batch.model.entities[statement.entity]
    changes: list[tuple[Frame, Ref, Values]] = []
    for frame in frames:
        ref = execution.value(frame, statement.record, statement.line)
        if ref is not None:
            given = dict(statement.values)
            changes.append((frame, ref, execution.values(frame, entity, given, statement.line)))
    if changes:
        _change(execution, frames, statement.line, changes)


def _delete(execution: Execution, frames: Frames, statement: d.Statement) -> None:
    assert isinstance(statement, d.Delete)
    refs = execution.records(frames, statement.record, statement.line)
    place = execution.place(statement.line)
    if refs:
        execution.write(frames, statement.line, lambda: writes.delete(execution.batch, place, refs))


def _do(execution: Execution, frames: Frames, statement: d.Statement) -> None:
    assert isinstance(statement, d.Do)
    perform(execution, frames, statement)


def _fail(execution: Execution, frames: Frames, statement: d.Statement) -> None:
    assert isinstance(statement, d.Fail)
    telling = Telling(execution.batch, execution.rule.trigger)
    for frame in frames:
        said = telling.told(frame.item, statement.message)
        message = execution.value(frame, said, statement.line) or "This cannot be saved."
        record = Ref(execution.batch.entity.name, frame.item.id)
        logger.warning("rule %s line %s record %s: %s", execution.rule.name, statement.line, record, message)
        execution.batch.refuse(frame.item, statement.field, "rule", message)


_RUN: dict[type[d.Statement], Callable[[Execution, Frames, d.Statement], None]] = {
    d.Assign: _assign,
    d.Let: _let,
    d.If: _if,
    d.For: _for,
    d.Create: _create,
    d.Update: _update,
    d.Delete: _delete,
    d.Do: _do,
    d.Fail: _fail,
}
