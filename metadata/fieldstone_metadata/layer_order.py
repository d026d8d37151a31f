"""The order of layers: `core`, then apps after what they require, then `local`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fieldstone_metadata.documents import Document
from fieldstone_metadata.layer_files import LOCAL
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.suggestions import did_you_mean
from fieldstone_metadata.versions import satisfies

CORE = "core"


@dataclass(frozen=True)
class LayerDocuments:
    """A layer with its documents and its `app` document (None for `local`)."""

    name: str
    documents: tuple[Document, ...]
    app: Document | None


def in_order(layers: Sequence[LayerDocuments], report: Report) -> list[LayerDocuments]:
    """`layers` from the lowest to the highest. Reports apps that are missing, too
    old, or require each other.
    """
    by_name = {layer.name: layer for layer in layers}
    if CORE not in by_name and layers:
        _report_no_core(layers[0], report)
    for layer in layers:
        for name, node in _requires(layer).items():
            _check_requirement(layer, name, node, by_name, report)
    ordered: list[LayerDocuments] = []
    done: set[str] = set()
    for layer in sorted(layers, key=_rank):
        _place(layer, by_name, ordered, done, report)
    return ordered


def _report_no_core(layer: LayerDocuments, report: Report) -> None:
    for document in layer.documents[:1]:
        report.error(
            document.root, "app_missing", f"the app `{CORE}`, which lies below every other, is missing"
        )


def _rank(layer: LayerDocuments) -> tuple[int, str]:
    return {CORE: 0, LOCAL: 2}.get(layer.name, 1), layer.name


def _requires(layer: LayerDocuments) -> Mapping[str, Node]:
    node = layer.app.root.get("requires") if layer.app else None
    return dict(node.items()) if node is not None else {}


def _check_requirement(
    layer: LayerDocuments, name: str, node: Node, by_name: Mapping[str, LayerDocuments], report: Report
) -> None:
    required = by_name.get(name)
    if required is None or required.app is None:
        hint = did_you_mean(name, by_name.keys() - {layer.name, LOCAL})
        report.error_at_key(node, "app_missing", f"the app `{name}` is required and is not installed", hint)
        return
    version = required.app.root.plain("version")
    try:
        fits = satisfies(str(version), str(node.value))
    except ValueError:
        return  # the shape of either is reported with its document
    if not fits:
        message = f"`{layer.name}` requires `{name}` {node.value}, and that is {version}"
        report.error(node, "version_mismatch", message)


def _place(
    start: LayerDocuments,
    by_name: Mapping[str, LayerDocuments],
    ordered: list[LayerDocuments],
    done: set[str],
    report: Report,
) -> None:
    """Appends `start` and, before it, what it requires: a depth-first walk without recursion."""
    stack: list[tuple[LayerDocuments, bool]] = [(start, False)]
    open_names: set[str] = set()
    while stack:
        layer, finished = stack.pop()
        if finished:
            open_names.discard(layer.name)
            done.add(layer.name)
            ordered.append(layer)
        elif layer.name not in done and layer.name not in open_names:
            open_names.add(layer.name)
            stack.append((layer, True))
            stack.extend(_below(layer, by_name, open_names, report))


def _below(
    layer: LayerDocuments, by_name: Mapping[str, LayerDocuments], open_names: set[str], report: Report
) -> list[tuple[LayerDocuments, bool]]:
    below = []
    for name, node in sorted(_requires(layer).items(), reverse=True):
        if name in open_names:
            message = f"`{layer.name}` and `{name}` require each other"
            report.error_at_key(node, "requires_cycle", message)
        elif name in by_name:
            below.append((by_name[name], False))
    return below
