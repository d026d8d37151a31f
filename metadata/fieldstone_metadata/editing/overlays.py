"""Edits of what a lower layer declares, as edits of the document that changes it with `extends: true`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fieldstone_metadata.editing.changes import (
    after,
    at,
    changes,
    child,
    is_missing,
    item_name,
    position_of,
)
from fieldstone_metadata.editing.edit import END, Edit, EditRefused, Step, shown
from fieldstone_metadata.editing.reading import normal, same
from fieldstone_metadata.layer_merging import NAMED_LISTS, NAMING_KEYS


def overlaid(merged: Any, own: Any, edit: Edit) -> Edit:
    """What has to be changed in `own`, the document that extends, for `edit` to hold for `merged`, the whole.

    Raises EditRefused for what no higher layer can say, and for edits that do not fit the whole.
    """
    if edit.action == "rename":
        message = f"`{shown(edit.path)}` is named by an app that is shipped; set a label instead."
        raise EditRefused("not_supported", message)
    changes(merged, edit)
    length = _list_in(merged, edit.path)
    if length is not None:
        return _in_list(merged, own, edit, length)
    if edit.action == "remove":
        return Edit(edit.path, "set", None)
    old = _found(merged, edit.path)
    value = normal(edit.value) if is_missing(old) else _over(old, normal(edit.value))
    return Edit(edit.path, "set", _placed(value, edit, None))


def by_names(merged: Any, edit: Edit) -> Edit:
    """`edit` with names in the place of positions: layers hold different parts of the lists of `merged`."""
    path: list[Step] = []
    value = merged
    for step in edit.path:
        is_last = len(path) + 1 == len(edit.path)
        path.append(_name_at(value, step) if _named(path, value) and not is_last else step)
        value = child(value, step)
    if not _list_above(merged, edit):
        return replace(edit, path=tuple(path))
    items, last = _found(merged, edit.path[:-1]), path[-1]
    before, behind = _name_at(items, edit.before), _name_at(items, edit.after)
    if edit.action != "add":
        return replace(edit, path=(*path[:-1], _name_at(items, last)))
    if before is None and behind is None and isinstance(last, int) and last < len(items):
        before = _name_at(items, last)
    return replace(edit, path=(*path[:-1], END), before=before, after=behind)


def replaces_list(merged: Any, edit: Edit) -> bool:
    """Whether the edit is in a list that the highest layer which has it says as a whole."""
    length = _list_in(merged, edit.path)
    return length is not None and edit.path[length - 1] not in NAMED_LISTS


def _named(path: list[Step], value: Any) -> bool:
    return isinstance(value, list) and bool(path) and path[-1] in NAMED_LISTS


def _list_above(merged: Any, edit: Edit) -> bool:
    """Whether the last step is into a list whose items have names."""
    return _named(list(edit.path[:-1]), _found(merged, edit.path[:-1]))


def _name_at(items: Any, step: Any) -> Any:
    """The name of the item at a position; the step itself where it is a name, or leads to none."""
    if not isinstance(items, list) or not isinstance(step, int) or not 0 <= step < len(items):
        return step
    name = item_name(items[step])
    return step if name is None else name


def _list_in(merged: Any, path: tuple[Step, ...]) -> int | None:
    """How many steps of `path` lead to a list that the rest leads into; None if there is none."""
    value = merged
    for length, step in enumerate(path):
        if isinstance(value, list):
            return length
        value = child(value, step)
    return None


def _found(value: Any, path: tuple[Step, ...]) -> Any:
    for step in path:
        value = child(value, step)
    return value


def _over(old: Any, new: Any) -> Any:
    """What laid over `old` makes `new` of it: a mapping only adds, so what is to go is null."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    gone = {key: None for key in old if key not in new}
    changed = {key: _over(old.get(key), item) for key, item in new.items() if not _alike(old, key, item)}
    return changed | gone


def _alike(old: Mapping[str, Any], key: str, item: Any) -> bool:
    return key in old and same(old[key], item)


def _placed(value: Any, edit: Edit, text_key: str | None) -> Any:
    """`value` with the word that says where it stands."""
    anchors = {"before": edit.before, "after": edit.after}
    wanted = {word: name for word, name in anchors.items() if name is not None}
    if not wanted:
        return value
    if isinstance(value, str) and text_key is not None:
        value = {text_key: value}
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in wanted.values()):
        message = "In a layer above, only an element that is a mapping can be placed, beside one with a name."
        raise EditRefused("not_supported", message)
    return value | wanted


def _in_list(merged: Any, own: Any, edit: Edit, length: int) -> Edit:
    where = edit.path[:length]
    key = where[-1]
    items = at(merged, where)
    if key not in NAMED_LISTS:
        return Edit(where, "set", _found(_afterwards(merged, edit), where))
    known = _found(own, where)
    if len(edit.path) > length + 1:
        return _inside_item(items, known, edit, length)
    item = _item(str(key), items, edit, edit.path[length:])
    if is_missing(known) or not isinstance(known, list):
        return Edit(where, "set", [item])
    position = position_of(known, item_name(item))
    if position is None:
        return Edit((*where, END), "add", item)
    both = item if not isinstance(known[position], dict) or "remove" in item else known[position] | item
    return Edit((*where, position), "set", both)


_KEEPS_NAME = "An item that a shipped app names keeps its name."


def _inside_item(items: list[Any], known: Any, edit: Edit, length: int) -> Edit:
    """An edit within an item: of the same item in `known`, or of one that only says what is different."""
    where, rest = edit.path[:length], edit.path[length:]
    old = _named_item(items, edit, rest[0])
    inner = replace(edit, path=rest[1:])
    if not isinstance(old, dict) or item_name(_afterwards(old, inner)) != item_name(old):
        raise EditRefused("not_supported", _KEEPS_NAME)
    position = position_of(known, item_name(old)) if isinstance(known, list) else None
    own = {} if position is None else known[position]
    said = overlaid(old, own if isinstance(own, dict) else {}, inner)
    if position is not None and isinstance(own, dict):
        return replace(said, path=(*where, position, *said.path))
    item = _identity(old, _naming(old, "")) | _nested(said)
    if position is not None:
        return Edit((*where, position), "set", item)
    return Edit((*where, END), "add", item) if isinstance(known, list) else Edit(where, "set", [item])


def _nested(edit: Edit) -> Any:
    """What an edit of an empty mapping makes of it."""
    value = edit.value
    for step in reversed(edit.path):
        value = {step: value}
    return value


def _afterwards(merged: Any, edit: Edit) -> Any:
    for change in changes(merged, edit):
        merged = after(merged, change)
    return merged


def _item(key: str, items: list[Any], edit: Edit, rest: tuple[Step, ...]) -> Any:
    """The item of a list above that says what is to be different of the one below."""
    text_key = "value" if key == "options" else "field"
    if edit.action == "add" and len(rest) == 1:
        _check_new(items, edit)
        return _placed(normal(edit.value), edit, text_key)
    old = _named_item(items, edit, rest[0])
    naming = _naming(old, text_key)
    if edit.action == "remove":
        return {naming: item_name(old), "remove": True}
    now = normal(edit.value)
    if item_name(now) != item_name(old):
        raise EditRefused("not_supported", _KEEPS_NAME)
    return _identity(old, naming) | _over(old, now) if isinstance(now, dict) else now


def _check_new(items: list[Any], edit: Edit) -> None:
    name = item_name(normal(edit.value))
    if name is not None and position_of(items, name) is not None:
        raise EditRefused("exists", f"`{shown((*edit.path[:-1], name))}` is there already.")


def _named_item(items: list[Any], edit: Edit, step: Step) -> Any:
    """The item at a step. Raises EditRefused for one that no layer above can name."""
    position = position_of(items, step)
    item = items[position] if position is not None else None
    if item_name(item) is None:
        message = f"`{shown(edit.path)}` is in an item without a name, which no layer above can change."
        raise EditRefused("not_supported", message)
    return item


def _identity(item: Any, naming: str) -> dict[str, Any]:
    """What a layer above says to name the item."""
    return {naming: item[naming] if isinstance(item, dict) else item}


def _naming(item: Any, text_key: str) -> str:
    if not isinstance(item, dict):
        return text_key
    return next(key for key in NAMING_KEYS if isinstance(item.get(key), str | dict))
