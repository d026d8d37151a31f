"""Workflows: states, transitions, and whether every state can be reached and left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from fieldstone_metadata.declarations import Label, Option, State, Transition, Workflow
from fieldstone_metadata.documents import Document
from fieldstone_metadata.expressions import BOOLEAN, Expressions, Known
from fieldstone_metadata.kinds.approvals import build_approval
from fieldstone_metadata.kinds.paths import own_fields
from fieldstone_metadata.kinds.time_limits import build_time_limit
from fieldstone_metadata.names import RESERVED_TRANSITIONS, label_of
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.options import texts
from fieldstone_metadata.problems import WARNING
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.shapes import EntityShape, FieldShape
from fieldstone_metadata.suggestions import nearest
from fieldstone_metadata.workspace import Workspace, origin_of
from fieldstone_rules import Expression, Purpose
from fieldstone_rules.rule_files.certainties import in_transition

_STATE_KEYS = ("label", "color", "final", "required", "readonly", "time_limit", "was")
_EVERY = "*"


def build_workflow(document: Document, workspace: Workspace, expressions: Expressions) -> Workflow | None:
    """The declaration of a sound workflow; None where it has no entity or field."""
    root = document.root
    shape = workspace.entity_named(root.get("entity"))
    field = _field(root, shape, workspace) if shape is not None else None
    if shape is None or field is None:
        return None
    _check_attributes(root, workspace.report)
    states = {
        option.value: replace(
            _state(option.value, option.label, root, shape, workspace),
            time_limit=build_time_limit(root.value["states"].value[option.value], shape, expressions),
        )
        for option in _governed(root, field)
    }
    transitions = _transitions(root, states, shape, workspace, expressions)
    initial = _known_state(root.value["initial"], states, workspace)
    workflow = Workflow(
        document.name,
        shape.name,
        field.name,
        initial or next(iter(states)),
        states,
        transitions,
        origin_of(root),
    )
    _warn_of_dead_ends(workflow, root, workspace)
    _warn_of_foreign_options(workflow, field, workspace.report)
    return workflow


def _governed(root: Node, field: FieldShape) -> list[Option]:
    declared = root.value["states"].value
    return [option for option in field.choices if option.value in declared]


def _field(root: Node, shape: EntityShape, workspace: Workspace) -> FieldShape | None:
    node = root.value["field"]
    field = shape.fields.get(node.value)
    if field is None:
        workspace.unknown(node, "unknown_field", f"field of `{shape.name}` called", shape.fields)
    elif field.declared.name != "choice":
        message = f"`{field.name}` is a `{field.declared.name}`: a workflow governs a `choice`"
        workspace.report.error(node, "not_a_choice", message)
        return None
    return field


def _check_attributes(root: Node, report: Report) -> None:
    """Reports attributes that look like a misspelt key of a state."""
    for _, state in root.value["states"].items():
        for key, child in state.items():
            meant = nearest(key, _STATE_KEYS, 0.8)
            if meant is not None and key not in _STATE_KEYS:
                message = f"`{key}` would become an attribute of the state"
                report.error_at_key(child, "unknown_key", message, f"did you mean `{meant}`?")


def _state(name: str, label: Label, root: Node, shape: EntityShape, workspace: Workspace) -> State:
    node: Node = root.value["states"].value[name]
    option = next(option for option in shape.fields[root.plain("field")].choices if option.value == name)
    return State(
        name,
        label,
        bool(node.plain("final", False)),
        option.color,
        own_fields(node.list_under("required"), shape, workspace),
        own_fields(node.list_under("readonly"), shape, workspace),
        {key: child.value for key, child in node.items() if key not in _STATE_KEYS},
        texts(node, "was"),
    )


def _known_state(node: Node, states: Mapping[str, State], workspace: Workspace) -> str | None:
    if node.value not in states:
        workspace.unknown(node, "unknown_state", "state", states)
        return None
    return str(node.value)


def _transitions(
    root: Node,
    states: Mapping[str, State],
    shape: EntityShape,
    workspace: Workspace,
    expressions: Expressions,
) -> dict[str, Transition]:
    found = {}
    declared = root.get("transitions")
    for name, node in declared.items() if declared is not None else ():
        if name in RESERVED_TRANSITIONS:
            message = f"no transition may be called `{name}`: rules need the word"
            workspace.report.error_at_key(node, "reserved_name", message)
        target = _known_state(node.value["to"], states, workspace)
        sources = _sources(node, target, states, workspace)
        if target is not None and sources:
            way = _Way(name, str(root.plain("field")), sources, target)
            found[name] = _transition(way, node, shape, workspace, expressions)
    return found


def _sources(
    node: Node, target: str | None, states: Mapping[str, State], workspace: Workspace
) -> tuple[str, ...]:
    declared = node.list_under("from")
    if [child.value for child in declared] == [_EVERY]:
        return tuple(name for name, state in states.items() if not state.final and name != target)
    known = (_known_state(child, states, workspace) for child in declared)
    return tuple(dict.fromkeys(name for name in known if name is not None))


class _Way(NamedTuple):
    """Where a transition leads, with its states known to exist."""

    name: str
    field: str
    sources: tuple[str, ...]
    target: str


def _transition(
    way: _Way, node: Node, shape: EntityShape, workspace: Workspace, expressions: Expressions
) -> Transition:
    roles = (workspace.role_named(child) for child in node.list_under("roles"))
    message = node.plain("message")
    return Transition(
        way.name,
        label_of(node.plain("label"), way.name),
        way.sources,
        way.target,
        tuple(role for role in roles if role is not None),
        _guard(way, node, shape, expressions),
        label_of(message, way.name) if message else None,
        _asked(node, shape, workspace),
        build_approval(node, shape, workspace, expressions),
    )


def _guard(way: _Way, node: Node, shape: EntityShape, expressions: Expressions) -> Expression | None:
    guard = node.get("guard")
    if guard is None or guard.value is True:
        return None
    scope = expressions.scope(shape.name, Purpose.CONDITION, BOOLEAN, old=True)
    facts, hint = in_transition(way.field, way.sources, way.target)
    checked = expressions.check(guard, scope, Known(facts, hint, WARNING))
    if guard.value is False:
        expressions.report.warning(
            guard, "never_holds", "this guard never holds, so nobody can take the transition"
        )
    return checked


def _asked(node: Node, shape: EntityShape, workspace: Workspace) -> tuple[str, ...]:
    asked = node.list_under("ask")
    for child in asked:
        field = shape.fields.get(child.value)
        if field is not None and (
            field.declared.name in ("formula", "sequence") or field.initial is not None
        ):
            message = f"`{field.name}` cannot be asked for: nobody can fill it in"
            workspace.report.error(child, "not_writable", message)
    return own_fields(asked, shape, workspace)


def _warn_of_dead_ends(workflow: Workflow, root: Node, workspace: Workspace) -> None:
    """Warns of states that cannot be reached from the initial one, and of open states that cannot be left."""
    reached, left = _reached(workflow), _left(workflow)
    for name, state in workflow.states.items():
        node: Node = root.value["states"].value[name]
        if name in workspace.silenced:
            continue
        line, column = node.place
        place = Node(None, node.source, line, column)
        if name not in reached:
            message = f"no transition leads to the state `{name}`"
            workspace.report.warning(place, "unreachable_state", message)
        if not state.final and name not in left and len(workflow.states) > 1:
            message = f"no transition leaves the state `{name}`, and it is not final"
            workspace.report.warning(place, "dead_end", message, "write `final: true` or add a transition")


def _reached(workflow: Workflow) -> set[str]:
    reached, waiting = {workflow.initial}, [workflow.initial]
    targets: dict[str, list[str]] = {}
    for transition in workflow.transitions.values():
        for source in transition.sources:
            targets.setdefault(source, []).append(transition.target)
    while waiting:
        for target in targets.get(waiting.pop(), ()):
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached


def _left(workflow: Workflow) -> set[str]:
    return {source for transition in workflow.transitions.values() for source in transition.sources}


def _warn_of_foreign_options(workflow: Workflow, field: FieldShape, report: Report) -> None:
    for option in field.choices:
        node = field.node.get("options") or field.node.get("option_set")
        if option.value not in workflow.states and node is not None:
            message = (
                f"the option `{option.value}` of `{field.name}` is no state of the workflow `{workflow.name}`"
            )
            report.warning(node, "option_without_state", message)
