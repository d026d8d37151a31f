"""Elements of documents as the reader's draft has them: what they say, where they are used, and what edits
would make of them before anything is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from flask import g

from fieldstone.errors import FieldError, Invalid
from fieldstone.model.compile import compile_model
from fieldstone.web.request_context import use_context
from fieldstone_metadata import Layer
from fieldstone_metadata.checking import laid_over
from fieldstone_metadata.declarations import Application
from fieldstone_metadata.documents import Document, parse_file
from fieldstone_metadata.editing import DocumentEdit, EditRefused, LayeredEditing
from fieldstone_metadata.layer_files import File
from fieldstone_metadata.uses.elements import Element, Use
from fieldstone_metadata.uses.index import uses
from fieldstone_ui.data.reader import context
from fieldstone_ui.data.studio import Workplace

APP = "app"
_MADE_FOR_A_MODEL = ("readable_entities", "formats")


def document(found: Workplace, kind: str, name: str) -> Document | None:
    """A document as all layers of the draft together declare it; None if there is none."""
    layers = [replace(layer, files=tuple(_about(layer, kind, name))) for layer in found.layers]
    return laid_over([layer for layer in layers if layer.files]).get((kind, name))


def supposed(found: Workplace, edits: Sequence[DocumentEdit]) -> Workplace:
    """The draft as it would be with edits, of which nothing is kept. Raises Invalid."""
    editing = LayeredEditing({layer.name: layer for layer in found.layers})
    for index, edit in enumerate(edits):
        try:
            editing.apply(edit)
        except EditRefused as refusal:
            error = FieldError(f"edits.{index}", refusal.code, refusal.message)
            raise Invalid(refusal.message, errors=[error]) from refusal
    return replace(found, layers=tuple(editing.layers.values()))


def uses_in(application: Application) -> Mapping[Element, frozenset[Use]]:
    """Element → where it is used; made once for each application."""
    cache = context().model.cache
    known = cache.get("studio_uses")
    if known is None or known[0] is not application:
        known = cache["studio_uses"] = (application, uses(application))
    found: Mapping[Element, frozenset[Use]] = known[1]
    return found


@contextmanager
def supposing(application: Application) -> Iterator[None]:
    """Pages made within show what `application` declares, though nothing of it is published."""
    current = context()
    model = current.model
    shown = compile_model(application, version=model.version, schema=model.schema)
    made = {name: g.pop(name) for name in _MADE_FOR_A_MODEL if name in g}
    use_context(replace(current, model=shown))
    try:
        yield
    finally:
        use_context(current)
        for name in _MADE_FOR_A_MODEL:
            g.pop(name, None)
        for name, value in made.items():
            setattr(g, name, value)


def _about(layer: Layer, kind: str, name: str) -> Iterator[File]:
    """The files of a layer that hold the document, and its app, which says where it lies."""
    for file in layer.files:
        kinds = ((each.kind, each.name) for each in parse_file(layer.name, file).documents)
        if any(each == (kind, name) or each[0] == APP for each in kinds):
            yield file
