"""`check`: layers in, problems and the application out. Pure, without a database; all problems in one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fieldstone_metadata.allocation import without_collection
from fieldstone_metadata.declarations import Application
from fieldstone_metadata.documents import RULES, Document, documents_of
from fieldstone_metadata.expressions import Expressions
from fieldstone_metadata.kinds.app import build_app, build_option_set, setting_types
from fieldstone_metadata.kinds.calendar import build_calendar, check_chosen
from fieldstone_metadata.kinds.data import build_data
from fieldstone_metadata.kinds.entity import build_entities
from fieldstone_metadata.kinds.field import stored_type
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
from fieldstone_metadata.nodes import Source, words_in
from fieldstone_metadata.outlines import outline, transitions
from fieldstone_metadata.problems import ERROR, Problem
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.unread_sources import warn_of_unread_sources
from fieldstone_metadata.validation import sound
from fieldstone_metadata.workspace import Workspace
from fieldstone_metadata.world import World


@dataclass(frozen=True)
class Checked:
    """The result of a check. application: None if there is any error."""

    problems: tuple[Problem, ...]
    application: Application | None

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that forbid publishing."""
        return tuple(problem for problem in self.problems if problem.severity == ERROR)


def check(layers: Sequence[Layer], instead: Sequence[Document] = ()) -> Checked:
    """Everything that is wrong with `layers` together, and what they declare if nothing is.

    The order of `layers` does not matter: `core` lies lowest, then apps after
    what they require, then `local`. instead: whole documents that stand for those of the same kind and name,
    with all that any layer changes in them.
    """
    with without_collection():
        return _checked(layers, instead)


def laid_over(layers: Sequence[Layer]) -> dict[tuple[str, str], Document]:
    """The documents of `layers` laid over each other, by kind and name; `check` tells their problems."""
    report = Report()
    return merge_layers(in_order(_layer_documents(layers, report, set()), report), report)


def _checked(layers: Sequence[Layer], instead: Sequence[Document]) -> Checked:
    report = Report()
    silenced: set[str] = set()
    merged = merge_layers(in_order(_layer_documents(layers, report, silenced), report), report)
    merged |= {(document.kind, document.name): document for document in instead}
    workspace = _workspace(merged, report, silenced)
    application = _build(workspace, layers)
    if any(problem.severity == ERROR for problem in report.problems):
        return Checked(report.sorted(), None)
    warn_of_unread_sources(application, workspace)
    return Checked(report.sorted(), application)


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


def _workspace(merged: dict[tuple[str, str], Document], report: Report, silenced: set[str]) -> Workspace:
    """The sound parts of the merged documents."""
    documents: dict[str, dict[str, Document]] = {}
    for (kind, name), document in merged.items():
        root = document.root if kind == RULES else sound(document.root, kind, report, silenced)
        if root is None:
            silenced |= {name, *words_in(document.root)}
        else:
            documents.setdefault(kind, {})[name] = Document(kind, name, document.layer, root)
    return Workspace(documents, report, silenced)


def _build(workspace: Workspace, layers: Sequence[Layer]) -> Application:
    outline(workspace)
    report_idle_keys(workspace)
    report_bad_owning(workspace)
    world = World(workspace.entities, setting_types(workspace), workspace.of_kind("role"))
    world.ways = transitions(workspace)
    world.told = entities_of_messages(workspace)
    rule_files = read_rules(workspace, world)
    expressions = Expressions(world, workspace.report, workspace.silenced, rule_files.functions)
    world.stored_type = lambda entity, shape: stored_type(shape, entity, workspace, expressions)
    files = {layer.name: {file.path: file for file in layer.files} for layer in layers}
    entities = build_entities(workspace, expressions)
    workflows = [
        build_workflow(document, workspace, expressions)
        for document in workspace.of_kind("workflow").values()
    ]
    forms = [build_form(document, workspace, expressions) for document in workspace.of_kind("form").values()]
    views = [build_view(document, workspace, expressions) for document in workspace.of_kind("view").values()]
    data = [
        build_data(document, workspace, expressions, files) for document in workspace.of_kind("data").values()
    ]
    messages = [
        build_message(document, workspace, expressions) for document in workspace.of_kind("message").values()
    ]
    rules = build_rules(rule_files, workspace)
    check_chosen(workspace)
    return Application(
        apps={name: build_app(document, workspace) for name, document in workspace.of_kind("app").items()},
        entities=entities,
        workflows={workflow.name: workflow for workflow in workflows if workflow is not None},
        roles={
            name: build_role(document, workspace, expressions)
            for name, document in workspace.of_kind("role").items()
        },
        forms={form.name: form for form in forms if form is not None},
        views={view.name: view for view in views if view is not None},
        menus={name: build_menu(document, workspace) for name, document in workspace.of_kind("menu").items()},
        data={records.name: records for records in data if records is not None},
        schema=world,
        calendars={
            name: build_calendar(document, workspace)
            for name, document in workspace.of_kind("calendar").items()
        },
        messages={message.name: message for message in messages if message is not None},
        option_sets={
            name: build_option_set(document, workspace)
            for name, document in workspace.of_kind("option_set").items()
        },
        rules=rules,
        functions=rule_files.functions,
        rule_origins=rule_origins(workspace),
    )
