"""Views and menus: what people look at and how they get there."""

from __future__ import annotations

from collections.abc import Mapping

from fieldstone_metadata.declarations import Menu, MenuItem, View
from fieldstone_metadata.documents import Document
from fieldstone_metadata.expressions import BOOLEAN, Expressions
from fieldstone_metadata.kinds.paths import check_order, own_field, path_names
from fieldstone_metadata.names import label_of
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.shapes import EntityShape
from fieldstone_metadata.workspace import Workspace, origin_of
from fieldstone_rules import Expression, Purpose
from fieldstone_rules.types import Kind

_SUMMABLE = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.PERCENT, Kind.DURATION})


def build_view(document: Document, workspace: Workspace, expressions: Expressions) -> View | None:
    """The declaration of a sound view; None where it has no entity."""
    root = document.root
    shape = workspace.entity_named(root.get("entity"))
    if shape is None:
        return None
    return View(
        document.name,
        shape.name,
        root.plain("type", "list"),
        label_of(root.plain("label"), document.name),
        path_names(root.get("columns"), shape, workspace, expressions.world),
        _where(root.get("where"), shape, expressions),
        check_order(root.get("order"), shape, workspace, expressions.world),
        _group(root, shape, workspace),
        _sums(root, shape, workspace, expressions),
        _tree(root, shape, workspace),
        origin_of(root),
    )


def _where(node: Node | None, shape: EntityShape, expressions: Expressions) -> Expression | None:
    if node is None or node.value is True:
        return None
    return expressions.check(node, expressions.scope(shape.name, Purpose.FILTER, BOOLEAN))


def _group(root: Node, shape: EntityShape, workspace: Workspace) -> str | None:
    node, kind = root.get("group"), root.plain("type", "list")
    if node is None:
        if kind == "board":
            message = "a board needs `group`, the choice field whose options are its columns"
            workspace.report.error(root.get("type") or root, "key_missing", message)
        return None
    if kind != "board":
        message = f"`group` in a {kind} is not supported yet"
        workspace.report.error_at_key(node, "not_supported_yet", message)
    field = shape.fields.get(node.value)
    if field is not None and field.declared.name != "choice":
        message = f"`{node.value}` is a `{field.declared.name}`: a board is grouped by a `choice`"
        workspace.report.error(node, "not_a_choice", message)
    return own_field(node, shape, workspace)


def _tree(root: Node, shape: EntityShape, workspace: Workspace) -> str | None:
    """The reference that makes the tree: the one that is named, or the only one there is."""
    node, report = root.get("tree"), workspace.report
    if root.plain("type", "list") != "tree":
        if node is not None:
            report.error_at_key(node, "no_effect", "only a view of `type: tree` has a `tree`")
        return None
    found = [name for name, field in shape.fields.items() if field.node.plain("tree") is True]
    if node is not None:
        if node.value in shape.fields and node.value not in found:
            report.error(node, "no_tree", f"`{node.value}` makes no tree", "say `tree: true` in the field")
        return own_field(node, shape, workspace)
    if len(found) == 1:
        return found[0]
    message = f"a tree needs a reference of `{shape.name}` to itself with `tree: true`"
    if found:
        message = f"`{shape.name}` makes several trees; name the field in `tree`: {', '.join(found)}"
    report.error(root.get("type") or root, "key_missing" if found else "no_tree", message)
    return None


def _sums(root: Node, shape: EntityShape, workspace: Workspace, expressions: Expressions) -> tuple[str, ...]:
    sums = []
    for node in root.list_under("sum"):
        name = own_field(node, shape, workspace)
        schema = expressions.world.entity(shape.name)
        field = schema.fields.get(name) if schema is not None and name is not None else None
        if field is not None and field.type.kind not in (*_SUMMABLE, Kind.NULL):
            workspace.report.error(
                node, "not_summable", f"`{node.value}` holds no numbers that could be summed"
            )
        elif name is not None:
            sums.append(name)
    return tuple(dict.fromkeys(sums))


def build_menu(document: Document, workspace: Workspace) -> Menu:
    """The declaration of a sound menu."""
    root = document.root
    label = label_of(root.plain("label"), document.name)
    return Menu(document.name, label, _menu_items(root, workspace), origin_of(root))


def _menu_items(node: Node, workspace: Workspace) -> tuple[MenuItem, ...]:
    items = (_menu_item(child, workspace) for child in node.list_under("items"))
    return tuple(item for item in items if item is not None)


def _menu_item(node: Node, workspace: Workspace) -> MenuItem | None:
    if node.get("section") is not None:
        return _menu_section(node, workspace)
    entity, view = node.get("entity"), node.get("view")
    if entity is None and view is None:
        if node.value:
            workspace.report.error(
                node, "misplaced_item", "a line names an `entity`, a `view` or a `section`"
            )
        return None
    shape = workspace.entity_named(entity)
    shown = _view_of(view, shape, workspace)
    label = node.plain("label")
    name = shape.name if shape is not None else shown
    if name is None:
        return None
    return MenuItem(label_of(label, name) if label else None, name, view.value if view is not None else None)


def _menu_section(node: Node, workspace: Workspace) -> MenuItem:
    for key in ("entity", "view"):
        other = node.get(key)
        if other is not None:
            workspace.report.error_at_key(other, "misplaced_item", f"a section has no `{key}` but `items`")
    return MenuItem(section=label_of(node.plain("section"), ""), items=_menu_items(node, workspace))


def _view_of(node: Node | None, shape: EntityShape | None, workspace: Workspace) -> str | None:
    """The entity of the view that `node` names; reports an unknown view, or one of another entity."""
    if node is None:
        return None
    views: Mapping[str, Document] = workspace.of_kind("view")
    view = views.get(node.value)
    if view is None:
        workspace.unknown(node, "unknown_view", "view", views)
        return None
    entity = str(view.root.plain("entity"))
    if shape is not None and entity != shape.name:
        workspace.report.error(
            node, "unknown_view", f"the view `{node.value}` shows `{entity}`, not `{shape.name}`"
        )
    return entity if entity in workspace.entities else None
