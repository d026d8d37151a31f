"""What entities, workflows, roles, forms, views, menus and data sets use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fieldstone_metadata import declarations as d
from fieldstone_metadata.uses.elements import ENTITY, FIELD, OPTION, ROLE, VIEW, Element, Use
from fieldstone_metadata.uses.expressions import used_by
from fieldstone_rules import Expression
from fieldstone_rules.schema import Schema, Through
from fieldstone_rules.types import Kind

Found = tuple[Element, Use]


class User:
    """Something that uses others: a document, or a field of one. Gathers what it uses, and as what."""

    def __init__(self, schema: Schema, origin: d.Origin | None, kind: str, name: str) -> None:
        self.schema = schema
        self._place = (origin.layer, origin.path, origin.line) if origin else ("", "", 0)
        self._what = (kind, name)
        self.found: list[Found] = []

    def uses(self, kind: str, path: tuple[str, ...], how: str) -> None:
        """It uses an element."""
        self.found.append((Element(kind, path), Use(*self._place, *self._what, how)))

    def reads(self, expression: object, how: str) -> None:
        """It uses what an expression uses; a plain truth value uses nothing."""
        if isinstance(expression, Expression):
            for element, _ in used_by(expression):
                self.uses(element.kind, element.path, how)

    def names(self, entity: str, paths: Iterable[str], how: str) -> None:
        """It names fields of an entity, perhaps behind references and with a `-` in front."""
        for path in paths:
            at = entity
            for step in path.removeprefix("-").split("."):
                self.uses(FIELD, (at, step), how)
                at = self._target(at, step)

    def _target(self, entity: str, step: str) -> str:
        schema = self.schema.entity(entity)
        field = schema.fields.get(step) if schema is not None else None
        referring = field is not None and field.type.kind is Kind.REFERENCE
        return next(iter(field.type.entities), "") if referring and field is not None else ""


def uses_in_documents(application: d.Application) -> Iterator[Found]:
    """Every use in the documents of an application, rule files apart."""
    for entity in application.entities.values():
        yield from _entity(application, entity)
        for field in entity.fields.values():
            yield from _field(application, entity.name, field)
    for kind, all_ in _KINDS.items():
        for name, declared in getattr(application, all_).items():
            user = User(application.schema, declared.origin, kind, name)
            _GATHER[kind](user, declared)
            yield from user.found


def _entity(application: d.Application, entity: d.Entity) -> list[Found]:
    user = User(application.schema, entity.origin, "entity", entity.name)
    user.reads(entity.title, "title")
    for how, groups in (("unique", entity.unique), ("indexes", entity.indexes)):
        for names in groups:
            user.names(entity.name, names, how)
    user.names(entity.name, entity.search, "search")
    user.names(entity.name, entity.order, "order")
    for rule in entity.duplicates:
        user.names(entity.name, rule.match, "duplicates")
    return user.found


def _field(application: d.Application, entity: str, field: d.Field) -> list[Found]:
    user = User(application.schema, field.origin, "field", f"{entity}.{field.name}")
    for how in ("required", "readonly", "visible", "check", "formula"):
        user.reads(getattr(field, how), how)
    if field.default is not None:
        user.reads(field.default.expression, "default")
        workflow = application.workflow_of(entity)
        initial = workflow is not None and workflow.field == field.name
        if field.choices and isinstance(field.default.value, str) and not initial:
            user.uses(OPTION, (entity, field.name, field.default.value), "default")
    if field.target is not None:
        for name in field.target.entities:
            user.uses(ENTITY, (name,), "to")
        for limit in field.target.limits.values():
            user.reads(limit, "where")
        if field.target.through is not None:
            _links(user, field.target.through)
    if field.depends_on is not None:
        user.uses(FIELD, (entity, field.depends_on), "depends_on")
        for value in dict.fromkeys(value for option in field.choices for value in option.values_for):
            user.uses(OPTION, (entity, field.depends_on, value), "for")
    return user.found


def _links(user: User, through: Through) -> None:
    user.uses(ENTITY, (through.entity,), "through")
    for name in (through.near, through.far):
        user.uses(FIELD, (through.entity, name), "through")


def _workflow(user: User, workflow: d.Workflow) -> None:
    entity, field = workflow.entity, workflow.field
    user.uses(ENTITY, (entity,), "entity")
    user.uses(FIELD, (entity, field), "field")
    user.uses(OPTION, (entity, field, workflow.initial), "initial")
    for state in workflow.states.values():
        user.uses(OPTION, (entity, field, state.name), "states")
        user.names(entity, state.required, "required")
        user.names(entity, state.readonly, "readonly")
        user.reads(state.time_limit, "time_limit")
    for transition in workflow.transitions.values():
        for state_name in (*transition.sources, transition.target):
            user.uses(OPTION, (entity, field, state_name), f"transition {transition.name}")
        for role in transition.roles:
            user.uses(ROLE, (role,), f"transition {transition.name}")
        user.reads(transition.guard, "guard")
        user.names(entity, transition.ask, "ask")
        if transition.approval is not None:
            _approval(user, transition.approval)


def _approval(user: User, approval: d.Approval) -> None:
    user.reads(approval.when, "approval")
    for step in approval.steps:
        user.reads(step.users, "approval")
        if step.role is not None:
            user.uses(ROLE, (step.role,), "approval")


def _role(user: User, role: d.Role) -> None:
    for name in role.inherits:
        user.uses(ROLE, (name,), "inherits")
    for entity, grant in role.entities.items():
        user.uses(ENTITY, (entity,), "entities")
        for verb in ("create", "read", "update", "delete", "share", "assign"):
            user.reads(getattr(grant, verb), verb)
        for condition in grant.deny.values():
            user.reads(condition, "deny")
        for name, field in grant.fields.items():
            user.uses(FIELD, (entity, name), "fields")
            user.reads(field.read, "fields")
            user.reads(field.update, "fields")


def _form(user: User, form: d.Form) -> None:
    user.uses(ENTITY, (form.entity,), "entity")
    for role in form.roles:
        user.uses(ROLE, (role,), "roles")
    for tab in form.tabs:
        for section in tab.sections:
            for item in section.items:
                _item(user, form.entity, item)
    user.names(form.entity, form.quick, "quick")


def _item(user: User, entity: str, item: d.FormField | d.RelatedList | d.Timeline) -> None:
    if isinstance(item, d.FormField):
        user.names(entity, [item.name], "layout")
        user.reads(item.visible, "visible")
    elif isinstance(item, d.RelatedList):
        user.uses(FIELD, (entity, item.inverse), "layout")
        schema = user.schema.entity(entity)
        if schema is not None and item.inverse in schema.inverses:
            user.names(schema.inverses[item.inverse].entity, item.columns, "layout")


def _view(user: User, view: d.View) -> None:
    user.uses(ENTITY, (view.entity,), "entity")
    user.names(view.entity, view.columns, "columns")
    user.reads(view.where, "where")
    user.names(view.entity, view.order, "order")
    user.names(view.entity, [view.group] if view.group else [], "group")
    user.names(view.entity, [view.tree] if view.tree else [], "tree")
    user.names(view.entity, view.sum, "sum")


def _message(user: User, message: d.Message) -> None:
    if message.entity is not None:
        user.uses(ENTITY, (message.entity,), "entity")
    user.reads(message.subject, "subject")
    user.reads(message.body, "body")


def _menu(user: User, menu: d.Menu) -> None:
    waiting = list(menu.items)
    while waiting:
        item = waiting.pop(0)
        if item.entity is not None:
            user.uses(ENTITY, (item.entity,), "items")
        if item.view is not None:
            user.uses(VIEW, (item.view,), "items")
        waiting += item.items


def _data(user: User, data: d.DataSet) -> None:
    user.uses(ENTITY, (data.entity,), "entity")
    user.names(data.entity, data.key, "key")
    used: dict[tuple[str, Any], None] = {}
    for record in data.records:
        used |= dict.fromkeys((name, _plain(value)) for name, value in record.items())
    user.names(data.entity, dict.fromkeys(name for name, _ in used), "records")
    schema = user.schema.entity(data.entity)
    for name, value in used:
        field = schema.fields.get(name) if schema is not None else None
        if field is not None and field.type.kind is Kind.CHOICE and value is not None:
            user.uses(OPTION, (data.entity, name, value), "records")


def _plain(value: object) -> str | None:
    """A value that can be an option."""
    return value if isinstance(value, str) and not value.startswith("=") else None


_KINDS: Mapping[str, str] = {
    "workflow": "workflows",
    "role": "roles",
    "form": "forms",
    "view": "views",
    "menu": "menus",
    "message": "messages",
    "data": "data",
}
"""Kind of document → what `Application` calls all of them."""

_GATHER: Mapping[str, Any] = {
    "workflow": _workflow,
    "role": _role,
    "form": _form,
    "view": _view,
    "menu": _menu,
    "message": _message,
    "data": _data,
}
