"""Edits of documents in layers: which file of which layer each one changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fieldstone_metadata.checking import laid_over
from fieldstone_metadata.documents import KINDS, RULES, Document, documents_of
from fieldstone_metadata.editing.changes import child, is_missing
from fieldstone_metadata.editing.documents import document_path, new_file, without_document
from fieldstone_metadata.editing.edit import Edit, EditRefused, shown
from fieldstone_metadata.editing.editing import edited
from fieldstone_metadata.editing.overlays import by_names, overlaid, replaces_list
from fieldstone_metadata.layer_files import LOCAL, File, Layer, template_names
from fieldstone_metadata.layer_order import CORE, LayerDocuments, in_order
from fieldstone_metadata.names import name_fault
from fieldstone_metadata.nodes import to_plain
from fieldstone_metadata.reporting import Report

Place = tuple[str, str]
"""A layer and the path of a file in it."""


@dataclass(frozen=True)
class DocumentEdit:
    """An edit of the document of a kind and name. layer: whose; None: the one that owns what is changed."""

    kind: str
    name: str
    edit: Edit
    layer: str | None = None


@dataclass
class LayeredEditing:
    """Layers while they are edited. changed: place → text, or None for a file that is gone."""

    layers: Mapping[str, Layer]
    changed: dict[Place, str | None] = field(default_factory=dict)

    def apply(self, wanted: DocumentEdit) -> None:
        """Make one edit. Raises EditRefused; then nothing is changed."""
        if wanted.kind not in KINDS or wanted.kind == RULES:
            known = ", ".join(kind for kind in KINDS if kind != RULES)
            raise EditRefused("not_found", f"`{wanted.kind}` is no kind of document; there are {known}.")
        if not wanted.edit.path:
            self._whole(wanted)
            return
        found = self._declared(wanted.kind, wanted.name)
        if wanted.layer is not None:
            self._edit_in(_in_layer(found, wanted), wanted.edit)
            return
        if not found:
            raise _no_document(wanted)
        self._edit_where_owned(found, wanted)

    def _edit_where_owned(self, found: Sequence[Document], wanted: DocumentEdit) -> None:
        """Change the layer that owns what is edited; what is shipped is changed in `local`."""
        if len(found) == 1 and not _is_shipped(found[0].layer):
            self._edit_in(found[0], wanted.edit)
            return
        merged = self._merged(wanted)
        wanted = replace(wanted, edit=by_names(merged, wanted.edit))
        holders = _holders(found, wanted.edit)
        removes_from_several = wanted.edit.action == "remove" and len(holders) > 1
        is_whole = _depth(holders[-1], wanted.edit) == len(wanted.edit.path)
        target = holders[-1] if is_whole or replaces_list(merged, wanted.edit) else holders[0]
        if not removes_from_several and not _is_shipped(target.layer):
            self._edit_in(target, wanted.edit)
            return
        layer = LOCAL if _is_shipped(target.layer) else target.layer
        own = next((document for document in found if document.layer == layer), None)
        plain = {} if own is None else to_plain(own.root)
        edit = overlaid(merged, plain, wanted.edit)
        if own is not None:
            self._edit_in(own, edit)
        else:
            self._extend(wanted, edit)

    def _merged(self, wanted: DocumentEdit) -> Any:
        """The document as it is in force, over all layers."""
        whole = laid_over(list(self.layers.values())).get((wanted.kind, wanted.name))
        if whole is None:
            raise _no_document(wanted)
        return to_plain(whole.root)

    def _extend(self, wanted: DocumentEdit, edit: Edit) -> None:
        value = edit.value
        for step in reversed(edit.path):
            value = {step: value}
        path = document_path(wanted.kind, wanted.name, self._paths(LOCAL))
        identity = {"kind": wanted.kind, "name": wanted.name, "extends": True}
        self._put(LOCAL, new_file(path, identity | value))

    def _edit_in(self, document: Document, edit: Edit) -> None:
        file = self._file(document)
        self._put(document.layer, edited(file, document.kind, document.name, [edit]))

    def _whole(self, wanted: DocumentEdit) -> None:
        """Add or remove a document."""
        found = self._declared(wanted.kind, wanted.name)
        if wanted.edit.action == "add":
            self._add(found, wanted)
        elif wanted.edit.action == "remove":
            self._remove(found, wanted)
        else:
            raise EditRefused("not_supported", "A whole document is added or removed; otherwise name a path.")

    def _add(self, found: Sequence[Document], wanted: DocumentEdit) -> None:
        layer, value = wanted.layer or LOCAL, wanted.edit.value
        identity = {"kind": wanted.kind, "name": wanted.name}
        if not isinstance(value, dict) or any(value.get(key, name) != name for key, name in identity.items()):
            raise EditRefused(
                "bad_value", "A document is a mapping, of the kind and name that the edit says."
            )
        extends = value.get("extends") is True
        if any(document.layer == layer or not (extends or document.extends) for document in found):
            raise EditRefused("exists", f"There is a {wanted.kind} `{wanted.name}` already.")
        fault = name_fault(wanted.name)
        if fault:
            raise EditRefused("bad_value", f"`{wanted.name[:60]}` {fault}.")
        path = document_path(wanted.kind, wanted.name, self._paths(layer))
        self._put(layer, new_file(path, identity | value))

    def _remove(self, found: Sequence[Document], wanted: DocumentEdit) -> None:
        here = [document for document in found if wanted.layer in (None, document.layer)]
        if not here:
            raise _no_document(wanted)
        if len(here) > 1 or (wanted.layer is None and _is_shipped(here[0].layer)):
            layers = ", ".join(f"`{document.layer}`" for document in here)
            message = (
                f"The {wanted.kind} `{wanted.name}` stands in {layers}; say with `layer` from which it goes."
            )
            raise EditRefused("not_supported", message)
        left = without_document(self._file(here[0]), wanted.kind, wanted.name)
        if left is not None:
            self._put(here[0].layer, left)
        else:
            self._put(here[0].layer, File(here[0].root.source.path, ""), gone=True)

    def _declared(self, kind: str, name: str) -> list[Document]:
        """The documents of a kind and name, lowest layer first."""
        report = Report()
        read = [_with_documents(layer, report) for layer in self.layers.values()]
        documents = (document for layer in in_order(read, report) for document in layer.documents)
        return [document for document in documents if (document.kind, document.name) == (kind, name)]

    def _file(self, document: Document) -> File:
        path = document.root.source.path
        return next(file for file in self.layers[document.layer].files if file.path == path)

    def _paths(self, layer: str) -> set[str]:
        known = self.layers.get(layer)
        return {file.path for file in known.files} if known else set()

    def _put(self, layer: str, file: File, *, gone: bool = False) -> None:
        known = self.layers.get(layer, Layer(layer, ()))
        kept = [
            file if each.path == file.path else each
            for each in known.files
            if not gone or each.path != file.path
        ]
        added = [] if gone or file.path in self._paths(layer) else [file]
        self.layers = {**self.layers, layer: Layer(layer, (*kept, *added), known.problems)}
        self.changed[layer, file.path] = None if gone else file.text


def _with_documents(layer: Layer, report: Report) -> LayerDocuments:
    documents = tuple(documents_of(layer, report))
    app = next((document for document in documents if document.kind == "app"), None)
    return LayerDocuments(layer.name, documents, app)


def _holders(found: Sequence[Document], edit: Edit) -> list[Document]:
    """The documents that hold most of what leads to what is edited, lowest layer first."""
    deepest = max(_depth(document, edit) for document in found)
    return [document for document in found if _depth(document, edit) == deepest]


def _depth(document: Document, edit: Edit) -> int:
    """How many steps of the path exist in a document."""
    return sum(1 for _ in _steps_in(to_plain(document.root), edit))


def _steps_in(value: Any, edit: Edit) -> Iterator[Any]:
    for step in edit.path:
        value = child(value, step)
        if is_missing(value):
            return
        yield value


def _is_shipped(layer: str) -> bool:
    return layer == CORE or layer in template_names()


def _in_layer(found: Sequence[Document], wanted: DocumentEdit) -> Document:
    here = [document for document in found if document.layer == wanted.layer]
    if not here:
        raise _no_document(wanted)
    if wanted.layer == CORE:
        path = shown(wanted.edit.path)
        message = f"`core` comes with Fieldstone; `{path}` is changed in `local`: leave `layer` out."
        raise EditRefused("not_supported", message)
    return here[0]


def _no_document(wanted: DocumentEdit) -> EditRefused:
    where = f" in `{wanted.layer}`" if wanted.layer else ""
    return EditRefused("not_found", f"There is no {wanted.kind} `{wanted.name}`{where}.")
