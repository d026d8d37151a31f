"""Records that live inside others, such as the lines of an order: what contradicts that is an error."""

from __future__ import annotations

from fieldstone_metadata.nodes import Node
from fieldstone_metadata.shapes import EntityShape, FieldShape
from fieldstone_metadata.workspace import Workspace

_OWN_RIGHTS = ("create", "read", "update", "delete", "assign", "share", "deny")


def report_bad_owning(workspace: Workspace) -> None:
    """Reports owned references that cannot be, and rights of their own for what is owned. The entities are
    outlined.
    """
    for shape in workspace.entities.values():
        owned = shape.owned
        for field in owned:
            _check_reference(field, shape, workspace)
        for field in owned[1:]:
            message = f"`{shape.name}` lives inside `{owned[0].details.entities[0]}` already"
            workspace.report.error_at_key(field.node.value["owned"], "bad_owned", message)
        if owned:
            _check_entity(shape, workspace)
    for document in workspace.of_kind("role").values():
        _check_role(document.root, workspace)


def _check_reference(field: FieldShape, shape: EntityShape, workspace: Workspace) -> None:
    node, targets = field.node, field.details.entities
    problem, hint = None, None
    if len(targets) != 1:
        problem = "a record lives inside records of one entity, not of several"
    elif targets[0] == shape.name:
        problem = (
            f"a record of `{shape.name}` cannot live inside another one; a tree is what `tree: true` makes"
        )
    elif node.get("inverse") is None:
        problem, hint = "the other entity needs a name for what it owns", "add `inverse: lines`"
    elif workspace.entities[targets[0]].owned:
        problem = _nested(shape, targets[0], workspace)
    elif node.plain("on_delete", "cascade") != "cascade":
        problem = "what lives inside a record is deleted with it: `on_delete` can only be `cascade`"
    elif node.plain("required", True) is not True or node.plain("visible", True) is not True:
        problem = "a record always has the one that it lives inside: no `required`, no `visible`"
    if problem is not None:
        workspace.report.error_at_key(node.value["owned"], "bad_owned", problem, hint)


def _nested(shape: EntityShape, target: str, workspace: Workspace) -> str:
    """What is wrong with living inside something that lives inside something."""
    seen, at = {shape.name}, target
    while (
        at not in seen and workspace.entities[at].owned and workspace.entities[at].owned[0].details.entities
    ):
        seen.add(at)
        at = workspace.entities[at].owned[0].details.entities[0]
    if at in seen:
        return f"`{shape.name}` would live inside itself, by way of `{target}`"
    return f"`{target}` lives inside another record itself; deeper nesting is not supported yet"


def _check_entity(shape: EntityShape, workspace: Workspace) -> None:
    owner = shape.document.root.get("owner")
    if owner is not None and owner.value is True:
        message = f"records of `{shape.name}` live inside others and have no owner of their own"
        workspace.report.error_at_key(owner, "bad_owned", message)


def _check_role(root: Node, workspace: Workspace) -> None:
    entities = root.get("entities")
    for name, grant in entities.items() if entities is not None else ():
        shape = workspace.entities.get(name)
        if shape is None or not shape.owned or grant.broken:
            continue
        for verb in _OWN_RIGHTS:
            declared = grant.get(verb)
            if declared is not None:
                target = (*shape.owned[0].details.entities, "the other record")[0]
                message = (
                    f"`{name}` is read and written under the rights of `{target}`; only `fields` count here"
                )
                workspace.report.error_at_key(declared, "bad_owned", message)
