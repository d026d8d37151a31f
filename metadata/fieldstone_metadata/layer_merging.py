"""Laying layers over each other: a higher layer changes a lower document with `extends: true`.

The merge goes by key: a key replaces, a mapping merges, `null` removes, a list whose items have names
merges by name, other lists are replaced. `after` and `before` place an ordered element; `remove: true`
takes an item out of a list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fieldstone_metadata.documents import Document
from fieldstone_metadata.groundwork import Building
from fieldstone_metadata.layer_order import LayerDocuments
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.suggestions import did_you_mean

NAMED_LISTS = frozenset({"options", "items", "steps", "columns", "fields", "layout", "duplicates", "quick"})
"""The keys whose lists merge by the names of their items."""

NAMING_KEYS = ("name", "value", "field", "related", "view", "entity", "section", "tab")
"""The keys of an item that can name it, the first first."""
_DIRECTIONS = frozenset({"after", "before"})
IDENTITY = frozenset({"kind", "name", "extends"})
"""What says which document is changed, and is no change."""

Key = tuple[str, str]


def merge_layers(layers: Sequence[LayerDocuments], building: Building) -> dict[Key, Document]:
    """The documents of `layers` (lowest first) laid over each other, in the
    order of their first declaration.
    """
    report = building.report
    merged: dict[Key, Document] = {}
    for layer in layers:
        for document in layer.documents:
            _add(document, merged, report)
        for document in layer.documents:
            if document.extends:
                _extend(document, merged, building)
    return merged


def _add(document: Document, merged: dict[Key, Document], report: Report) -> None:
    key = (document.kind, document.name)
    if document.extends:
        return
    earlier = merged.get(key)
    if earlier is None:
        merged[key] = document
        return
    name = document.root.get("name") or document.root
    where = f"{earlier.root.source.path}:{earlier.root.line}"
    what = f"{document.kind} `{document.name}`"
    if earlier.layer == document.layer:
        report.error(name, "defined_twice", f"the {what} is defined a second time; the first is in {where}")
        return
    both = f"`{document.layer}` and `{earlier.layer}` both define the {what}"
    message = f"{both}; `{earlier.layer}` does so in {where}"
    report.error(
        name,
        "defined_twice",
        message,
        "write `extends: true` to change the other one, or choose another name",
    )


def _extend(document: Document, merged: dict[Key, Document], building: Building) -> None:
    report = building.report
    key = (document.kind, document.name)
    base = merged.get(key)
    if base is None:
        known = [name for kind, name in merged if kind == document.kind]
        message = f"there is no {document.kind} `{document.name}` in a lower layer to extend"
        report.error(
            document.root.get("name") or document.root,
            "nothing_to_extend",
            message,
            did_you_mean(document.name, known),
        )
        return
    if base.layer == document.layer:
        report.error(document.root.get("extends") or document.root, "extends_itself", _SAME_LAYER)
        return
    changes = {name: node for name, node in document.root.items() if name not in IDENTITY}
    merged[key] = replace(
        base,
        root=building.part(
            ("extended", document.layer, *key),
            (base.root, document.root),
            lambda: _merge_mappings(base.root, document.root.with_value(changes), document.layer, report),
        ),
    )


_SAME_LAYER = "this document extends one of its own layer: write the change there"


def _merge(base: Node, change: Node, key: str, layer: str, report: Report) -> Node:
    if isinstance(base.value, dict) and isinstance(change.value, dict):
        return _merge_mappings(base, change, layer, report)
    if isinstance(base.value, list) and isinstance(change.value, list) and key in NAMED_LISTS:
        return _merge_lists(base, change, layer, report)
    return _changed(change, base, layer)


def _changed(node: Node, base: Node, layer: str) -> Node:
    return replace(node, changed_by=_with(base.changed_by, layer), owned_by=base.owner)


def _merge_mappings(base: Node, change: Node, layer: str, report: Report) -> Node:
    """`base` with the entries of `change`; the place of the result is the base's."""
    entries = dict(base.items())
    for key, node in change.items():
        if node.value is None and key in entries:
            del entries[key]
        elif node.value is None:
            report.warning(
                node, "nothing_to_remove", f"`{key}: null` removes nothing: no lower layer has `{key}`"
            )
        else:
            content, anchors = without_anchors(node)
            known = entries.get(key)
            entries[key] = _merge(known, content, key, layer, report) if known else content
            entries = _placed(entries, key, anchors, report)
    return replace(base, value=entries, changed_by=_with(base.changed_by, layer))


def _with(layers: tuple[str, ...], layer: str) -> tuple[str, ...]:
    return layers if layer in layers else (*layers, layer)


def without_anchors(node: Node) -> tuple[Node, dict[str, Node]]:
    """An element without `after` and `before`, and those."""
    if not isinstance(node.value, dict):
        return node, {}
    anchors = {key: child for key, child in node.items() if key in _DIRECTIONS}
    rest = {key: child for key, child in node.items() if key not in anchors}
    return (node.with_value(rest), anchors) if anchors else (node, {})


def _placed(entries: dict[str, Node], key: str, anchors: dict[str, Node], report: Report) -> dict[str, Node]:
    """`entries` with `key` moved to where its anchor says."""
    names = list(entries)
    for direction, anchor in anchors.items():
        if anchor.value not in entries or anchor.value == key:
            message = f"there is no `{anchor.value}` here to stand {direction}"
            report.error(
                anchor, "unknown_anchor", message, did_you_mean(str(anchor.value), set(names) - {key})
            )
            continue
        names.remove(key)
        names.insert(names.index(anchor.value) + (direction == "after"), key)
    return {name: entries[name] for name in names}


def _merge_lists(base: Node, change: Node, layer: str, report: Report) -> Node:
    """Two lists whose items have names, as if they were mappings."""
    entries = {item_name(item, index): item for index, item in enumerate(base.value)}
    for index, item in enumerate(change.value):
        name = item_name(item, len(base.value) + index)
        content, anchors = without_anchors(item)
        known = entries.get(name)
        if removes(content):
            _remove_item(entries, name, item, report)
            continue
        entries[name] = _merged_item(known, content, layer, report) if known else _bare(content)
        entries = _placed(entries, name, anchors, report)
    return replace(base, value=list(entries.values()), changed_by=_with(base.changed_by, layer))


def _merged_item(base: Node, change: Node, layer: str, report: Report) -> Node:
    """An item with what is changed of it; one that is only placed elsewhere stays as it is written."""
    if _bare(change).value == base.value:
        return replace(base, changed_by=_with(base.changed_by, layer))
    return _merge(base, change, "", layer, report)


def _bare(item: Node) -> Node:
    """`{field: name}`, which only placed the item, as the plain name that other items are."""
    if isinstance(item.value, dict) and list(item.value) == ["field"]:
        return item.value["field"]  # type: ignore[no-any-return]  # a Node's value is untyped
    return item


def removes(item: Node) -> bool:
    """Whether an item of a list says that it is to go."""
    remove = item.get("remove")
    return remove is not None and remove.value is True


def _remove_item(entries: dict[str, Node], name: str, item: Node, report: Report) -> None:
    if entries.pop(name, None) is None:
        report.warning(item, "nothing_to_remove", f"this removes nothing: no lower layer has `{name}` here")


def item_name(item: Node, index: int) -> str:
    """What names an item of a list: itself if it is text, else the first of its naming keys."""
    if isinstance(item.value, str):
        return item.value
    for key in NAMING_KEYS:
        name = item.get(key)
        if name is not None and isinstance(name.value, str):
            return name.value
        if name is not None and isinstance(name.value, dict):
            return str(next((text.value for _, text in name.items()), index))
    return "timeline" if item.get("timeline") else f"#{index}"
