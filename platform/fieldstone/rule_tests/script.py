"""One test at work: its statements, one after the other, as calls that anybody could make.

What `given` prepares is written with the system's rights, as an import writes; everything else acts and reads
as somebody who holds the role of the test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from fieldstone import records
from fieldstone.access.system_user import system_principal
from fieldstone.context import Context
from fieldstone.errors import FieldstoneError, Unavailable
from fieldstone.records.batch import IMPORTING
from fieldstone.records.environment import environment
from fieldstone.records.rules.notifications import ENTITY, notification
from fieldstone.rule_tests.outcome import Failure
from fieldstone.rule_tests.shown import shown
from fieldstone.rule_tests.viewing import ViewedRecords
from fieldstone_rules import Environment, EvaluationError, Expression, Step, compile_closure, explain_parts
from fieldstone_rules.rule_files import declarations as d
from fieldstone_rules.rule_files.actions import MESSAGE
from fieldstone_rules.rule_files.collections import compile_rows
from fieldstone_rules.types import Ref

Variables = dict[str, Any]


class Stopped(Exception):
    """A test cannot go on."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.message)


class Script:
    """The state of a test. context: acts with the role of the test. failures: what was not as expected."""

    def __init__(self, context: Context, connection: sa.Connection, path: str) -> None:
        self.context = context
        self.failures: list[Failure] = []
        self._connection = connection
        self._path = path
        self._preparing = _preparer(context)

    def run(self, test: d.Test) -> None:
        """Run the test to its end, or to the first statement that cannot be done."""
        try:
            self._block(test.statements, {})
        except Stopped as stopped:
            self.failures.append(stopped.failure)

    def _block(self, statements: Sequence[d.Statement], variables: Variables) -> None:
        for statement in statements:
            self.perform(statement, variables)

    def perform(self, statement: d.Statement, variables: Variables) -> None:
        """Do a statement that has to succeed. Raises Stopped if it is refused."""
        try:
            _RUN[type(statement)](self, statement, variables)
        except Unavailable:
            raise
        except FieldstoneError as error:
            raise Stopped(self._refused(statement.line, error)) from error
        except EvaluationError as error:
            message = f"this has no value: {error.message}"
            raise Stopped(Failure(self._path, error.line or statement.line, message)) from error

    def _refused(self, line: int, error: FieldstoneError) -> Failure:
        reasons = [
            f"{problem.field}: {problem.message}" if problem.field else problem.message
            for problem in error.errors
            if problem.message != error.message
        ]
        return Failure(self._path, line, f"this was refused: {error.message}", tuple(dict.fromkeys(reasons)))

    # ---- evaluating

    def surroundings(self, variables: Variables, context: Context | None = None) -> Environment:
        """What expressions are evaluated in, read with the rights of a context (without one: the test's)."""
        chosen = context or self.context
        facts = environment(chosen, ViewedRecords(chosen, self._connection))
        facts.variables = variables
        return facts

    def value(self, expression: Expression, variables: Variables, context: Context | None = None) -> Any:
        """The value of an expression. Raises EvaluationError."""
        return compile_closure(expression)(self.surroundings(variables, context))

    def values(
        self, given: Mapping[str, Expression], variables: Variables, context: Context | None = None
    ) -> dict[str, Any]:
        """The values that a `create` or `update` gives."""
        return {name: self.value(one, variables, context) for name, one in given.items()}

    def record(self, expression: Expression, variables: Variables, line: int) -> Ref:
        """The record that a statement names. Raises Stopped if there is none."""
        found = self.value(expression, variables)
        if not isinstance(found, Ref):
            raise Stopped(Failure(self._path, line, "this names no record"))
        return found

    # ---- statements

    def given(self, statement: d.Given, variables: Variables) -> None:
        """Prepare something with the system's rights."""
        self.let(statement.let, variables, self._preparing)

    def let(self, statement: d.Let, variables: Variables, context: Context | None = None) -> None:
        """Name a value, or a record that is made."""
        made = statement.value
        variables[statement.name] = (
            self.create(made, variables, context)
            if isinstance(made, d.Create)
            else self.value(made, variables, context)
        )

    def create(self, statement: d.Create, variables: Variables, context: Context | None = None) -> Ref:
        """Make a record."""
        values = self.values(statement.values, variables, context)
        (written,) = records.create(context or self.context, statement.entity, [values])
        return Ref(statement.entity, written.id)

    def update(self, statement: d.Update, variables: Variables) -> None:
        """Change a record."""
        ref = self.record(statement.record, variables, statement.line)
        change = records.Change(ref.id, self.values(statement.values, variables))
        records.update(self.context, ref.entity, [change])

    def assign(self, statement: d.Assign, variables: Variables) -> None:
        """Change one field of a record."""
        assert statement.record is not None  # a test has no record of its own
        ref = self.record(statement.record, variables, statement.line)
        change = records.Change(ref.id, {statement.field: self.value(statement.value, variables)})
        records.update(self.context, ref.entity, [change])

    def delete(self, statement: d.Delete, variables: Variables) -> None:
        """Move a record to the recycle bin."""
        ref = self.record(statement.record, variables, statement.line)
        records.delete(self.context, ref.entity, [ref.id])

    def branch(self, statement: d.If, variables: Variables) -> None:
        """`if`."""
        held = self.value(statement.condition, variables) is True
        self._block(statement.then if held else statement.otherwise, dict(variables))

    def loop(self, statement: d.For, variables: Variables) -> None:
        """`for`."""
        find = compile_rows(statement.collection, statement.expression.source)
        entity = statement.collection.source.entity
        for row in find(self.surroundings(variables)):
            self._block(statement.body, {**variables, statement.name: Ref(entity, row["id"])})

    def do(self, statement: d.Do, variables: Variables) -> None:
        """An action; what `log` says is of no use to a test."""
        values = self.values(statement.arguments, variables)
        if statement.action == "transition":
            ref = self.record(statement.arguments["record"], variables, statement.line)
            records.transition(self.context, ref.entity, ref.id, statement.names["name"])
        elif statement.action == "assign":
            ref = self.record(statement.arguments["record"], variables, statement.line)
            name = "team" if values["to"] is not None and values["to"].entity == "team" else "owner"
            records.update(self.context, ref.entity, [records.Change(ref.id, {name: values["to"]})])
        elif statement.action == "share" and None not in {values["record"], values["with"]}:
            self._share(values["record"], values)
        elif statement.action == "notify" and values["user"] is not None:
            self._notify(values["user"], *self._words(statement, values))

    def _share(self, record: Ref, values: Mapping[str, Any]) -> None:
        """As the test's role, which has to be allowed to."""
        verb = "update" if values.get("update") else "read"
        wanted = records.Sharing(values["with"], None, verb, values.get("until"))
        records.share(self.context, record.entity, record.id, wanted)

    def _words(self, statement: d.Do, values: Mapping[str, Any]) -> tuple[str | None, str | None]:
        """What a notification says: subject and body of a message, or the text in the test."""
        if MESSAGE not in statement.names:
            return values["text"], None
        message = self.context.model.application.messages[statement.names[MESSAGE]]
        subject, body = (self.value(text, {}) if text else None for text in (message.subject, message.body))
        return subject, body

    def _notify(self, user: Ref, subject: str | None, body: str | None) -> None:
        """Nobody needs a right to notifications for telling somebody something."""
        entity = self.context.model.entities[ENTITY]
        records.create(self._preparing, ENTITY, [notification(entity, user, subject, None, body)])

    def fail(self, statement: d.Fail, variables: Variables) -> None:
        """Have the test fail with a message."""
        message = self.value(statement.message, variables) or "the test says so"
        raise Stopped(Failure(self._path, statement.line, str(message)))

    def expect(self, statement: d.Expect, variables: Variables) -> None:
        """Note a failure, with the values of all parts, where a condition does not hold."""
        facts = self.surroundings(variables)
        if compile_closure(statement.condition)(facts) is True:
            return
        source, span = statement.condition.source, statement.condition.tree.span
        steps = explain_parts(statement.condition, facts)
        details = tuple(dict.fromkeys(_told(step, facts) for step in steps))
        message = f"expected {_one_line(source[span.start : span.end])}"
        self.failures.append(Failure(self._path, statement.line, message, details))

    def refuse(self, statement: d.Refuse, variables: Variables) -> None:
        """Note a failure where a statement is accepted; what it did is taken back either way."""
        savepoint = self._connection.begin_nested()
        try:
            _RUN[type(statement.statement)](self, statement.statement, dict(variables))
        except Unavailable:
            raise
        except FieldstoneError:
            return
        finally:
            savepoint.rollback()
        message = f"this was accepted and should be refused: {_one_line(statement.source)}"
        self.failures.append(Failure(self._path, statement.line, message))


def _preparer(context: Context) -> Context:
    """The same user with the system's rights; as with an import, records come in the state they are given."""
    system = system_principal(context.model)
    powerful = replace(context.principal, roles=system.roles, capabilities=system.capabilities)
    return replace(context, principal=powerful, source=IMPORTING)


def _told(step: Step, facts: Environment) -> str:
    return f"{_one_line(step.source)} = {shown(step.value, facts.related)}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


_RUN: Mapping[type[d.Statement], Callable[[Script, Any, Variables], object]] = {
    d.Given: Script.given,
    d.Let: Script.let,
    d.Create: Script.create,
    d.Update: Script.update,
    d.Assign: Script.assign,
    d.Delete: Script.delete,
    d.If: Script.branch,
    d.For: Script.loop,
    d.Do: Script.do,
    d.Fail: Script.fail,
    d.Expect: Script.expect,
    d.Refuse: Script.refuse,
}
