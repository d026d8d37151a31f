"""The edits of documents that a caller sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fieldstone.web import bodies
from fieldstone.web.api.metadata.sent import refused
from fieldstone_metadata.editing import ACTIONS, DocumentEdit, Edit, Step

MOST_EDITS = 100
"""How many edits one call makes."""

_EDITS = "edits"
_LONGEST_PATH = 32
_MEMBERS = ("kind", "name", "layer", "path", "action", "value", "before", "after", "to")
_OF_ACTIONS: Mapping[str, frozenset[str]] = {
    "set": frozenset({"value", "before", "after"}),
    "add": frozenset({"value", "before", "after"}),
    "remove": frozenset(),
    "rename": frozenset({"to"}),
}
"""Action → the members that only some actions have."""


def sent_edits(body: Mapping[str, Any]) -> list[DocumentEdit]:
    """The edits in `{"edits": […]}`. Raises Malformed."""
    bodies.only(body, (_EDITS,))
    sent = body.get(_EDITS)
    if not isinstance(sent, list) or not 0 < len(sent) <= MOST_EDITS:
        raise refused(_EDITS, f"`{_EDITS}` is a list of 1 to {MOST_EDITS} edits.")
    return [_edit(f"{_EDITS}.{index}", item) for index, item in enumerate(sent)]


def _edit(place: str, item: Any) -> DocumentEdit:
    if not isinstance(item, dict):
        raise refused(place, "An edit is an object.")
    bodies.only(item, _MEMBERS)
    action = item.get("action")
    if action not in ACTIONS:
        raise refused(f"{place}.action", f"`action` is one of {', '.join(ACTIONS)}.")
    _check_members(place, item, action)
    edit = Edit(
        _path(place, item.get("path")),
        action,
        item.get("value"),
        _step(place, item, "before"),
        _step(place, item, "after"),
        _text(place, item, "to", required=action == "rename"),
    )
    if edit.before is not None and edit.after is not None:
        raise refused(f"{place}.after", "An element stands `before` or `after` another one, not both.")
    kind, name = _text(place, item, "kind", required=True), _text(place, item, "name", required=True)
    return DocumentEdit(kind or "", name or "", edit, _text(place, item, "layer"))


def _check_members(place: str, item: Mapping[str, Any], action: str) -> None:
    """Refuse members that say nothing for the action, and a value that is missing."""
    special = frozenset().union(*_OF_ACTIONS.values())
    for name in item:
        if name in special - _OF_ACTIONS[action] and item[name] is not None:
            raise refused(f"{place}.{name}", f"`{name}` does not go with `{action}`.")
    if "value" in _OF_ACTIONS[action] and "value" not in item:
        raise refused(f"{place}.value", "`value` is missing.", "required")


def _path(place: str, value: Any) -> tuple[Step, ...]:
    fits = isinstance(value, list) and len(value) <= _LONGEST_PATH and all(_is_step(step) for step in value)
    if not fits:
        raise refused(f"{place}.path", "`path` is a list of keys and of positions or names of items.")
    return tuple(value)


def _step(place: str, item: Mapping[str, Any], name: str) -> Step | None:
    value: Step | None = item.get(name)
    if value is not None and not _is_step(value):
        raise refused(f"{place}.{name}", f"`{name}` is a key, or the position or the name of an item.")
    return value


def _is_step(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))


def _text(place: str, item: Mapping[str, Any], name: str, *, required: bool = False) -> str | None:
    value = item.get(name)
    if (value is None and not required) or (isinstance(value, str) and value):
        return value
    raise refused(f"{place}.{name}", f"`{name}` is a text.", "required" if value is None else "bad_value")
