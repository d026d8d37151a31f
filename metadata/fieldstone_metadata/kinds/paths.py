"""Paths to fields in lists of fields: `name`, `account.name`, `-amount`."""

from __future__ import annotations

from collections.abc import Iterable

from fieldstone_metadata.nodes import Node
from fieldstone_metadata.shapes import EntityShape
from fieldstone_metadata.workspace import Workspace
from fieldstone_metadata.world import World
from fieldstone_rules.schema import FieldSchema
from fieldstone_rules.types import Kind

_UNORDERED = frozenset({Kind.LIST, Kind.COLLECTION, Kind.JSON})


def field_paths(
    nodes: Iterable[Node], shape: EntityShape, workspace: Workspace, world: World
) -> list[tuple[Node, FieldSchema]]:
    """The paths in `nodes` that lead to a field of `shape` or behind it; reports
    the others, and repeated ones.
    """
    found: dict[str, tuple[Node, FieldSchema]] = {}
    for node in nodes:
        path = str(node.value).removeprefix("-")
        field, fault = world.field_at(shape.name, path)
        if field is None:
            if not set(path.split(".")) & workspace.silenced:
                hint = world.suggestion(shape.name, path)
                workspace.report.error(node, "unknown_field", f"`{path}`: {fault}", hint)
        elif path in found:
            workspace.report.error(node, "repeated_value", f"`{path}` stands here twice")
        else:
            found[path] = (node, field)
    return list(found.values())


def path_names(node: Node | None, shape: EntityShape, workspace: Workspace, world: World) -> tuple[str, ...]:
    """The sound paths of the list in `node`."""
    children = node.children() if node is not None else []
    return tuple(child.value for child, _ in field_paths(children, shape, workspace, world))


def check_order(node: Node | None, shape: EntityShape, workspace: Workspace, world: World) -> tuple[str, ...]:
    """The sound entries of an `order`; reports what cannot be ordered by."""
    entries = []
    for child, field in field_paths(node.children() if node is not None else [], shape, workspace, world):
        if field.type.kind in _UNORDERED:
            message = f"records cannot be ordered by `{child.value}`: it holds several values"
            workspace.report.error(child, "not_sortable", message)
        elif not _is_sortable(str(child.value).removeprefix("-"), shape, workspace, world):
            message = f"records cannot be ordered by `{child.value}`: it holds long texts"
            workspace.report.error(child, "not_sortable", message)
        else:
            entries.append(child.value)
            _warn_of_slow_order(child, shape, workspace, world)
    return tuple(entries)


def _warn_of_slow_order(node: Node, shape: EntityShape, workspace: Workspace, world: World) -> None:
    """Warns of an order by what is computed from a collection for every record, page after page."""
    hops, _, name = str(node.value).removeprefix("-").rpartition(".")
    reference = world.field_at(shape.name, hops)[0] if hops else None
    if reference is not None and reference.type.kind is Kind.COMPOUND:
        return
    owner = shape.name if reference is None else reference.type.entities[0]
    field = world.field_at(owner, name)[0]
    formula = workspace.formulas.get((owner, name))
    if field is not None and field.expression is not None and formula is not None and formula.collections:
        message = f"ordering by `{node.value}` computes a collection for every record of the list"
        hint = "add `stored: true` to the formula, and `index: true`"
        workspace.report.warning(node, "slow_order", message, hint)


def _is_sortable(path: str, shape: EntityShape, workspace: Workspace, world: World) -> bool:
    """Whether the type of the field at a sound path has an order; the platform's own fields all have."""
    hops, _, name = path.rpartition(".")
    reference = world.field_at(shape.name, hops)[0] if hops else None
    if reference is not None and reference.type.kind is Kind.COMPOUND:
        return True
    owner = workspace.entities[reference.type.entities[0]] if reference is not None else shape
    field = owner.fields.get(name)
    return field is None or field.declared.sortable


def own_field(node: Node, shape: EntityShape, workspace: Workspace) -> str | None:
    """The field of `shape` that `node` names, the platform's own included; reports an unknown one."""
    if node.value in shape.fields or node.value in shape.system_types():
        return str(node.value)
    if node.value not in shape.unsound:
        workspace.unknown(node, "unknown_field", f"field of `{shape.name}` called", shape.fields)
    return None


def own_fields(nodes: Iterable[Node], shape: EntityShape, workspace: Workspace) -> tuple[str, ...]:
    """The fields of `shape` that `nodes` name, each once; reports unknown ones."""
    names = (own_field(node, shape, workspace) for node in nodes)
    return tuple(dict.fromkeys(name for name in names if name is not None))
