"""Search as one types for reference fields."""

from __future__ import annotations

import re

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from fieldstone.model.model import Entity
from fieldstone_rules.picking import reads_picker
from fieldstone_ui import data
from fieldstone_ui.data.reader import Record
from fieldstone_ui.pages.answers import identity
from fieldstone_ui.pages.typed import Typed, read_form
from fieldstone_ui.presentation.entry import token
from fieldstone_ui.presentation.inside import is_new
from fieldstone_ui.presentation.labels import text

MOST = 8
SAFE_ID = re.compile(r"^[A-Za-z][\w-]{0,100}$")


def install(pages: Blueprint) -> None:
    """Add the route."""
    pages.get("/lookup/<entity>", endpoint="lookup")(lookup)
    pages.post("/lookup/<entity>", endpoint="lookup_typed")(lookup_typed)


def lookup(entity: str) -> ResponseReturnValue:
    """The options of a combobox; `of` and `field` name the reference that is being filled in."""
    names = [name for name in entity.split(",") if name in data.readable_entities()]
    typed = request.args.get("q", "").strip()[: data.LONGEST_SEARCH]
    return _answer([hit for name in names for hit in matches(name, typed, several=len(names) > 1)], typed)


def lookup_typed(entity: str) -> ResponseReturnValue:
    """The options where they depend on what else stands in the form, which comes with the request.

    `of` and `id` name the record that the form is about, `at` the input.
    """
    typed = request.args.get("q", "").strip()[: data.LONGEST_SEARCH]
    owner, wanted = data.entity(request.args.get("of", "")), request.args.get("id", "")
    sent = read_form(owner)
    place = _place(request.args.get("at", ""), sent)
    found = data.pickable(owner, identity(wanted) if wanted else None, sent.values, place, typed)
    names = [name for name in entity.split(",") if name in data.readable_entities()]
    hits = [hit for hit in found if hit["entity"] in names]
    return _answer([_option(hit, several=len(names) > 1) for hit in hits], typed)


def _place(at: str, sent: Typed) -> str:
    """The place of an input (`lines.<key>.article`) as the platform names it (`lines[2].article`).

    A row in which nothing was typed yet is added to what was sent.
    """
    collection, _, rest = at.partition(".")
    key, _, field = rest.partition(".")
    if not field:
        return at
    rows = sent.rows.setdefault(collection, {})
    rows.setdefault(key, {} if is_new(key) else {"id": key})
    sent.values[collection] = list(rows.values())
    return f"{collection}[{list(rows).index(key)}].{field}"


def _answer(hits: list[dict[str, str]], typed: str) -> str:
    """The list below the input."""
    prefix = request.args.get("prefix", "")
    return render_template(
        "lookup.html", results=hits[:MOST], query=typed, prefix=prefix if SAFE_ID.match(prefix) else "option"
    )


def matches(name: str, typed: str, *, several: bool) -> list[dict[str, str]]:
    """Records of one entity that fit what was typed, and what the reference allows."""
    return [_option(hit, several=several) for hit in data.lookup(name, typed, MOST, allowed(name))]


def _option(hit: Record, *, several: bool) -> dict[str, str]:
    """What a record is called in the list; what it is, where it may be one of several kinds."""
    owner = data.context().model.entities[hit["entity"]]
    hint = text(owner.label, data.locale(), owner.name) if several else ""
    return {"token": token(hit), "title": hit["title"], "hint": hint}


def allowed(name: str) -> data.Expression | None:
    """What the reference field limits its targets to, if it may lead to records of the entity `name`.

    A limit that depends on the record needs what was typed (`lookup_typed`), and else waits for the save.
    """
    owner: Entity | None = data.context().model.entities.get(request.args.get("of", ""))
    field = owner.field(request.args.get("field", "")) if owner is not None else None
    target = field.declaration.target if field is not None else None
    limit = target.limits.get(name) if target is not None else None
    return None if limit is None or reads_picker(limit) else limit
