"""What may not be seen or done, in words: which conditions would allow it, as far as one may know."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError, NotFound
from fieldstone.model.model import Entity
from fieldstone.records import Hidden
from fieldstone_ui import data
from fieldstone_ui.pages import answers
from fieldstone_ui.pages.addresses import of_entity, of_record
from fieldstone_ui.presentation.labels import text
from fieldstone_ui.presentation.lists import Action
from fieldstone_ui.presentation.page import Condition, Message

ASKED = "asked"
"""The parameter of a page whose reader has just asked for access."""


def install(pages: Blueprint) -> None:
    """Add the route."""
    pages.post("/e/<entity>/<record>/ask", endpoint="ask_for_access")(ask)


def ask(entity: str, record: str) -> ResponseReturnValue:
    """Ask the owner for access."""
    owner, identity = data.entity(entity), answers.identity(record)
    data.ask_for_access(owner, identity)
    return redirect(of_record("record", owner, identity, **{ASKED: "1"}), 303)


def hidden_record(error: FieldstoneError) -> Message | None:
    """The page of a record that the reader may know of but not see; None if it is about no such record."""
    place = request.view_args or {}
    if (
        error.status != NotFound.status
        or error.code != NotFound.code
        or not {"entity", "record"} <= place.keys()
    ):
        return None
    try:
        owner, identity = data.entity(place["entity"]), answers.identity(place["record"])
    except FieldstoneError:
        return None
    hidden = data.why_hidden(owner, identity)
    if hidden is None:
        return None
    label = text(owner.label, data.locale(), owner.name)
    to_list = Action(text(owner.plural, data.locale(), owner.name), of_entity("listing", owner))
    return Message(
        title=f"You may not see this {label.lower()}",
        text=f"{belonging(hidden)} {deciding(hidden)}",
        icon="lock",
        actions=[*asking(owner, identity), Action("Back to the list", to_list.url)],
        done="The owner has been told that you would like to see it." if ASKED in request.args else "",
        conditions=[Condition(one.words, one.note) for one in hidden.conditions],
        enough="One of these would be enough. They come from"
        if len(hidden.conditions) > 1
        else "It comes from",
        roles=hidden.roles,
        crumb=to_list,
        here=label,
    )


def asking(owner: Entity, identity: UUID) -> list[Action]:
    """What asks the owner, where there are owners, once."""
    if "owner" not in owner.system or ASKED in request.args:
        return []
    return [Action("Ask the owner for access", of_record("ask_for_access", owner, identity), method="post")]


def belonging(hidden: Hidden) -> str:
    """What follows from the conditions that do not hold."""
    kinds = {one.kind for one in hidden.conditions}
    if {"owner", "team"} <= kinds:
        return "It exists, and belongs neither to you nor to one of your teams."
    if "owner" in kinds:
        return "It exists, and does not belong to you."
    if "team" in kinds:
        return "It exists, and belongs to none of your teams."
    return "It exists."


def deciding(hidden: Hidden) -> str:
    """What the conditions below are."""
    return f"Your {'role decides' if len(hidden.roles) == 1 else 'roles decide'} what you may read:"


def refused(error: FieldstoneError) -> tuple[str, list[Condition]]:
    """What was refused, and what it needs."""
    reason = str(error.details.get("reason") or "")
    said = error.message.replace(reason, "").strip() if reason else error.message
    return said or error.message, [Condition(reason)] if reason and said else []
