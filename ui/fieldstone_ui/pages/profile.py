"""Who I am here: how pages look to me, when I am away, and who stands in for me."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError, Forbidden
from fieldstone.model.model import Entity
from fieldstone.records import OWN_FIELDS, FieldState
from fieldstone_ui import data
from fieldstone_ui.pages import answers, sheets
from fieldstone_ui.pages.typed import Typed, read_form
from fieldstone_ui.presentation.labels import text

USER = "user"
EDITABLE = FieldState(visible=True, required=False, readonly=False)


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/profile")(profile)
    pages.get("/profile/edit", endpoint="edit_profile")(edit)
    pages.post("/profile/edit", endpoint="save_profile")(save)


def profile() -> str:
    """What is known of the reader, and how pages look."""
    own = data.one(data.entity(USER), data.context().principal.user) if knows_users() else {}
    return render_template("account/profile.html", facts=facts(own), may_edit=bool(own))


def knows_users() -> bool:
    """Whether the reader may see the record that stands for them; people without any role may not."""
    return USER in data.readable_entities()


def facts(own: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the profile tells about the reader."""
    current, formats = data.context(), data.formats()
    held = sorted(current.principal.roles & current.model.roles.keys())
    roles = (text(current.model.roles[name].label, data.locale(), name) for name in held)
    return [
        ("Language and formats", str(formats.locale.get_display_name() or data.locale())),
        ("Time zone", str(formats.zone)),
        ("Roles", ", ".join(roles) or "none"),
        *([("Away", away(own))] if own else []),
    ]


def away(own: Mapping[str, Any]) -> str:
    """An absence and who decides meanwhile, in words."""
    formats, deputy = data.formats(), own.get("delegate")
    bounds = {"from": own.get("absent_from"), "until": own.get("absent_until")}
    told = [f"{word} {formats.date(date.fromisoformat(day))}" for word, day in bounds.items() if day]
    if not told:
        return "no absence"
    meanwhile = f"{deputy['title']} decides on approvals" if deputy else "without a deputy"
    return f"{' '.join(told)}; {meanwhile}"


def edit() -> ResponseReturnValue:
    """The form with what people set for themselves."""
    return show(Typed())


def save() -> ResponseReturnValue:
    """Save it; a refusal shows the form again with everything that was typed."""
    sent = read_form(users())
    if sent.errors:
        return show(sent, sent.errors), 422
    try:
        data.change_profile(sent.values, answers.version(request.form.get("version")))
    except FieldstoneError as error:
        by_field = {one.field: one.message for one in error.errors if one.field}
        return show(sent, by_field, "" if by_field else error.message), error.status
    return redirect(url_for("pages.profile"), 303)


def users() -> Entity:
    """The entity of users. Raises Forbidden for who may not see it."""
    if not knows_users():
        raise Forbidden("You hold no role yet, so there is nothing here to change. Ask an administrator.")
    return data.entity(USER)


def show(sent: Typed, errors: Mapping[str, str] | None = None, problem: str = "") -> str:
    """The form as a dialog."""
    owner, identity = users(), data.context().principal.user
    held = data.one(owner, identity)
    states = dict.fromkeys(OWN_FIELDS, EDITABLE)
    filling = sheets.Filling(owner, {**held, **sent.values}, states, sent.parts, errors or {}, identity)
    shown = [name for name in OWN_FIELDS if data.may_read_field(owner, name)]
    return answers.dialog(
        "account/profile_edit.html",
        "Change your profile",
        controls=[sheets.make_control(filling, name, EDITABLE) for name in shown],
        record=held,
        version=held.get("version"),
        problem=problem,
    )
