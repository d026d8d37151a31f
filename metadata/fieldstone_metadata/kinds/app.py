"""Apps and their typed settings, and shared option sets."""

from __future__ import annotations

from collections.abc import Mapping

from fieldstone_metadata.declarations import App, OptionSet, Setting
from fieldstone_metadata.documents import Document
from fieldstone_metadata.field_types import FIELD_TYPES
from fieldstone_metadata.names import label_of
from fieldstone_metadata.nodes import Node, to_plain
from fieldstone_metadata.options import options_under, texts
from fieldstone_metadata.plain_values import TypeDetails, ValueFaultError
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.workspace import Workspace, origin_of
from fieldstone_rules.types import Type

CORE = "core"
_READ_BY_THE_PLATFORM = {
    "organisation": "text",
    "currency": "currency",
    "timezone": "timezone",
    "locale": "language",
}
"""Settings of `core` that the platform itself reads → their type, which no other layer may change."""


def build_app(document: Document, workspace: Workspace) -> App:
    """The declaration of an app."""
    root = document.root
    description = root.plain("description")
    settings = root.get("settings")
    if document.name == CORE and settings is not None:
        _check_core(settings, workspace.report)
    return App(
        name=document.name,
        label=label_of(root.plain("label"), document.name),
        version=root.plain("version"),
        requires=root.plain("requires", {}),
        description=label_of(description, document.name) if description else None,
        icon=root.plain("icon"),
        settings={
            name: _setting(name, node, workspace.report)
            for name, node in (settings.items() if settings else ())
        },
    )


def _check_core(settings: Node, report: Report) -> None:
    """Reports a change after which the platform could not read a setting of its own."""
    for name, type_name in _READ_BY_THE_PLATFORM.items():
        node = settings.get(name)
        if node is None or node.broken:
            continue
        if node.plain("type") != type_name:
            message = f"the platform reads `{name}`, so it stays a `{type_name}`"
            report.error(node.value["type"], "platform_setting", message, "change its `default` only")
        elif node.plain("default") in (None, ""):
            message = f"the platform reads `{name}`, so it needs a `default`"
            report.error(node.get("default") or node, "platform_setting", message)


def _setting(name: str, node: Node, report: Report) -> Setting:
    help_text = node.plain("help")
    choices = options_under(node, "options", report)
    type_name = node.plain("type")
    if type_name == "choice" and not choices:
        report.error_at_key(node, "options_missing", "a `choice` needs `options`")
    return Setting(
        name,
        type_name,
        label_of(node.plain("label"), name),
        _default(node, report),
        label_of(help_text, name) if help_text else None,
        choices,
    )


def _default(node: Node, report: Report) -> object:
    default = node.get("default")
    if default is None or default.value is None or node.broken:
        return None
    if isinstance(default.value, str) and default.value.startswith("="):
        report.error(default, "bad_value", "the default of a setting is a plain value, not an expression")
        return None
    try:
        return FIELD_TYPES[node.plain("type")].parse(to_plain(default), _details(node))
    except ValueFaultError as fault:
        report.error(default, "bad_value", f"this {fault}", fault.hint)
        return None


def _details(node: Node) -> TypeDetails:
    return TypeDetails(choices=tuple(option.value for option in options_under(node, "options", Report())))


def setting_types(workspace: Workspace) -> Mapping[str, Mapping[str, Type]]:
    """App → key → type of every setting, as expressions see them; nullable where there is no default."""
    found: dict[str, dict[str, Type]] = {}
    for name, document in workspace.of_kind("app").items():
        settings = document.root.get("settings")
        for key, node in settings.items() if settings else ():
            rule_type = FIELD_TYPES[node.plain("type")].rule_type(_details(node))
            found.setdefault(name, {})[key] = (
                rule_type if node.plain("default") is None else rule_type.required()
            )
    return found


def build_option_set(document: Document, workspace: Workspace) -> OptionSet:
    """The declaration of an option set."""
    root = document.root
    options = options_under(root, "options", workspace.report)
    label = label_of(root.plain("label"), document.name)
    return OptionSet(document.name, label, options, texts(root, "was"), origin_of(root))
