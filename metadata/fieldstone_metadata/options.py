"""The options of choices: declared at the field, shared in an option set, or the states of a workflow."""

from __future__ import annotations

from collections.abc import Iterable

from fieldstone_metadata.declarations import Option
from fieldstone_metadata.names import label_from_name, label_of
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.reporting import Report


def options_under(node: Node, key: str, report: Report) -> tuple[Option, ...]:
    """The options in the list under `key`; reports values that stand there twice."""
    found: dict[str, Option] = {}
    for item in node.list_under(key):
        option = option_of(item)
        if option.value in found:
            message = f"the option `{option.value}` stands here twice"
            report.error(item, "repeated_value", message)
        found.setdefault(option.value, option)
    return tuple(found.values())


def option_of(item: Node) -> Option:
    """An option written as a plain value or as a mapping."""
    if isinstance(item.value, str):
        return Option(item.value, {"": _label(item.value)})
    value = item.plain("value")
    declared = item.plain("label")
    label = label_of(declared, value) if declared else {"": _label(value)}
    return Option(value, label, item.plain("color"), texts(item, "for"), texts(item, "was"))


def _label(value: str) -> str:
    """`in_review` → "In review", while `DE` and `Gold` stay."""
    return label_from_name(value) if value == value.lower() else value.replace("_", " ")


def states_as_options(states: Iterable[tuple[str, Node]], declared: Iterable[Option]) -> tuple[Option, ...]:
    """The options of a field under a workflow: its states in their order, then
    what only the field declares.
    """
    own = {option.value: option for option in declared}
    options = []
    for name, node in states:
        known = own.pop(name, None)
        label = node.plain("label")
        shown = label_of(label, name) if label or known is None else known.label
        color = node.plain("color") or (known.color if known else None)
        options.append(Option(name, shown, color, was=texts(node, "was")))
    return (*options, *own.values())


def texts(node: Node, key: str) -> tuple[str, ...]:
    """The texts under `key`: one, a list, or none."""
    return tuple(child.value for child in node.list_under(key) if isinstance(child.value, str))
