"""Search as one types for reference fields."""

from __future__ import annotations

import re

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.presentation.entry import token
from fieldstone_ui.presentation.labels import text

MOST = 8
SAFE_ID = re.compile(r"^[A-Za-z][\w-]{0,100}$")


def install(pages: Blueprint) -> None:
    """Add the route."""
    pages.get("/lookup/<entity>", endpoint="lookup")(lookup)


def lookup(entity: str) -> ResponseReturnValue:
    """The options of a combobox; `of` and `field` name the reference that is being filled in."""
    names = [name for name in entity.split(",") if name in data.readable_entities()]
    typed = request.args.get("q", "").strip()[: data.LONGEST_SEARCH]
    hits = [hit for name in names for hit in matches(name, typed, several=len(names) > 1)]
    prefix = request.args.get("prefix", "")
    return render_template(
        "lookup.html", results=hits[:MOST], query=typed, prefix=prefix if SAFE_ID.match(prefix) else "option"
    )


def matches(name: str, typed: str, *, several: bool) -> list[dict[str, str]]:
    """Records of one entity that fit what was typed, and what the reference allows."""
    owner = data.context().model.entities[name]
    hint = text(owner.label, data.locale(), owner.name) if several else ""
    found = data.lookup(name, typed, MOST, allowed(name))
    return [{"token": token(hit), "title": hit["title"], "hint": hint} for hit in found]


def allowed(name: str) -> data.Expression | None:
    """What the reference field limits its targets to, if it may lead to records of the entity `name`."""
    owner: Entity | None = data.context().model.entities.get(request.args.get("of", ""))
    field = owner.field(request.args.get("field", "")) if owner is not None else None
    target = field.declaration.target if field is not None else None
    return target.where if target is not None and name in target.entities else None
