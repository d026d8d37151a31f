"""What rule files use, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fieldstone_metadata.declarations import Application, Origin
from fieldstone_metadata.uses.elements import ENTITY, FIELD, MESSAGE, OPTION, ROLE, Element, Use
from fieldstone_metadata.uses.expressions import option_of, used_by
from fieldstone_rules import Expression
from fieldstone_rules.rule_files import declarations as d
from fieldstone_rules.rule_files import parts
from fieldstone_rules.spans import line_and_column
from fieldstone_rules.types import Kind, Type

Found = tuple[Element, Use]


def uses_in_rules(application: Application) -> Iterator[Found]:
    """Every use in the rule files of an application."""
    for name, file in application.rules.items():
        for declaration in file.declarations:
            uses = _Uses(application, application.rule_origins[name], name, declaration)
            yield from uses.all()


class _Uses:
    """What one declaration uses."""

    def __init__(
        self, application: Application, origin: Origin, file: str, declaration: d.Declaration
    ) -> None:
        self._application = application
        self._origin = origin
        self._file = file
        self._declaration = declaration

    def all(self) -> Iterator[Found]:
        declaration, line = self._declaration, self._declaration.line
        entity = getattr(declaration, "entity", None)
        if isinstance(entity, str):
            yield self._found(Element(ENTITY, (entity,)), line, "on")
        if isinstance(declaration, d.Function):
            yield from self._parameters(declaration.parameters)
        if isinstance(declaration, d.Test) and declaration.role is not None:
            yield self._found(Element(ROLE, (declaration.role,)), line, "as")
        for part in parts(declaration):
            if isinstance(part, Expression):
                yield from self._expression(part)
            elif isinstance(part, d.Statement):
                yield from self._statement(part)
        if isinstance(declaration, d.Trigger):
            yield from self._transitions(declaration)

    def _found(self, element: Element, line: int, how: str) -> Found:
        kind = type(self._declaration).__name__.lower()
        name = f"{self._file}.{self._declaration.name}"
        return element, Use(self._origin.layer, self._origin.path, line, kind, name, how)

    def _parameters(self, parameters: Mapping[str, Type]) -> Iterator[Found]:
        for type_ in parameters.values():
            if type_.kind is Kind.REFERENCE:
                for name in type_.entities:
                    yield self._found(Element(ENTITY, (name,)), self._declaration.line, "parameter")

    def _expression(self, expression: Expression) -> Iterator[Found]:
        for element, node in used_by(expression):
            place = node.span.start or expression.tree.span.start
            yield self._found(element, line_and_column(expression.source, place)[0], "reads")

    def _statement(self, statement: d.Statement) -> Iterator[Found]:
        if isinstance(statement, d.Assign):
            yield from self._set(statement, statement.entity, {statement.field: statement.value})
        elif isinstance(statement, d.Create | d.Update):
            how = "creates" if isinstance(statement, d.Create) else "updates"
            yield self._found(Element(ENTITY, (statement.entity,)), statement.line, how)
            yield from self._set(statement, statement.entity, statement.values)
        elif isinstance(statement, d.Delete):
            yield self._found(Element(ENTITY, (statement.entity,)), statement.line, "deletes")
        elif isinstance(statement, d.Do):
            yield from self._taken(statement)

    def _set(self, statement: d.Statement, entity: str, values: Mapping[str, Expression]) -> Iterator[Found]:
        for name, value in values.items():
            yield self._found(Element(FIELD, (entity, name)), statement.line, "sets")
            for element in option_of(entity, name, value.tree):
                yield self._found(element, statement.line, "sets")

    def _taken(self, statement: d.Do) -> Iterator[Found]:
        record = statement.arguments.get("record")
        if "message" in statement.names:
            yield self._found(Element(MESSAGE, (statement.names["message"],)), statement.line, "tells")
        if statement.action == "transition" and record is not None:
            for entity in record.type.entities:
                yield from self._states(entity, statement.names.get("name"), statement.line)

    def _transitions(self, trigger: d.Trigger) -> Iterator[Found]:
        for occasion in trigger.occasions:
            if occasion.event is d.Event.TRANSITION:
                yield from self._states(trigger.entity, occasion.transition, trigger.line)

    def _states(self, entity: str, transition: str | None, line: int) -> Iterator[Found]:
        """A transition leads to a state; any transition uses the field only."""
        workflow = self._application.workflow_of(entity)
        if workflow is None:
            return
        yield self._found(Element(FIELD, (entity, workflow.field)), line, "transition")
        if transition is not None and transition in workflow.transitions:
            target = workflow.transitions[transition].target
            yield self._found(Element(OPTION, (entity, workflow.field, target)), line, "transition")
