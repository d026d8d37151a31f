"""Approvals of transitions: when they are needed, and who is asked in which step."""

from __future__ import annotations

from dataclasses import replace

from fieldstone_metadata.declarations import Approval, ApprovalStep
from fieldstone_metadata.expressions import BOOLEAN, Expressions
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.shapes import EntityShape
from fieldstone_metadata.workspace import Workspace
from fieldstone_rules import Expression, Purpose
from fieldstone_rules.types import Kind, Type

_USER = "user"


def build_approval(
    transition: Node, shape: EntityShape, workspace: Workspace, expressions: Expressions
) -> Approval | None:
    """The approval that a transition needs; None without one, or where it is broken."""
    node = transition.get("approval")
    if node is None or node.broken:
        return None
    _refuse_secrets(transition, shape, workspace)
    when = _when(node, shape, expressions)
    steps = [_step(child, shape, workspace, expressions) for child in node.list_under("steps")]
    sound = tuple(step for step in steps if step is not None)
    return Approval(when, sound) if sound else None


def _refuse_secrets(transition: Node, shape: EntityShape, workspace: Workspace) -> None:
    """What waits for an approval is kept and shown as it was sent, which a secret must never be."""
    for child in transition.list_under("ask"):
        field = shape.fields.get(child.value)
        if field is not None and field.declared.name == "secret":
            message = f"`{field.name}` is a secret, which cannot wait for an approval yet"
            workspace.report.error(child, "not_supported_yet", message)


def _when(node: Node, shape: EntityShape, expressions: Expressions) -> bool | Expression:
    condition = node.get("when")
    if condition is None:
        return True
    if condition.value is False:
        message = "this approval would never be needed: leave it out"
        expressions.report.error_at_key(condition, "no_effect", message)
        return False
    if condition.value is True:
        return True
    scope = expressions.scope(shape.name, Purpose.CONDITION, BOOLEAN, old=True)
    # Where it is broken, everything is checked as if the approval were always needed.
    return expressions.check(condition, scope) or True


def _step(
    node: Node, shape: EntityShape, workspace: Workspace, expressions: Expressions
) -> ApprovalStep | None:
    by, needs = node.get("by"), node.plain("needs", "any")
    if by is None or node.broken or by.broken:
        return None
    text = str(by.value)
    if not text.startswith("="):
        role = workspace.role_named(by)
        return None if role is None else ApprovalStep(text, role, None, needs)
    scope = replace(expressions.scope(shape.name, Purpose.VALUE), collections=True)
    users = expressions.check(by, scope)
    if users is None:
        return None
    if not _gives_users(users.type):
        message = f"this gives {_described(users.type)}; who approves are users"
        expressions.report.error(by, "not_users", message, "such as `=owner.manager`, or the name of a role")
        return None
    return ApprovalStep(text, None, users, needs)


def _gives_users(type_: Type) -> bool:
    if type_.kind is Kind.LIST:
        return type_.item is not None and _gives_users(type_.item)
    return type_.kind in {Kind.REFERENCE, Kind.COLLECTION} and type_.entities == (_USER,)


def _described(type_: Type) -> str:
    return "nothing" if type_.kind is Kind.NULL else f"a value of the type {type_.kind}"
