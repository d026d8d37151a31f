"""The documents of one kind, or those that a search finds, with the layers that they come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone_metadata.documents import Document
from fieldstone_ui import data
from fieldstone_ui.data import studio
from fieldstone_ui.pages.studio.frame import RULES, document_url, kind_of, layer_tag, shown
from fieldstone_ui.presentation.labels import humanize, text
from fieldstone_ui.presentation.studio import DocumentsPage, LayerTag, Row

FIRST = "entity"
PAGES = {"entity": "pages.studio_entity", "role": "pages.studio_role"}
"""The kinds that have a page of their own; all others open as text."""
LONGEST_SEARCH = 100
MOST_ROWS = 150
"""So many are shown at once; a search finds the others."""


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/studio", endpoint="studio")(list_documents)


def list_documents() -> ResponseReturnValue:
    """What is declared."""
    found = studio.workplace()
    query = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    kind = request.args.get("kind", "" if query else FIRST)
    elements = [documents for documents in _elements(found, kind) if _matches(documents, query)]
    rows = [_row(found, documents) for documents in elements[:MOST_ROWS]]
    title = kind_of(kind).several if kind else "Everything"
    wrong = len(found.checked.errors) if found.draft.files else 0
    page = DocumentsPage(title, kind, query, rows, wrong, len(elements) - len(rows))
    return shown("documents.html", found, kind, asked=page)


def _matches(documents: Sequence[Document], query: str) -> bool:
    source = _owner(documents).root.source
    told = f"{_label(documents)} {documents[0].name} {source.layer}/{source.path}".casefold()
    return all(word in told for word in query.casefold().split())


def _elements(found: studio.Workplace, kind: str) -> list[list[Document]]:
    """The documents of each element, however many layers speak of it; by label."""
    elements: dict[tuple[str, str], list[Document]] = {}
    for document in found.documents:
        if kind in ("", document.kind):
            elements.setdefault((document.kind, document.name), []).append(document)
    return sorted(elements.values(), key=lambda documents: (_label(documents).casefold(), documents[0].name))


def _owner(documents: Sequence[Document]) -> Document:
    return next((document for document in documents if not document.extends), documents[0])


def _row(found: studio.Workplace, documents: Sequence[Document]) -> Row:
    owner = _owner(documents)
    place = owner.root.source.layer, owner.root.source.path
    return Row(
        label=_label(documents),
        name=owner.name,
        kind=owner.kind,
        url=url_for(PAGES[owner.kind], name=owner.name)
        if owner.kind in PAGES
        else document_url(place, owner.root.line),
        place="/".join(place),
        tags=list(_tags(found, owner, documents)),
        detail=_detail(owner),
    )


def _tags(found: studio.Workplace, owner: Document, documents: Sequence[Document]) -> Iterator[LayerTag]:
    yield layer_tag(owner.layer)
    others = dict.fromkeys(each.layer for each in documents if each is not owner)
    yield from (layer_tag(layer, "changed") for layer in others if layer != owner.layer)
    places = {(each.root.source.layer, each.root.source.path) for each in documents}
    if places & found.changed.keys():
        yield layer_tag("in the draft", "new")


def _label(documents: Sequence[Document]) -> str:
    """The label that the highest layer gives."""
    document = next((one for one in reversed(documents) if one.root.get("label")), documents[0])
    label = document.root.plain("label")
    if isinstance(label, dict):
        return text({str(key): str(value) for key, value in label.items()}, data.locale(), document.name)
    return label if isinstance(label, str) else humanize(document.name)


def _detail(document: Document) -> str:
    """What is worth knowing at a glance: how many fields, which object it is about."""
    if document.kind == RULES:
        source = document.root.plain("text", "")
        return data.formats().number(str(source).count("\n")) + " lines"
    fields = document.root.get("fields")
    if document.kind == FIRST and fields is not None:
        return f"{data.formats().number(len(list(fields.items())))} fields"
    return humanize(str(document.root.plain("entity", "") or ""))
