"""Search across entities, as a page and for the palette."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone_ui import data
from fieldstone_ui.pages import shell
from fieldstone_ui.pages.answers import from_script
from fieldstone_ui.presentation.labels import text
from fieldstone_ui.presentation.navigation import icon_of

PER_ENTITY = 5
MOST_ENTITIES = 8


def install(pages: Blueprint) -> None:
    """Add the route."""
    pages.get("/search", endpoint="search")(search)


def search() -> ResponseReturnValue:
    """What the reader may read and that holds all words."""
    typed = request.args.get("q", "").strip()[: data.LONGEST_SEARCH]
    found = [hit for name in searched() for hit in hits(name, typed)] if typed else []
    return render_template(
        "search_results.html" if from_script() else "search.html", results=found, query=typed
    )


def searched() -> list[str]:
    """The entities of the menu, in its order."""
    names = dict.fromkeys(place.entity for section in shell.menu() for place in section.items)
    return list(names)[:MOST_ENTITIES]


def hits(name: str, typed: str) -> list[dict[str, str]]:
    """The first matches of one entity."""
    owner = data.context().model.entities[name]
    label = text(owner.label, data.locale(), owner.name)
    return [
        {
            "url": url_for("pages.record", entity=name, record=hit["id"]),
            "title": hit["title"] or "(no name)",
            "entity": label,
            "icon": icon_of(owner),
        }
        for hit in data.lookup(name, typed, PER_ENTITY)
    ]
