"""Changes of higher layers whose base a new version of a lower layer changes too.

What a layer says with `extends: true` is compared, key by key, with what all layers below it say before and
after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fieldstone_metadata.checking import layers_in_order
from fieldstone_metadata.declared_parts import PARTS, element_of
from fieldstone_metadata.documents import Document
from fieldstone_metadata.groundwork import Building
from fieldstone_metadata.layer_files import Layer
from fieldstone_metadata.layer_merging import (
    IDENTITY,
    NAMED_LISTS,
    item_name,
    merge_layers,
    removes,
    without_anchors,
)
from fieldstone_metadata.layer_order import LayerDocuments
from fieldstone_metadata.nodes import Node, to_plain
from fieldstone_metadata.reporting import Report

MINE, THEIRS = "mine", "theirs"
_INNER = frozenset({"document", "steps", "names"})
Step = str | int
_Documents = Mapping[tuple[str, str], Document]


@dataclass(frozen=True)
class UpgradeConflict:
    """An element that a higher layer changes, and that is otherwise below it than it was.

    layer, path, line: where the change stands. kind, name: of the element. base: what the layers below said;
    theirs: what they say now; mine: what the higher layer says; None where that is nothing. choices: the
    sides that can be taken. renamed_to: what the element is called now, where it only has another name.
    document: the kind and name of the document with the change; steps: the keys and positions that lead to
    it; names: the keys and names of items that do.
    """

    layer: str
    path: str
    line: int
    kind: str
    name: str
    base: Any
    mine: Any
    theirs: Any
    message: str
    choices: tuple[str, ...] = (MINE, THEIRS)
    renamed_to: str | None = None
    document: tuple[str, str] = ("", "")
    steps: tuple[Step, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def element(self) -> str:
        """What people call it and choose by."""
        return f"{self.kind} {self.name}"

    def as_json(self) -> dict[str, Any]:
        """The conflict as plain values."""
        told = {key: value for key, value in asdict(self).items() if key not in _INNER}
        return told | {"element": self.element, "choices": list(self.choices)}


@dataclass(frozen=True)
class _Place:
    """An element on the way down a document that extends. names: keys and names of items; steps: keys and
    positions. within: the key of the list or mapping that it stands in.
    """

    document: Document
    names: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    def below(self, name: str, step: Step) -> _Place:
        return _Place(self.document, (*self.names, name), (*self.steps, step))

    @property
    def key(self) -> str:
        last = self.steps[-1] if self.steps else ""
        return last if isinstance(last, str) else ""

    @property
    def is_named(self) -> bool:
        """Whether it has a name of its own, as fields and columns do, and is no attribute."""
        around = self.steps[-2] if len(self.steps) > 1 else ""
        return around in NAMED_LISTS or around in PARTS.get(self.document.kind, {})

    @property
    def element(self) -> tuple[str, str]:
        """Kind and name, as plans call it."""
        return element_of(self.document.kind, self.document.name, self.names)


def upgrade_conflicts(before: Sequence[Layer], after: Sequence[Layer]) -> tuple[UpgradeConflict, ...]:
    """All conflicts between `before` (the layers in force) and `after` (those that are wanted), lowest first.

    A change that was not in force as it is now was made with the new base in sight and is none; so are those
    of an app that comes in another version itself.
    """
    if _lower(before) == _lower(after):
        return ()
    old, new = layers_in_order(before), layers_in_order(after)
    positions = {layer.name: index for index, layer in enumerate(old)}
    found: list[UpgradeConflict] = []
    for index, layer in enumerate(new):
        extending = [document for document in layer.documents if document.extends]
        position = positions.get(layer.name)
        if position is None or not extending or _version(old[position]) != _version(layer):
            continue
        bases, now = _laid(old[:position]), _laid(new[:index])
        known = {(each.kind, each.name): each for each in old[position].documents if each.extends}
        for document in extending:
            found += _of_document(document, known, bases, now)
    return tuple(found)


def _lower(layers: Sequence[Layer]) -> Mapping[str, object]:
    """What can lie below something: every layer but the highest."""
    return {layer.name: layer.files for layer in layers if layer.name != "local"}


def _version(layer: LayerDocuments) -> Any:
    return layer.app.root.plain("version") if layer.app else None


def _laid(layers: Sequence[LayerDocuments]) -> _Documents:
    return merge_layers(layers, Building(Report()))


def _of_document(
    document: Document, known: _Documents, bases: _Documents, now: _Documents
) -> Iterator[UpgradeConflict]:
    key = (document.kind, document.name)
    base, theirs, before = bases.get(key), now.get(key), known.get(key)
    if base is None or before is None:
        return
    place = _Place(document)
    if theirs is None:
        names = {name: each.root for (kind, name), each in now.items() if kind == document.kind}
        yield _gone(place, document.root, base.root, _renamed(document.name, names, set()), partial=True)
        return
    change = document.root.with_value(
        {name: node for name, node in document.root.items() if name not in IDENTITY}
    )
    for conflict in _within(place, change, base.root, theirs.root):
        if _said(before.root, conflict.names) == _said(document.root, conflict.names):
            yield conflict


def _said(root: Node, names: Sequence[str]) -> Any:
    """What stands at a place, as plain values; None where there is no such place."""
    node: Node | None = root
    key = ""
    for name in names:
        node = _entries(node, key).get(name, (0, None))[1]
        key = name
    return _plain(node)


def _within(place: _Place, change: Node, base: Node | None, theirs: Node) -> Iterator[UpgradeConflict]:
    """The conflicts of the entries of a mapping, or of a list whose items have names."""
    old, new = _entries(base, place.key), _entries(theirs, place.key)
    own = _entries(change, place.key)
    for name, (step, node) in own.items():
        below = place.below(name, step)
        content, anchors = without_anchors(node)
        before, now = (found.get(name, (0, None))[1] for found in (old, new))
        renamed = _renamed(name, {key: each for key, (_, each) in new.items()}, set(old))
        yield from _of_entry(below, content, before, now, renamed)
        for direction, anchor in anchors.items():
            if anchor.value in old and anchor.value not in new:
                to = _renamed(anchor.value, {key: each for key, (_, each) in new.items()}, set(old))
                at = below.below(direction, direction)
                yield _gone(at, anchor, anchor, to, partial=True)


def _entries(node: Node | None, key: str) -> dict[str, tuple[Step, Node]]:
    """The entries that a merge tells apart, by name; none for what it replaces as a whole."""
    if node is None:
        return {}
    if isinstance(node.value, list) and (key in NAMED_LISTS):
        return {item_name(item, index): (index, item) for index, item in enumerate(node.value)}
    return {name: (name, item) for name, item in node.items()}


def _of_entry(
    place: _Place, mine: Node, base: Node | None, theirs: Node | None, renamed: str | None
) -> Iterator[UpgradeConflict]:
    if _plain(base) == _plain(theirs) or _plain(mine) == _plain(theirs):
        return
    if mine.value is None or removes(mine):
        if theirs is not None:
            yield _conflict(place, mine, base, theirs, _REMOVED_HERE)
    elif theirs is None:
        yield _gone(place, mine, base, renamed, partial=_merges(mine, base, place.key))
    elif _merges(mine, theirs, place.key) and (base is not None or not place.is_named):
        yield from _within(place, mine, base, theirs)
    else:
        yield _conflict(place, mine, base, theirs, _BOTH_CHANGE if base is not None else _BOTH_ADD)


_BOTH_CHANGE = "It is changed here, and otherwise in the new version."
_BOTH_ADD = "It is added here, and otherwise in the new version."
_REMOVED_HERE = "It is removed here, and the new version changes it."


def _merges(one: Node | None, other: Node | None, key: str) -> bool:
    """Whether two values are merged entry by entry rather than replaced."""
    values = [node.value if node is not None else None for node in (one, other)]
    lists = all(isinstance(value, list) for value in values) and key in NAMED_LISTS
    return lists or all(isinstance(value, dict) for value in values)


def _plain(node: Node | None) -> Any:
    return None if node is None else to_plain(node)


def _renamed(name: str, now: Mapping[str, Node], known: set[str]) -> str | None:
    """The new element that says that it was `name`."""
    for other, node in now.items():
        if other not in known and name in [each.value for each in node.list_under("was")]:
            return other
    return None


def _gone(
    place: _Place, mine: Node, base: Node | None, renamed: str | None, *, partial: bool
) -> UpgradeConflict:
    """What the new version does not have any more. partial: what is said of it here cannot stand alone."""
    if renamed is not None:
        message = f"The new version calls it `{renamed}`. To keep the change means to make it there."
        return _conflict(place, mine, base, None, message, renamed_to=renamed)
    message = "The new version does not have it any more."
    if not partial:
        return _conflict(place, mine, base, None, message)
    message += " What is said of it here cannot stand alone; to keep it, declare it in full instead."
    return _conflict(place, mine, base, None, message, choices=(THEIRS,))


def _conflict(
    place: _Place,
    mine: Node,
    base: Node | None,
    theirs: Node | None,
    message: str,
    *,
    choices: tuple[str, ...] = (MINE, THEIRS),
    renamed_to: str | None = None,
) -> UpgradeConflict:
    kind, name = place.element
    document = (place.document.kind, place.document.name)
    sides = (_plain(base), _plain(mine), _plain(theirs))
    where = (place.document.layer, mine.source.path, mine.place[0])
    return UpgradeConflict(
        *where, kind, name, *sides, message, choices, renamed_to, document, place.steps, place.names
    )
