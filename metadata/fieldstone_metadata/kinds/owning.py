"""Records that live inside others, such as the lines of an order: what contradicts that is an error."""

from __future__ import annotations

from fieldstone_metadata.nodes import Node
from fieldstone_metadata.shapes import EntityShape, FieldShape, ways_out
from fieldstone_metadata.workspace import Workspace

DEEPEST = 3
"""So many levels of records may live inside one another, below the outermost."""

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
    problem, hint = _nested(shape, workspace), None
    if len(targets) != 1:
        problem = "a record lives inside records of one entity, not of several"
    elif targets[0] == shape.name:
        problem = (
            f"a record of `{shape.name}` cannot live inside another one; a tree is what `tree: true` makes"
        )
    elif node.get("inverse") is None:
        problem, hint = "the other entity needs a name for what it owns", "add `inverse: lines`"
    elif problem is not None:
        hint = "let it refer to the record without `owned`"
    elif node.plain("on_delete", "cascade") != "cascade":
        problem = "what lives inside a record is deleted with it: `on_delete` can only be `cascade`"
    elif node.plain("required", True) is not True or node.plain("visible", True) is not True:
        problem = "a record always has the one that it lives inside: no `required`, no `visible`"
    if problem is not None:
        workspace.report.error_at_key(node.value["owned"], "bad_owned", problem, hint)


def _nested(shape: EntityShape, workspace: Workspace) -> str | None:
    """What is wrong with living inside something that lives inside something, if anything is."""
    around = ways_out(shape, workspace.entities)
    if shape.name in around:
        return f"`{shape.name}` would live inside itself, by way of `{around[0]}`"
    if len(around) > DEEPEST:
        way = " in ".join(f"`{name}`" for name in (shape.name, *around))
        return f"{way} is {len(around)} levels deep, and {DEEPEST} are the most"
    return None


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
                target = (ways_out(shape, workspace.entities) or ["the other record"])[-1]
                message = (
                    f"`{name}` is read and written under the rights of `{target}`; only `fields` count here"
                )
                workspace.report.error_at_key(declared, "bad_owned", message)
