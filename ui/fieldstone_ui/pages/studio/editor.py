"""A file as text: what is typed goes into the draft, which is checked at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError, NotFound
from fieldstone.publication.layers import CORE
from fieldstone_metadata import template_names
from fieldstone_metadata.documents import Document
from fieldstone_metadata.layer_files import LOCAL
from fieldstone_ui.data import studio
from fieldstone_ui.pages import notices
from fieldstone_ui.pages.answers import from_script, go
from fieldstone_ui.pages.studio.frame import RULES, document_url, kind_of, shown
from fieldstone_ui.pages.studio.troubles import clashes, troubles
from fieldstone_ui.presentation.studio import EditorPage

PLURALS = {"entity": "entities"}


def install(pages: Blueprint) -> None:
    """Add the routes."""
    place = "/studio/files/<layer>/<path:path>"
    pages.get(place, endpoint="studio_file")(show)
    pages.post(place, endpoint="studio_save")(save)
    pages.post("/studio/revert/<layer>/<path:path>", endpoint="studio_revert")(revert)


def show(layer: str, path: str) -> ResponseReturnValue:
    """The text of a file, or of a new one that changes a document of a lower layer (`?change=kind:name`)."""
    found, place = studio.workplace(), (layer, path)
    text = found.text(place)
    if text is None:
        text = (
            found.published(place) if place in found.changed else _beginning(request.args.get("change", ""))
        )
    if text is None:
        raise NotFound(f"There is no file `{layer}/{path}`. It may have been removed meanwhile.")
    return _shown(found, place, _page(found, place, text))


def save(layer: str, path: str) -> ResponseReturnValue:
    """Take what was typed into the draft and tell what is wrong; nothing of it is in force yet."""
    place = layer, path
    text = request.form.get("text", "").replace("\r\n", "\n")
    seen = request.form.get("over") or request.form.get("seen", "")
    try:
        found = studio.write(place, text, seen)
    except FieldstoneError as error:
        if error.status in {401, 403, 503}:
            raise
        found = studio.workplace()
        page = replace(_page(found, place, text), problem=error.message)
        return _shown(found, place, page), error.status
    page = _page(found, place, text)
    return _shown(found, place, replace(page, saved="Kept in your draft" if page.changed else "As published"))


def revert(layer: str, path: str) -> ResponseReturnValue:
    """Have the file as it is published."""
    studio.revert((layer, path))
    notices.tell(f"{layer}/{path} is as published again.")
    known = studio.workplace().text((layer, path)) is not None
    return go(document_url((layer, path)) if known else url_for("pages.studio"))


def _shown(found: studio.Workplace, place: studio.Place, page: EditorPage) -> str:
    """The page; for our script only what was found out about the text."""
    if from_script():
        return render_template("studio/checked.html", asked=page, changes=len(found.draft.files))
    return shown("editor.html", found, _section(found, place), asked=page)


def _section(found: studio.Workplace, place: studio.Place) -> str:
    here = (each.kind for each in _documents(found, place))
    return next(here, RULES if place[1].endswith(".rules") else "")


def _documents(found: studio.Workplace, place: studio.Place) -> Sequence[Document]:
    return [each for each in found.documents if (each.root.source.layer, each.root.source.path) == place]


def _page(found: studio.Workplace, place: studio.Place, text: str) -> EditorPage:
    file = found.changed.get(place)
    over = studio.mark(found.published(place))
    return EditorPage(
        layer=place[0],
        path=place[1],
        text=text,
        seen=over if file is None or file.fits else "",
        over=over,
        url=document_url(place),
        frozen=_frozen(place[0]),
        local=_local_places(found, place) if place[0] in {CORE, *template_names()} else (),
        changed=file is not None,
        new=found.published(place) is None,
        troubles=troubles(found.checked.problems, place) if found.draft.files else (),
        clashes=clashes([one for one in studio.conflicts_of(found) if (one.layer, one.path) == place]),
    )


def _frozen(layer: str) -> str:
    return "It comes with Fieldstone, and each new version brings its own." if layer == CORE else ""


def _local_places(found: studio.Workplace, place: studio.Place) -> Sequence[tuple[str, str]]:
    """Label and address of where each document of the file is changed for this installation alone."""
    documents = [each for each in _documents(found, place) if each.kind != RULES]
    return [(f"{kind_of(each.kind).one} {each.name}", _local_url(found, each)) for each in documents]


def _local_url(found: studio.Workplace, document: Document) -> str:
    own = (each for each in found.documents if each.layer == LOCAL)
    there = next((each for each in own if (each.kind, each.name) == (document.kind, document.name)), None)
    if there is not None:
        return document_url((LOCAL, there.root.source.path), there.root.line)
    folder = PLURALS.get(document.kind, f"{document.kind}s")
    change = f"{document.kind}:{document.name}"
    path = f"{folder}/{document.name}.yaml"
    return url_for("pages.studio_file", layer=LOCAL, path=path, change=change)


def _beginning(change: str) -> str | None:
    """The first lines of a new document that changes `kind:name` of a lower layer; None for anything else."""
    kind, _, name = change.partition(":")
    if not (kind.isidentifier() and name.isidentifier()):
        return None
    return f"kind: {kind}\nname: {name}\nextends: true\n"
