"""Sorting a list by several fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.pages import answers, queries, views
from fieldstone_ui.pages.column_choice import choosable
from fieldstone_ui.presentation.looks import FieldLook

MOST_KEYS = 4


@dataclass(frozen=True)
class Key:
    """One line of the form: a field (empty: none) and its direction."""

    name: str = ""
    descending: bool = False


def install(pages: Blueprint) -> None:
    """Add the route."""
    pages.get("/e/<entity>/sort", endpoint="sort")(sort)


def sort(entity: str) -> ResponseReturnValue:
    """The form; with `apply`, the list in the order that it says."""
    asked = queries.read_behind(data.entity(entity))
    if "apply" in request.args:
        return answers.go(asked.url(order=",".join(wanted(asked.entity)) or None))
    return answers.dialog(
        "lists/sort.html",
        "Sort",
        keys=lines(asked),
        fields=sorted(sortable(asked.entity), key=lambda look: look.label.casefold()),
        kept={name: value for name, value in asked.parameters.items() if name != "order"},
        kind=asked.kind,
        url=asked.url("pages.sort"),
        back_url=asked.url(),
        own="order" in asked.parameters,
        reset_url=asked.url(order=None),
    )


def sortable(entity: Entity) -> list[FieldLook]:
    """The fields whose values have an order."""
    return [look for look in choosable(entity) if look.sortable]


def lines(asked: queries.Asked) -> list[Key]:
    """The order in force, and an empty line for one key more."""
    keys = [Key(key.removeprefix("-"), key.startswith("-")) for key in views.there(asked.entity, asked.order)]
    return [*keys, Key()][:MOST_KEYS]


def wanted(entity: Entity) -> list[str]:
    """The order that the form says; a field counts once."""
    pairs = zip(request.args.getlist("key"), request.args.getlist("way"), strict=False)
    allowed = {look.name for look in sortable(entity)}
    keys: dict[str, str] = {}
    for name, way in pairs:
        if name in allowed:
            keys.setdefault(name, f"-{name}" if way == "down" else name)
    return list(keys.values())[:MOST_KEYS]


def summary(asked: queries.Asked) -> str:
    """The present order for people: "Close date, Amount"."""
    return ", ".join(look.label for look in data.looks(asked.entity, plain(asked.order)))


def plain(order: Sequence[str]) -> list[str]:
    """The fields of an order."""
    return [key.removeprefix("-") for key in order]
