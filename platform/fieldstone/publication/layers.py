"""Which layers make up a publication: `core`, what is in force, and the folders that were handed in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fieldstone_metadata import Layer, core_layer, template_layer, template_names
from fieldstone_metadata.documents import documents_of
from fieldstone_metadata.layer_files import in_order_of_folders
from fieldstone_metadata.reporting import Report

CORE = "core"


def combined_layers(given: Sequence[Layer], published: Sequence[Layer]) -> tuple[Layer, ...]:
    """`given` over what is published, over the shipped `core`.

    A given layer replaces the published one of the same name. An app that is required and neither given nor
    published is taken from the shipped templates; if there is none, the check will say what is missing. The
    files of each are in the order of a folder, so that a folder which was exported is what is in force.
    """
    known = [layer for layer in published if layer.name != CORE]
    layers = {layer.name: layer for layer in (core_layer(), *known, *given)}
    while missing := _missing(layers):
        layers |= {name: template_layer(name) for name in missing}
    return tuple(map(in_order_of_folders, layers.values()))


def _missing(layers: Mapping[str, Layer]) -> set[str]:
    wanted = {name for layer in layers.values() for name in _required(layer)}
    return {name for name in wanted if name not in layers and name in template_names()}


def _required(layer: Layer) -> Iterator[str]:
    """The names of the apps that a layer's `app` document requires; the check tells its problems."""
    for document in documents_of(layer, Report()):
        requires = document.root.get("requires") if document.kind == "app" else None
        if requires is not None and isinstance(requires.value, dict):
            yield from (name for name, _ in requires.items())
