"""Roles: grants by entity, what they inherit, and the built-in `admin`."""

from __future__ import annotations

from collections.abc import Mapping

from fieldstone_metadata.declarations import EntityGrant, FieldGrant, Role
from fieldstone_metadata.document_schemas import schemas
from fieldstone_metadata.documents import Document
from fieldstone_metadata.expressions import Expressions
from fieldstone_metadata.kinds.paths import own_field
from fieldstone_metadata.names import label_of
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.options import texts
from fieldstone_metadata.shapes import EntityShape
from fieldstone_metadata.workspace import Workspace, origin_of
from fieldstone_rules import Expression, Purpose

ADMIN = "admin"
"""The built-in role that may do everything."""

_VERBS = ("create", "read", "update", "delete", "assign", "share")
_DENIED = ("create", "read", "update", "delete")


def build_role(document: Document, workspace: Workspace, expressions: Expressions) -> Role:
    """The declaration of a sound role."""
    root = document.root
    if document.name == ADMIN:
        return _admin(document, workspace)
    grants: dict[str, EntityGrant] = {}
    declared = root.get("entities")
    for name, node in declared.items() if declared is not None else ():
        shape = workspace.entities.get(name)
        if shape is not None:
            grants[name] = _grant(node, shape, workspace, expressions)
        else:
            line, column = node.place
            workspace.unknown(
                Node(name, node.source, line, column), "unknown_entity", "entity", workspace.entities
            )
    return Role(
        document.name,
        label_of(root.plain("label"), document.name),
        _ancestors(document, workspace),
        grants,
        frozenset(root.plain("capabilities", ())),
        texts(root, "was"),
        origin_of(root),
    )


def _admin(document: Document, workspace: Workspace) -> Role:
    for key in ("entities", "capabilities", "inherits"):
        node = document.root.get(key)
        if node is not None:
            message = f"`{ADMIN}` may do everything; its `{key}` cannot be changed"
            workspace.report.error_at_key(node, "admin_is_built_in", message)
    everything = EntityGrant(create=True, read=True, update=True, delete=True, assign=True, share=True)
    capabilities = schemas()["role"]["properties"]["capabilities"]["items"]["enum"]
    return Role(
        ADMIN,
        label_of(document.root.plain("label"), ADMIN),
        (),
        dict.fromkeys(workspace.entities, everything),
        frozenset(capabilities),
        origin=origin_of(document.root),
    )


def _ancestors(document: Document, workspace: Workspace) -> tuple[str, ...]:
    """All roles inherited, nearest first; reports unknown ones and circles."""
    found: dict[str, None] = {}
    waiting = [document]
    while waiting:
        current = waiting.pop(0)
        for node in current.root.list_under("inherits"):
            parent = workspace.of_kind("role").get(node.value)
            if parent is None and current is document:
                workspace.role_named(node)
            elif node.value == document.name and (current is document or document.name < current.name):
                message = f"`{document.name}` inherits itself"
                workspace.report.error(node, "role_cycle", message)
            elif parent is not None and node.value not in found and node.value != document.name:
                found[node.value] = None
                waiting.append(parent)
    return tuple(found)


def _grant(node: Node, shape: EntityShape, workspace: Workspace, expressions: Expressions) -> EntityGrant:
    verbs = {
        verb: expressions.condition(node.get(verb), shape.name, Purpose.PERMISSION) or False
        for verb in _VERBS
    }
    return EntityGrant(
        **verbs,
        fields=_field_grants(node, shape, workspace, expressions),
        deny=_denied(node.get("deny"), shape, expressions),
    )


def _denied(
    node: Node | None, shape: EntityShape, expressions: Expressions
) -> Mapping[str, bool | Expression]:
    if node is None:
        return {}
    denied = {verb: expressions.condition(node.get(verb), shape.name, Purpose.DENY) for verb in _DENIED}
    return {verb: condition for verb, condition in denied.items() if condition}


def _field_grants(
    node: Node, shape: EntityShape, workspace: Workspace, expressions: Expressions
) -> Mapping[str, FieldGrant]:
    declared, grants = node.get("fields"), {}
    for name, child in declared.items() if declared is not None else ():
        line, column = child.place
        if own_field(Node(name, child.source, line, column), shape, workspace) is not None:
            read = expressions.condition(child.get("read"), shape.name, Purpose.PERMISSION)
            update = expressions.condition(child.get("update"), shape.name, Purpose.PERMISSION)
            grants[name] = FieldGrant(read, update)
    return grants
