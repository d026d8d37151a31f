"""Who may do what: the rights of a role on all objects, or of all roles on one, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flask import url_for

from fieldstone.access.grants import ADMIN
from fieldstone_metadata.declarations import Application, EntityGrant, Role
from fieldstone_rules import Expression
from fieldstone_ui import data
from fieldstone_ui.pages.studio.frame import document_url
from fieldstone_ui.presentation.labels import humanize, text
from fieldstone_ui.presentation.studio_fields import Right, RightsRow

NEVER, ALWAYS, IF = "no", "yes", "if"
VERBS = (
    ("create", "Create"),
    ("read", "Read"),
    ("update", "Change"),
    ("delete", "Delete"),
    ("share", "Share"),
    ("assign", "Assign"),
)
NOTHING = EntityGrant()
Condition = bool | Expression


def roles_with(application: Application, entity: str) -> list[RightsRow]:
    """The rights of each role on an object."""
    rows = []
    for role in application.roles.values():
        row = _row(application, role, entity)
        named = replace(row, name=role.name, label=_role_label(role), url=_role_url(role, entity))
        rows.append(named)
    return rows


def rights_of(
    application: Application, role: Role, entities: list[str], chosen: tuple[str, str]
) -> list[RightsRow]:
    """The rights of a role on objects. chosen: the object and verb that are being changed."""
    return [_with_chosen(_row(application, role, name), chosen) for name in entities]


def _with_chosen(row: RightsRow, chosen: tuple[str, str]) -> RightsRow:
    rights = [replace(right, chosen=(row.name, right.verb) == chosen) for right in row.rights]
    return replace(row, rights=rights)


def said(condition: Condition) -> tuple[str, str]:
    """A condition as "yes", "no" or "if" and its text."""
    if isinstance(condition, Expression):
        return IF, condition.source.strip()
    return (ALWAYS if condition else NEVER), ""


def _row(application: Application, role: Role, entity: str) -> RightsRow:
    grant = role.entities.get(entity, NOTHING)
    origin = role.origin
    return RightsRow(
        name=entity,
        label=text(application.entities[entity].plural, data.locale(), humanize(entity)),
        url=url_for("pages.studio_entity", name=entity),
        rights=[_right(application, role, entity, verb) for verb, _ in VERBS],
        fields=list(grant.fields),
        fields_url=document_url((origin.layer, origin.path), origin.line) if origin and grant.fields else "",
    )


def _right(application: Application, role: Role, entity: str, verb: str) -> Right:
    own = role.entities.get(entity, NOTHING)
    state, condition = (ALWAYS, "") if role.name == ADMIN else said(getattr(own, verb))
    by = ""
    if state == NEVER:
        by, state, condition = next(_inherited(application, role, entity, verb), ("", state, condition))
    denied = own.deny.get(verb, False)
    return Right(
        verb=verb,
        state=state,
        text=condition,
        by=by,
        denied=said(denied)[1] or ("always" if denied is True else ""),
        url=_right_url(role, entity, verb),
    )


def _inherited(
    application: Application, role: Role, entity: str, verb: str
) -> Iterator[tuple[str, str, str]]:
    """The roles that it inherits from and that grant it, nearest first: label, state, condition."""
    for name in role.inherits:
        above = application.roles[name]
        state, condition = said(getattr(above.entities.get(entity, NOTHING), verb))
        if state != NEVER:
            yield _role_label(above), state, condition


def _right_url(role: Role, entity: str, verb: str) -> str:
    if role.name == ADMIN:
        return ""
    return url_for("pages.studio_role", name=role.name, entity=entity, verb=verb, _anchor="right")


def _role_url(role: Role, entity: str) -> str:
    return url_for("pages.studio_role", name=role.name, q=entity)


def _role_label(role: Role) -> str:
    return text(role.label, data.locale(), humanize(role.name))
