"""The tabs above a list, a board and a tree: the views of an entity, and how many records each shows."""

from __future__ import annotations

from flask import Blueprint, render_template, url_for

from fieldstone.errors import FieldstoneError
from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.pages import queries, views
from fieldstone_ui.pages.views import ListView
from fieldstone_ui.presentation.lists import Tab

COUNTED = 10_000
"""Beyond, a tab only says that there are more."""


def install(pages: Blueprint) -> None:
    """Add the route of the counts."""
    pages.get("/e/<entity>/tabs", endpoint="tab_counts")(tab_counts)


def tabs(asked: queries.Asked) -> list[Tab]:
    """All records, then the views. Counts come after the page."""
    owner, current = asked.entity, asked.view.key if asked.view else None
    everything = Tab(
        "All", url_for("pages.listing", entity=owner.name), current is None and not asked.deleted
    )
    binned = [Tab("Recycle bin", url_for("pages.bin", entity=owner.name), True, "trash")]
    found = [tab_of(owner, view, current) for view in views.of_entity(owner)]
    return [everything, *found, *(binned if asked.deleted else ())]


def tab_of(owner: Entity, view: ListView, current: str | None) -> Tab:
    """The tab of a view."""
    url = url_for(queries.endpoint_of(view.type), entity=owner.name, view=view.key)
    sign = "users" if view.saved is not None and view.saved.shared else ""
    return Tab(view.label, url, view.key == current, sign, view.key)


def tab_counts(entity: str) -> str:
    """The counts of all tabs, asked for once the page is there."""
    owner = data.entity(entity)
    shown = [view for view in views.of_entity(owner) if can_be_read(owner, view)]
    counted = data.counts(owner, [view.where for view in shown], COUNTED)
    counts = {view.key: count_text(count) for view, count in zip(shown, counted, strict=True)}
    return render_template("lists/tab_counts.html", counts=counts)


def count_text(count: int) -> str:
    """A count as a tab shows it: "1,284", or "10k+" where counting stopped."""
    return f"{COUNTED // 1000}k+" if count > COUNTED else data.formats().number(count)


def can_be_read(owner: Entity, view: ListView) -> bool:
    """Whether the reader's rights and the model as it is now allow the view's filter."""
    try:
        data.conjuncts(owner, view.where)
    except FieldstoneError:
        return False
    return True
