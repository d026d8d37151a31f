"""Choosing the columns of a list and their order; the reader's choice is remembered for the view."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.pages import answers, queries, views
from fieldstone_ui.presentation.looks import FieldLook

NO_COLUMNS = {"id", "version", "deleted_at"}
MOST_COLUMNS = 30


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/e/<entity>/columns", endpoint="columns")(ask)
    pages.post("/e/<entity>/columns", endpoint="choose_columns")(choose)


def ask(entity: str) -> ResponseReturnValue:
    """All fields: the columns first and in their order, then the others."""
    asked = queries.read(data.entity(entity), "pages.listing")
    return show(asked, [look.name for look in data.looks(asked.entity, asked.columns)])


def choose(entity: str) -> ResponseReturnValue:
    """Take the choice, or move a column up or down where no script does."""
    asked = queries.read(data.entity(entity), "pages.listing")
    if "reset" in request.form:
        remember(asked, ())
        return answers.go(asked.url(fields=None))
    chosen = views.there(asked.entity, request.form.getlist("column"))[:MOST_COLUMNS]
    for direction, step in (("up", -1), ("down", 1)):
        if direction in request.form:
            return show(asked, moved(chosen, request.form[direction], step))
    remember(asked, chosen)
    return answers.go(asked.url(fields=",".join(chosen) or None, cursor=None))


def moved(chosen: Sequence[str], name: str, step: int) -> list[str]:
    """The columns with one moved by a place."""
    found = [column for column in chosen if column != name]
    if name in chosen:
        found.insert(max(list(chosen).index(name) + step, 0), name)
    return found


def show(asked: queries.Asked, chosen: Sequence[str]) -> str:
    """The chooser."""
    rest = [look for look in choosable(asked.entity) if look.name not in chosen]
    return answers.dialog(
        "lists/columns.html",
        "Columns",
        chosen=data.looks(asked.entity, chosen),
        rest=sorted(rest, key=lambda look: look.label.casefold()),
        url=asked.url("pages.choose_columns"),
        back_url=asked.url(),
        own=views.remembered(asked.entity, asked.view_key) is not None or "fields" in asked.parameters,
    )


def choosable(entity: Entity) -> list[FieldLook]:
    """The fields that can be columns."""
    return [data.look(entity, name) for name in data.readable(entity) if name not in NO_COLUMNS]


def remember(asked: queries.Asked, chosen: Sequence[str]) -> None:
    """Keep the columns for this reader and view; none forgets them. Who may keep no views has the address."""
    keeper = data.saved_view_entity()
    if keeper is None:
        return
    known = views.remembered(asked.entity, asked.view_key)
    columns = ",".join(chosen)
    if known is not None and chosen:
        data.update(keeper, known.id, {"columns": columns}, None)
    elif known is not None:
        data.delete(keeper, [known.id], [None])
    elif chosen:
        wanted = asked.view_key or views.EVERYTHING
        label = f"Columns of {asked.view.label if asked.view else 'all'}"[:80]
        values = {"name": label, "shows": asked.entity.name, "columns": columns, "remembers": wanted}
        data.create(keeper, values)


def link(asked: queries.Asked) -> str:
    """The address of the chooser."""
    return asked.url("pages.columns") if asked.endpoint == "pages.listing" else ""
