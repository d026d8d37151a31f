"""`check`: layers in, problems and the application out. Pure, without a database; all problems in one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from fieldstone_metadata.allocation import without_collection
from fieldstone_metadata.declarations import Application, Form, Message, Role, View, Workflow
from fieldstone_metadata.documents import RULES, Document, documents_of
from fieldstone_metadata.expressions import Expressions
from fieldstone_metadata.groundwork import Building, Groundwork
from fieldstone_metadata.kinds.app import build_app, build_option_set, setting_types
from fieldstone_metadata.kinds.calendar import build_calendar, check_chosen
from fieldstone_metadata.kinds.data import build_data
from fieldstone_metadata.kinds.entity import build_entities
from fieldstone_metadata.kinds.field import formulas_of, stored_type
from fieldstone_metadata.kinds.form import build_form
from fieldstone_metadata.kinds.idle_keys import report_idle_keys
from fieldstone_metadata.kinds.message import build_message, entities_of_messages
from fieldstone_metadata.kinds.owning import report_bad_owning
from fieldstone_metadata.kinds.role import build_role
from fieldstone_metadata.kinds.rules import build_rules, read_rules, rule_origins
from fieldstone_metadata.kinds.view import build_menu, build_view
from fieldstone_metadata.kinds.workflow import build_workflow
from fieldstone_metadata.layer_files import LOCAL, Layer
from fieldstone_metadata.layer_merging import merge_layers
from fieldstone_metadata.layer_order import LayerDocuments, in_order
from fieldstone_metadata.lookups import Lookup, Watched
from fieldstone_metadata.nodes import Node, Source, words_in
from fieldstone_metadata.outlines import outline, transitions
from fieldstone_metadata.problems import ERROR, Problem
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.unread_sources import warn_of_unread_sources
from fieldstone_metadata.validation import sound
from fieldstone_metadata.workspace import Workspace
from fieldstone_metadata.world import World

_MOST_ATTEMPTS = 4
"""So often a check that follows another begins again, before it takes over nothing."""


@dataclass(frozen=True)
class Checked:
    """The result of a check. application: None if there is any error."""

    problems: tuple[Problem, ...]
    application: Application | None

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that forbid publishing."""
        return tuple(problem for problem in self.problems if problem.severity == ERROR)


def check(
    layers: Sequence[Layer], instead: Sequence[Document] = (), earlier: Application | None = None
) -> Checked:
    """Everything that is wrong with `layers` together, and what they declare if nothing is.

    The order of `layers` does not matter: `core` lies lowest, then apps after
    what they require, then `local`. instead: whole documents that stand for those of the same kind and name,
    with all that any layer changes in them. earlier: what another check gave, the parts of which are taken
    over where they would be the same again; the result is that of a check without it.
    """
    with without_collection():
        if earlier is not None and earlier.groundwork is not None:
            found = _following(layers, instead, earlier.groundwork)
            if found is not None:
                return found
        return _attempt(layers, instead, Building(Report())).checked


def laid_over(layers: Sequence[Layer]) -> dict[tuple[str, str], Document]:
    """The documents of `layers` laid over each other, by kind and name; `check` tells their problems."""
    return merge_layers(layers_in_order(layers), Building(Report()))


def layers_in_order(layers: Sequence[Layer]) -> list[LayerDocuments]:
    """The documents of `layers`, the lowest layer first; `check` tells their problems."""
    report = Report()
    return in_order(_layer_documents(layers, report, set()), report)


@dataclass(frozen=True)
class _Attempt:
    """silenced: names are missing or unsound, of which parts that were taken over know nothing.

    drifted: entities that look otherwise than they were thought to.
    """

    checked: Checked
    silenced: bool
    drifted: frozenset[Lookup]


def _following(
    layers: Sequence[Layer], instead: Sequence[Document], groundwork: Groundwork
) -> Checked | None:
    """The result of a check that takes over what it can; None if that is nothing.

    Whether the formulas of an entity have changed for others is only known when they have been checked: then
    it begins again, and takes over nothing that looked at the entity.
    """
    drifted: frozenset[Lookup] = frozenset()
    for _ in range(_MOST_ATTEMPTS):
        attempt = _attempt(layers, instead, Building(Report(), groundwork, set(drifted)))
        if attempt.silenced:
            return None
        if not attempt.drifted:
            return attempt.checked
        drifted |= attempt.drifted
    return None


def _attempt(layers: Sequence[Layer], instead: Sequence[Document], building: Building) -> _Attempt:
    report = building.report
    silenced: set[str] = set()
    merged = merge_layers(in_order(_layer_documents(layers, report, silenced), report), building)
    merged |= {(document.kind, document.name): document for document in instead}
    workspace = _workspace(merged, building, silenced)
    application = _build(workspace, layers)
    drifted = frozenset(building.drifted(formulas_of(workspace)))
    if any(problem.severity == ERROR for problem in report.problems):
        return _Attempt(Checked(report.sorted(), None), bool(silenced), drifted)
    warn_of_unread_sources(application, workspace)
    return _Attempt(Checked(report.sorted(), application), bool(silenced), drifted)


def _layer_documents(layers: Sequence[Layer], report: Report, silenced: set[str]) -> list[LayerDocuments]:
    found: dict[str, LayerDocuments] = {}
    for layer in layers:
        documents = documents_of(layer, report, silenced)
        if layer.name in found:
            source = Source(layer.name, layer.files[0].path if layer.files else "", "")
            report.at(source, 1, 1, "defined_twice", f"two layers are called `{layer.name}`")
            continue
        apps = [document for document in documents if document.kind == "app" and not document.extends]
        _check_apps(layer, apps, report)
        found[layer.name] = LayerDocuments(layer.name, tuple(documents), apps[0] if apps else None)
    return list(found.values())


def _check_apps(layer: Layer, apps: list[Document], report: Report) -> None:
    for app in apps[1:]:
        name = app.root.get("name") or app.root
        hint = f"the first is in {apps[0].root.source.path}:{apps[0].root.line}"
        report.error(name, "two_apps", "a layer holds one app; this is a second", hint)
    if not apps and layer.name != LOCAL and layer.files:
        source = Source(layer.name, layer.files[0].path, "")
        report.at(
            source, 1, 1, "app_document_missing", f"the layer `{layer.name}` has no document of kind `app`"
        )


def _workspace(merged: dict[tuple[str, str], Document], building: Building, silenced: set[str]) -> Workspace:
    """The sound parts of the merged documents."""
    found: dict[str, dict[str, Document]] = {}
    for (kind, name), document in merged.items():
        root = document.root if kind == RULES else _sound(document, building, silenced)
        if root is None:
            silenced |= {name, *words_in(document.root)}
        else:
            found.setdefault(kind, {})[name] = Document(kind, name, document.layer, root)
    building.compare_documents(found)
    watched = {kind: Watched(kind, building.lookups, documents.items()) for kind, documents in found.items()}
    return Workspace(watched, building.report, silenced, building)


def _sound(document: Document, building: Building, silenced: set[str]) -> Node | None:
    kind, root = document.kind, document.root
    return building.part(
        ("sound", kind, document.name), (root,), lambda: sound(root, kind, building.report, silenced)
    )


def _world(workspace: Workspace) -> World:
    """What expressions see, once the entities are outlined; it tells `building` what of it has changed."""
    building, roles = workspace.building, workspace.of_kind("role")
    world = World(workspace.entities, setting_types(workspace), roles, building.lookups)
    world.ways = transitions(workspace)
    world.told = entities_of_messages(workspace)
    building.compare_outlines(workspace.entities)
    building.compare_facts(world.facts())
    return world


def _build(workspace: Workspace, layers: Sequence[Layer]) -> Application:
    outline(workspace)
    report_idle_keys(workspace)
    report_bad_owning(workspace)
    world = _world(workspace)
    rule_files = read_rules(workspace, world)
    expressions = Expressions(world, workspace.report, workspace.silenced, rule_files.functions)
    world.stored_type = lambda entity, shape: stored_type(shape, entity, workspace, expressions)
    files = {layer.name: {file.path: file for file in layer.files} for layer in layers}
    entities = build_entities(workspace, expressions)
    workflows = _each("workflow", build_workflow, workspace, expressions)
    forms = _each("form", build_form, workspace, expressions)
    views = _each("view", build_view, workspace, expressions)
    data = [
        build_data(document, workspace, expressions, files) for document in workspace.of_kind("data").values()
    ]
    messages = _each("message", build_message, workspace, expressions)
    rules = build_rules(rule_files, workspace)
    check_chosen(workspace)
    roles = _each("role", build_role, workspace, expressions)
    world.settled()
    return Application(
        apps={name: build_app(document, workspace) for name, document in workspace.of_kind("app").items()},
        entities=entities,
        workflows=workflows,
        roles=roles,
        forms=forms,
        views=views,
        menus={name: build_menu(document, workspace) for name, document in workspace.of_kind("menu").items()},
        data={records.name: records for records in data if records is not None},
        schema=world,
        calendars={
            name: build_calendar(document, workspace)
            for name, document in workspace.of_kind("calendar").items()
        },
        messages=messages,
        option_sets={
            name: build_option_set(document, workspace)
            for name, document in workspace.of_kind("option_set").items()
        },
        rules=rules,
        functions=rule_files.functions,
        rule_origins=rule_origins(workspace),
        groundwork=workspace.building.groundwork(
            workspace.documents, workspace.entities, world.facts(), formulas_of(workspace)
        ),
    )


Declared = TypeVar("Declared", Form, Message, Role, View, Workflow)


def _each(
    kind: str,
    build: Callable[[Document, Workspace, Expressions], Declared | None],
    workspace: Workspace,
    expressions: Expressions,
) -> dict[str, Declared]:
    """What the sound documents of a kind declare, by name."""
    found: dict[str, Declared] = {}
    for name, document in workspace.of_kind(kind).items():
        made = workspace.building.part(
            (kind, name), (document.root,), partial(build, document, workspace, expressions)
        )
        if made is not None:
            found[name] = made
    return found
