"""From an edit of a document to the single changes that it takes, and what a document says after each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from fieldstone_metadata.editing.edit import END, Edit, EditRefused, Step, shown
from fieldstone_metadata.editing.reading import normal, same
from fieldstone_metadata.layer_merging import NAMING_KEYS

MOST_CHANGES = 50
"""A value that differs in more places is written anew: the file is read again after every change."""

_MISSING = object()


@dataclass(frozen=True)
class Change:
    """One change at `path`, whose last step is a key, or a position in a list.

    action: "replace", "insert" (at `position` among its siblings), "remove" or "rename" (to `value`).
    """

    action: str
    path: tuple[Step, ...]
    value: Any = None
    position: int = 0


def changes(document: Any, edit: Edit) -> list[Change]:
    """What has to be done one after the other. Raises EditRefused for an edit that does not fit."""
    if not edit.path:
        raise EditRefused("not_supported", "An edit needs the path of what it changes.")
    return list(_ACTIONS[edit.action](document, edit))


def after(document: Any, change: Change) -> Any:
    """`document` with the change, as a plain value."""
    if not change.path:
        return change.value
    *above, last = change.path
    if above:
        inner = after(
            document[above[0]], Change(change.action, change.path[1:], change.value, change.position)
        )
        if isinstance(document, list):
            return [inner if index == above[0] else item for index, item in enumerate(document)]
        return {key: inner if key == above[0] else item for key, item in document.items()}
    if isinstance(document, list):
        return _list_after(document, int(last), change)
    return dict(_mapping_after(document, last, change))


def child(value: Any, step: Step) -> Any:
    """What `step` leads to, or a mark that `is_missing` knows."""
    if isinstance(value, dict):
        return value.get(step, _MISSING)
    if isinstance(value, list):
        index = position_of(value, step)
        return _MISSING if index is None else value[index]
    return _MISSING


def is_missing(value: Any) -> bool:
    """Whether `child` found nothing."""
    return value is _MISSING


def position_of(items: list[Any], step: Step | None) -> int | None:
    """The position of an item that is named by its position or by its name; None if there is none."""
    if isinstance(step, int):
        return step if 0 <= step < len(items) else None
    return next((index for index, item in enumerate(items) if item_name(item) == step), None)


def item_name(item: Any) -> str | None:
    """What names an item of a list: itself if it is text, else the first of its naming keys.

    Of a name in several languages it is the first of them, as where layers are merged.
    """
    if isinstance(item, str):
        return item
    if not isinstance(item, dict):
        return None
    names = (_in_one_language(item.get(key)) for key in NAMING_KEYS)
    return next((name for name in names if isinstance(name, str)), None)


def _in_one_language(name: Any) -> Any:
    return next(iter(name.values()), None) if isinstance(name, dict) else name


def _set(document: Any, edit: Edit) -> Iterator[Change]:
    path, missing = _resolved(document, edit.path)
    value = normal(edit.value)
    if missing:
        yield from _inserted(document, path, missing, value, edit)
        return
    if edit.before is not None or edit.after is not None:
        raise EditRefused("exists", f"`{shown(edit.path)}` has its place already.")
    found = list(islice(_difference(path, at(document, path), value), MOST_CHANGES + 1))
    yield from found if len(found) <= MOST_CHANGES else [Change("replace", path, value)]


def _add(document: Any, edit: Edit) -> Iterator[Change]:
    *above, last = edit.path
    path, missing = _resolved(document, tuple(above))
    parent = None if missing else at(document, path)
    if isinstance(parent, list):
        yield Change("insert", (*path, 0), normal(edit.value), _list_position(parent, edit))
        return
    if isinstance(parent, dict) and last in parent:
        raise EditRefused("exists", f"`{shown(edit.path)}` is there already.")
    yield from _set(document, edit)


def _remove(document: Any, edit: Edit) -> Iterator[Change]:
    path, missing = _resolved(document, edit.path)
    if missing:
        raise _not_found(edit.path)
    yield _without(document, path)


def _rename(document: Any, edit: Edit) -> Iterator[Change]:
    path, missing = _resolved(document, edit.path)
    if missing:
        raise _not_found(edit.path)
    parent = at(document, path[:-1])
    if not isinstance(parent, dict) or not edit.to:
        raise EditRefused("not_supported", "Only keys of mappings are renamed; set the name of an item.")
    if edit.to in parent:
        raise EditRefused("exists", f"`{shown((*edit.path[:-1], edit.to))}` is there already.")
    yield Change("rename", path, edit.to)


_ACTIONS = {"set": _set, "add": _add, "remove": _remove, "rename": _rename}


def at(document: Any, path: tuple[Step, ...]) -> Any:
    """The value that a path of keys and positions leads to."""
    for step in path:
        document = document[step]
    return document


def _resolved(document: Any, path: tuple[Step, ...]) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """The part of a path that exists, names of items being positions, and the rest of it."""
    found: list[Step] = []
    for index, step in enumerate(path):
        inner = child(document, step)
        if is_missing(inner):
            _check_room(document, path, index)
            return tuple(found), path[index:]
        found.append(step if isinstance(document, dict) else position_of(document, step) or 0)
        document = inner
    return tuple(found), ()


def _check_room(value: Any, path: tuple[Step, ...], index: int) -> None:
    """Refuse a path that leads through a list without such an item, or through a single value."""
    if isinstance(value, list) and index + 1 == len(path) and path[index] == END:
        return
    if value is not None and not isinstance(value, dict):
        raise _not_found(path[: index + 1])
    wrong = next((step for step in path[index:] if not isinstance(step, str)), None)
    if wrong is not None:
        raise _not_found(path)


def _inserted(
    document: Any, path: tuple[Step, ...], missing: tuple[Step, ...], value: Any, edit: Edit
) -> Iterator[Change]:
    parent = at(document, path)
    for step in reversed(missing[1:]):
        value = {step: value}
    if isinstance(parent, list):
        raise _not_found(edit.path)
    if not parent:
        yield Change("replace", path, {missing[0]: value})
        return
    anchored = len(missing) == 1
    position = _anchor(list(parent), edit) if anchored else len(parent)
    yield Change("insert", (*path, missing[0]), value, position)


def _anchor(names: list[Step], edit: Edit) -> int:
    anchor = edit.before if edit.before is not None else edit.after
    if anchor is None:
        return len(names)
    if anchor not in names:
        raise EditRefused(
            "not_found", f"There is no `{anchor}` beside which `{shown(edit.path)}` could stand."
        )
    return names.index(anchor) + (edit.before is None)


def _list_position(items: list[Any], edit: Edit) -> int:
    anchor = edit.before if edit.before is not None else edit.after
    if anchor is not None:
        found = position_of(items, anchor)
        if found is None:
            raise EditRefused("not_found", f"There is no item `{anchor}` in `{shown(edit.path[:-1])}`.")
        return found + (edit.before is None)
    last = edit.path[-1]
    if last == END:
        return len(items)
    if isinstance(last, int) and 0 <= last <= len(items):
        return last
    raise EditRefused("not_found", f"An item is added at a position from 0 to {len(items)}, or at `{END}`.")


def _without(document: Any, path: tuple[Step, ...]) -> Change:
    """A removal; what would hold nothing afterwards is replaced by an empty one."""
    parent = at(document, path[:-1])
    if len(parent) > 1:
        return Change("remove", path)
    return Change("replace", path[:-1], [] if isinstance(parent, list) else {})


def _difference(path: tuple[Step, ...], old: Any, new: Any) -> Iterator[Change]:
    """The changes that make `new` of `old`: as few and as deep inside as can be."""
    if same(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict) and _in_same_order(old, new):
        yield from _between_mappings(path, old, new)
    elif isinstance(old, list) and isinstance(new, list) and old and new:
        yield from _between_lists(path, old, new)
    else:
        yield Change("replace", path, new)


def _in_same_order(old: dict[str, Any], new: dict[str, Any]) -> bool:
    kept = [key for key in old if key in new]
    return bool(kept) and kept == [key for key in new if key in old]


def _between_mappings(path: tuple[Step, ...], old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for key, value in old.items():
        if key in new:
            yield from _difference((*path, key), value, new[key])
        else:
            yield Change("remove", (*path, key))
    for index, key in enumerate(new):
        if key not in old:
            yield Change("insert", (*path, key), new[key], index)


def _between_lists(path: tuple[Step, ...], old: list[Any], new: list[Any]) -> Iterator[Change]:
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    before, now = old[head : len(old) - tail], new[head : len(new) - tail]
    shared = min(len(before), len(now))
    for index in range(shared):
        yield from _difference((*path, head + index), before[index], now[index])
    for index in range(shared, len(now)):
        yield Change("insert", (*path, 0), now[index], head + index)
    for index in reversed(range(shared, len(before))):
        yield Change("remove", (*path, head + index))


def _alike(one: list[Any], other: list[Any]) -> int:
    """How many items in front are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, pair in pairs if not same(*pair)), min(len(one), len(other)))


def _list_after(items: list[Any], index: int, change: Change) -> list[Any]:
    found = list(items)
    if change.action == "insert":
        found.insert(change.position, change.value)
    elif change.action == "remove":
        del found[index]
    else:
        found[index] = change.value
    return found


def _mapping_after(mapping: dict[str, Any], key: Step, change: Change) -> Iterator[tuple[Any, Any]]:
    entries: list[tuple[Any, Any]] = list(mapping.items())
    if change.action == "insert":
        entries.insert(change.position, (key, change.value))
    for name, value in entries:
        if name != key or change.action == "insert":
            yield name, value
        elif change.action == "rename":
            yield change.value, value
        elif change.action == "replace":
            yield name, change.value


def _not_found(path: tuple[Step, ...]) -> EditRefused:
    return EditRefused("not_found", f"There is no `{shown(path)}` in this document.")
