"""The documents of a version: what there is, the text of each, and all of them as a zip file."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response

from fieldstone.errors import NotFound
from fieldstone.publication.arrangements import exported_layers
from fieldstone.publication.store import Publication
from fieldstone.publication.versions import layers_of, require_version
from fieldstone.web.api.answers import json_value
from fieldstone.web.api.metadata.archives import ZIP, zipped
from fieldstone.web.api.metadata.rights import publisher
from fieldstone.web.parameters import Parameters
from fieldstone_metadata import File, Layer
from fieldstone_metadata.documents import parse_file
from fieldstone_metadata.ownership import ownership

NEWEST = 2**31 - 1
"""As many versions as the database can count."""


def install(api: Blueprint) -> None:
    """Add the routes."""
    api.get("/metadata/documents")(list_documents)
    api.get("/metadata/documents/<layer>/<path:path>")(get_document)
    api.get("/metadata/elements")(list_elements)
    api.get("/metadata/export")(export_documents)


def list_documents() -> Response:
    """The files of a version, the one in force unless `version` says another, with what each declares."""
    version, layers = _asked(Parameters("version"))
    files = [_told(layer, file) for layer in layers for file in layer.files]
    return json_value({"version": version, "data": files})


def get_document(layer: str, path: str) -> Response:
    """The text of one file."""
    version, layers = _asked(Parameters("version"))
    found = next(
        (file for each in layers if each.name == layer for file in each.files if file.path == path), None
    )
    if found is None:
        raise NotFound(f"Version {version} has no file `{layer}/{path}`.")
    return json_value({"version": version, "layer": layer, "path": path, "text": found.text})


def list_elements() -> Response:
    """Every element with the layer that it is of and those that changed it; `name` names documents."""
    parameters = Parameters("version", "name")
    version, layers = _asked(parameters)
    names = parameters.names("name")
    found = (owned for owned in ownership(layers) if not names or owned.name.split(".")[0] in names)
    return json_value({"version": version, "data": [asdict(owned) for owned in found]})


def export_documents() -> Response:
    """The apps of a version, or those that `app` names, in a zip file with a folder for each."""
    parameters = Parameters("version", "app")
    context = publisher()
    version = _version(parameters) or context.model.version
    layers = exported_layers(context.database, version, parameters.names("app") or ())
    response = Response(zipped(layers), content_type=ZIP)
    response.headers["Content-Disposition"] = f'attachment; filename="version-{version}.zip"'
    return response


def _asked(parameters: Parameters) -> tuple[int, tuple[Layer, ...]]:
    context = publisher()
    version = _version(parameters) or context.model.version
    return version, layers_of(context.database, version)


def _version(parameters: Parameters) -> int | None:
    return parameters.integer("version", 0, 1, NEWEST) or None


def publication_of(version: str) -> Publication:
    """The version that an address names. Raises NotFound."""
    context = publisher()
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise NotFound(f"There is no version {version[:20]}.")
    return require_version(context.database, int(version))


def _told(layer: Layer, file: File) -> dict[str, object]:
    declared = [
        {"kind": each.kind, "name": each.name, "extends": each.extends}
        for each in parse_file(layer.name, file).documents
    ]
    return {"layer": layer.name, "path": file.path, "size": len(file.text.encode()), "documents": declared}
