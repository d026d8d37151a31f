"""Search across entities, as a page and for the palette: one statement, in groups, what fits best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone_ui import data
from fieldstone_ui.pages.addresses import of_entity
from fieldstone_ui.pages.answers import from_script
from fieldstone_ui.presentation.labels import text
from fieldstone_ui.presentation.navigation import icon_of

PER_ENTITY = 5
ELSEWHERE = frozenset({data.COMMENT, data.FILE, "saved_view"})
"""What people find beside a record or in a list, and not by itself."""


@dataclass(frozen=True)
class Hit:
    """A record that was found."""

    title: str
    url: str


@dataclass
class Group:
    """What was found of one entity. all_url: where there may be more of them, the list with this search."""

    label: str
    icon: str
    all_url: str
    hits: list[Hit] = field(default_factory=list)


def install(pages: Blueprint) -> None:
    """Add the route."""
    pages.get("/search", endpoint="search")(search)


def search() -> ResponseReturnValue:
    """What the reader may read and that holds all words, or similar ones where nothing does."""
    typed = request.args.get("q", "").strip()[: data.LONGEST_SEARCH]
    found = groups(typed) if typed else []
    template = "search_results.html" if from_script() else "search.html"
    return render_template(template, groups=found, query=typed)


def groups(typed: str) -> Sequence[Group]:
    """The hits by entity; the entity of the best hit comes first."""
    made: dict[str, Group] = {}
    for one in data.search(typed, PER_ENTITY, ELSEWHERE):
        if one.entity not in made:
            made[one.entity] = _group(one.entity, typed)
        url = url_for("pages.record", entity=one.entity, record=one.id)
        made[one.entity].hits.append(Hit(one.title or "(no name)", url))
    for group in made.values():
        group.all_url = group.all_url if len(group.hits) == PER_ENTITY else ""
    return list(made.values())


def _group(name: str, typed: str) -> Group:
    owner = data.context().model.entities[name]
    return Group(
        text(owner.plural, data.locale(), name), icon_of(owner), of_entity("listing", owner, q=typed)
    )
