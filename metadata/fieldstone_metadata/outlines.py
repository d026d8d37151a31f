"""Documents to outlines: the first step of the cross-checks."""

from __future__ import annotations

from collections.abc import Mapping

from fieldstone_metadata.declarations import Option
from fieldstone_metadata.documents import Document
from fieldstone_metadata.field_types import FIELD_TYPES, FILE_TYPES, FieldTypeDeclaration
from fieldstone_metadata.linking import settle_links
from fieldstone_metadata.names import ACTIVITY_NAMES, ANY, FILE, RESERVED_WORDS, SYSTEM_COLUMNS
from fieldstone_metadata.nodes import Node, to_plain
from fieldstone_metadata.options import options_under, states_as_options
from fieldstone_metadata.plain_values import TypeDetails
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.shapes import EntityShape, FieldShape, States, ways_out
from fieldstone_metadata.workspace import Workspace, origin_of
from fieldstone_rules.rule_files import Way
from fieldstone_rules.schema import InverseSchema

_STATE_KEYS = frozenset({"label", "color", "final", "required", "readonly", "time_limit", "was"})
_LINKS = frozenset({"reference", "references", "user"})
_LEADING = _LINKS | FILE_TYPES


def outline(workspace: Workspace) -> None:
    """Fills `workspace.entities` with the outline of every entity, and the inverses between them."""
    governed = _governed_fields(workspace)
    for document in workspace.of_kind("entity").values():
        _check_entity_name(document, workspace.report)
        root = document.root
        shape = EntityShape(document, root.plain("owner", True), root.plain("activities", True))
        workspace.entities[document.name] = shape
    for shape in workspace.entities.values():
        _outline_fields(shape, governed.get(shape.name, {}), workspace)
    settle_links(workspace)
    for shape in workspace.entities.values():
        for field in shape.fields.values():
            _add_inverse(shape, field, workspace)
    for shape in workspace.entities.values():
        _settle_owning(shape, workspace)


def _settle_owning(shape: EntityShape, workspace: Workspace) -> None:
    """What lives inside other records has no owner, and shares their currency."""
    for field in shape.owned:
        shape.owner, field.nullable = False, False
    if shape.has_money:
        for name in ways_out(shape, workspace.entities):
            workspace.entities[name].shared_money = True


def _check_entity_name(document: Document, report: Report) -> None:
    if document.name in RESERVED_WORDS and not (document.name == "user" and document.layer == "core"):
        node = document.root.get("name") or document.root
        report.error(node, "reserved_name", f"no entity may be called `{document.name}`: rules need the word")


def _governed_fields(workspace: Workspace) -> Mapping[str, Mapping[str, Document]]:
    """Entity → field → the workflow that governs it."""
    governed: dict[str, dict[str, Document]] = {}
    for document in workspace.of_kind("workflow").values():
        entity, field = document.root.plain("entity"), document.root.plain("field")
        if governed.get(entity):
            message = f"`{entity}` has the workflow `{next(iter(governed[entity].values())).name}` already"
            workspace.report.error(document.root.value["entity"], "second_workflow", message)
        governed.setdefault(entity, {}).setdefault(field, document)
    return governed


def _outline_fields(shape: EntityShape, governed: Mapping[str, Document], workspace: Workspace) -> None:
    fields = shape.document.root.get("fields")
    for name, node in fields.items() if fields else ():
        if name in SYSTEM_COLUMNS or name in RESERVED_WORDS:
            reason = "every record has it already" if name in SYSTEM_COLUMNS else "rules need the word"
            workspace.report.error_at_key(node, "reserved_name", f"no field may be called `{name}`: {reason}")
            workspace.silenced.add(name)
            continue
        if shape.activities and name in ACTIVITY_NAMES:
            _warn_of_activity_name(node, name, workspace.report)
        field = _as_before(shape.name, name, node, governed, workspace) or _outline_field(
            name, node, governed.get(name), workspace
        )
        if field is None:
            shape.unsound.add(name)
            workspace.silenced.add(name)
        else:
            shape.fields[name] = field


def _warn_of_activity_name(node: Node, name: str, report: Report) -> None:
    message = f"`{name}` hides what the platform shows under that name for an entity with activities"
    hint = "choose another name, or set `activities: false`"
    report.warning_at_key(node, "hides_activities", message, hint)


def transitions(workspace: Workspace) -> Mapping[str, Mapping[str, Way]]:
    """Entity → the transitions of its workflow by their names."""
    return {
        str(document.root.plain("entity")): {
            name: _way(document.root, node) for name, node in document.root.value["transitions"].items()
        }
        for document in workspace.of_kind("workflow").values()
        if "transitions" in document.root.value
    }


def _way(workflow: Node, transition: Node) -> Way:
    target, states = str(transition.plain("to")), workflow.value["states"]
    named = [str(child.value) for child in transition.list_under("from")]
    if named == ["*"]:
        named = [name for name, state in states.items() if state.plain("final") is not True]
    return Way(str(workflow.plain("field")), frozenset(named), target)


def _as_before(
    entity: str, name: str, node: Node, governed: Mapping[str, Document], workspace: Workspace
) -> FieldShape | None:
    """The outline of an earlier check, of a field that depends on nothing outside its own mapping."""
    groundwork = workspace.building.earlier
    shape = groundwork.shapes.get(entity) if groundwork is not None else None
    field = shape.fields.get(name) if shape is not None else None
    if field is None or field.node is not node or name in governed or field.initial is not None:
        return None
    outside = field.declared.name in _LEADING or "option_set" in node.value
    return None if outside else field


def _outline_field(
    name: str, node: Node, workflow: Document | None, workspace: Workspace
) -> FieldShape | None:
    declared = FIELD_TYPES[node.plain("type")]
    if not declared.supported:
        message = f"fields of type `{declared.name}` are not supported yet"
        workspace.report.error(node.get("type") or node, "not_supported_yet", message)
        return None
    report = Report() if node.broken else workspace.report
    states = workflow.root.get("states") if workflow and declared.name == "choice" else None
    choices = _choices(node, declared, states, report, workspace)
    entities = _targets(node, declared, workspace)
    if declared.name in _LINKS and not entities and not _leads_anywhere(node, workspace):
        return None
    options = {key: to_plain(node.value[key]) for key in declared.options if key in node.value}
    details = TypeDetails(options, tuple(option.value for option in choices), entities)
    initial = workflow.root.plain("initial") if workflow is not None and states is not None else None
    return FieldShape(
        name, node, declared, details, choices, _states(states), _nullable(node, declared, states), initial
    )


def _nullable(node: Node, declared: FieldTypeDeclaration, states: Node | None) -> bool:
    """Whether null may be stored. A field that may be hidden may be empty, even if it is required."""
    if declared.name == "sequence" or states is not None:
        return False
    return not (node.plain("required") is True and node.plain("visible", True) is True)


def _choices(
    node: Node, declared: FieldTypeDeclaration, states: Node | None, report: Report, workspace: Workspace
) -> tuple[Option, ...]:
    if "options" not in declared.options:
        return ()
    own, named = options_under(node, "options", report), node.get("option_set")
    if named is not None and node.get("options") is not None:
        report.error_at_key(named, "options_twice", "a choice has either `options` or an `option_set`")
    if named is not None:
        own = _shared_options(named, workspace)
    if states is not None:
        return states_as_options(states.items(), own)
    if not own and named is None and not _has_lost_workflow(workspace):
        message = f"a `{declared.name}` needs `options`, an `option_set`, or a workflow"
        report.error_at_key(node, "options_missing", message)
    return own


def _has_lost_workflow(workspace: Workspace) -> bool:
    """Whether a workflow names no choice: it is reported, and may be what a field without options lacks."""
    for workflow in workspace.of_kind("workflow").values():
        entity = workspace.of_kind("entity").get(workflow.root.plain("entity"))
        field = entity.root.value["fields"].get(workflow.root.plain("field")) if entity is not None else None
        if field is None or field.plain("type") != "choice":
            return True
    return False


def _shared_options(named: Node, workspace: Workspace) -> tuple[Option, ...]:
    option_set = workspace.of_kind("option_set").get(named.value)
    if option_set is None:
        workspace.unknown(named, "unknown_option_set", "option set", workspace.of_kind("option_set"))
        return ()
    return options_under(option_set.root, "options", Report())


def _states(states: Node | None) -> States:
    """State → its attributes: every key that is not one of a state's own."""
    if states is None:
        return {}
    return {
        name: {key: child.value for key, child in node.items() if key not in _STATE_KEYS}
        for name, node in states.items()
    }


def _leads_anywhere(node: Node, workspace: Workspace) -> bool:
    """Whether a reference leads to any entity, which only the platform's own may do."""
    target = node.get("to")
    if target is None or target.value != ANY:
        return False
    if origin_of(node).layer != "core":
        message = "a reference to any entity is not supported yet"
        workspace.report.error(target, "not_supported_yet", message, "name the entities in a list")
        return False
    for key in ("inverse", "where", "on_delete"):
        found = node.get(key)
        if found is not None:
            message = f"`{key}` of a reference to any entity is not supported yet"
            workspace.report.error_at_key(found, "not_supported_yet", message)
    return True


def _targets(node: Node, declared: FieldTypeDeclaration, workspace: Workspace) -> tuple[str, ...]:
    if declared.name == "user":
        return ("user",) if "user" in workspace.entities else ()
    if declared.name in FILE_TYPES:
        return (FILE,) if FILE in workspace.entities else ()
    if node.plain("to") == ANY:
        return ()
    known = []
    for target in node.list_under("to") if declared.name in _LINKS else ():
        if workspace.entity_named(target) is not None:
            known.append(target.value)
    return tuple(dict.fromkeys(known))


def _add_inverse(shape: EntityShape, field: FieldShape, workspace: Workspace) -> None:
    node = field.node.get("inverse")
    if node is None:
        return
    for target in field.details.entities:
        other = workspace.entities[target]
        fault = _inverse_fault(node.value, other)
        if fault is not None:
            hint = "a collection shares the names of the fields of the entity that it leads from"
            workspace.report.error(node, "inverse_taken", f"`{target}` {fault}", hint)
        else:
            many, owned = field.declared.name == "references", field.node.plain("owned") is True
            through = field.through.turned if field.through is not None else None
            along = field.cascades if through is None else through.with_near
            other.inverses[node.value] = InverseSchema(
                node.value, shape.name, field.name, many, owned, through, along
            )


def _inverse_fault(name: str, other: EntityShape) -> str | None:
    if name in other.fields:
        return f"has a field `{name}` already"
    if name in other.inverses:
        taken = other.inverses[name]
        return f"has the collection `{name}` already, of `{taken.entity}.{taken.field}`"
    if name in SYSTEM_COLUMNS or name in RESERVED_WORDS:
        return f"cannot have a collection `{name}`: the name is reserved"
    return None
