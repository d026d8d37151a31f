"""Keys that are sound by themselves and stand where nothing would ever read them.

Whoever writes one expects something of it; so each is an error, and none is ignored.
"""

from __future__ import annotations

from collections.abc import Iterator

from fieldstone_metadata.nodes import Node
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.shapes import SYSTEM_FIELDS, EntityShape, FieldShape
from fieldstone_metadata.workspace import Workspace

_SETTABLE = frozenset({"owner", "team", "currency"})
"""Fields of the platform that people can set."""

_ALWAYS_READABLE = frozenset({"id", "version"})
_COMPUTED = frozenset({"formula", "sequence"})
_BESIDE_THE_GRANT = "the fields of a role narrow its own grant; write them beside it"


def report_idle_keys(workspace: Workspace) -> None:
    """Reports such keys in all documents. The entities are outlined."""
    for shape in workspace.entities.values():
        for field in shape.fields.values():
            _in_field(field, shape.name, workspace.report)
    checks = {"app": _in_app, "workflow": _in_workflow, "role": _in_role, "form": _in_form, "menu": _in_menu}
    for kind, check in checks.items():
        for document in workspace.of_kind(kind).values():
            check(document.root, workspace)


def _idle(node: Node, report: Report, message: str, hint: str | None = None) -> None:
    report.error_at_key(node, "no_effect", message, hint)


def _in_app(root: Node, workspace: Workspace) -> None:
    for name, setting in _entries(root, "settings"):
        options = setting.get("options")
        if options is not None and setting.plain("type") != "choice":
            message = f"`{name}` is a `{setting.plain('type')}`; only a `choice` has options"
            _idle(options, workspace.report, message)


def _in_field(field: FieldShape, entity: str, report: Report) -> None:
    message, required = field.node.get("message"), field.node.get("required")
    if message is not None and field.node.get("check") is None:
        _idle(message, report, "nobody would read this message: the field has no `check`")
    tree = field.node.get("tree")
    if tree is not None and tree.value is True and field.node.plain("to") not in (entity, [entity]):
        _idle(tree, report, f"only a reference to `{entity}` itself can make a tree")
    if required is not None and required.value is not True and field.initial is not None:
        _idle(required, report, f"`{field.name}` is under a workflow, so it always has a value")


def _in_workflow(root: Node, workspace: Workspace) -> None:
    shape = workspace.entities.get(root.plain("entity"))
    for _, transition in _entries(root, "transitions"):
        message = transition.get("message")
        if message is not None and transition.plain("guard", True) is True:
            _idle(message, workspace.report, "nobody would read this message: the transition has no `guard`")
        if shape is not None:
            asked = [node for node in transition.list_under("ask") if node.value in SYSTEM_FIELDS]
            _report_unfillable(asked, shape, workspace.report)
    for _, state in _entries(root, "states"):
        if shape is not None:
            listed = [*state.list_under("required"), *state.list_under("readonly")]
            _report_unfillable(listed, shape, workspace.report)


def _report_unfillable(nodes: list[Node], shape: EntityShape, report: Report) -> None:
    """Reports names of fields that nobody can fill in."""
    for node in nodes:
        if not _can_be_set(str(node.value), shape):
            report.error(node, "not_writable", f"`{node.value}` cannot stand here: nobody can fill it in")


def _can_be_set(name: str, shape: EntityShape) -> bool:
    """Whether people can set a field; unknown ones are reported elsewhere."""
    field = shape.fields.get(name)
    if field is not None:
        return field.declared.name not in _COMPUTED
    return name in _SETTABLE or name not in shape.system_types()


def _in_role(root: Node, workspace: Workspace) -> None:
    for name, grant in _entries(root, "entities"):
        shape, assign = workspace.entities.get(name), grant.get("assign")
        if shape is None:
            continue
        if assign is not None and not shape.owner:
            message = f"records of `{name}` have no owner (`owner: false`), so there is nothing to assign"
            _idle(assign, workspace.report, message)
        for field, narrowed in _entries(grant, "fields"):
            _in_field_grant(field, narrowed, grant, shape, workspace.report)


def _in_field_grant(name: str, narrowed: Node, grant: Node, shape: EntityShape, report: Report) -> None:
    read, update = narrowed.get("read"), narrowed.get("update")
    if read is not None and name in _ALWAYS_READABLE:
        _idle(read, report, f"whoever may read a record can read its `{name}`")
    elif read is not None and not shape.owned and not _grants(grant, "read"):
        _idle(read, report, "this narrows `read`, which is not granted here", _BESIDE_THE_GRANT)
    if update is not None and not _can_be_set(name, shape):
        _idle(update, report, f"nobody can change `{name}` anyway")
    elif update is not None and not shape.owned and not _grants(grant, "create", "update"):
        message = "this narrows `create` and `update`, which are not granted here"
        _idle(update, report, message, _BESIDE_THE_GRANT)


def _grants(grant: Node, *verbs: str) -> bool:
    return any(grant.plain(verb, False) is not False for verb in verbs)


def _in_form(root: Node, workspace: Workspace) -> None:
    shape = workspace.entities.get(root.plain("entity"))
    if shape is not None:
        _report_unfillable(root.list_under("quick"), shape, workspace.report)


def _in_menu(root: Node, workspace: Workspace) -> None:
    for item in root.list_under("items"):
        section, items = item.get("section"), item.get("items")
        label = item.get("label")
        if section is None and items is not None:
            _idle(items, workspace.report, "only a `section` has lines of its own")
        if section is not None and label is not None:
            _idle(label, workspace.report, "the heading of a section is its `section`")
        if section is not None:
            _in_menu(item, workspace)


def _entries(node: Node, key: str) -> Iterator[tuple[str, Node]]:
    """The entries of the mapping under `key`, but for those with a problem of their own."""
    found = node.get(key)
    entries = found.items() if found is not None else iter(())
    return ((name, child) for name, child in entries if not child.broken)
