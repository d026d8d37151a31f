"""What every page needs around its sheet: menu and user."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError
from fieldstone_ui import data
from fieldstone_ui.data import studio
from fieldstone_ui.pages import queries
from fieldstone_ui.presentation import navigation
from fieldstone_ui.presentation.labels import text
from fieldstone_ui.presentation.lists import Action
from fieldstone_ui.presentation.navigation import Place, Section
from fieldstone_ui.presentation.page import Page

RIGHT_TO_LEFT = {"ar", "he", "fa", "ur", "ps", "sd", "yi", "dv"}
MOST_CREATABLE = 12


def install(pages: Blueprint) -> None:
    """Add the start page, and what all templates get."""
    pages.get("/")(home)
    pages.app_context_processor(around)


def home() -> ResponseReturnValue:
    """The first place of the menu."""
    places = [place for section in menu() for place in section.items]
    return redirect(places[0].url if places else url_for("pages.profile"))


def around() -> dict[str, Any]:
    """The page and the formats; where nobody is logged in, there is no menu and nothing to format."""
    try:
        return {"page": make_page(), "formats": data.formats(), "unread_notifications": unread}
    except FieldstoneError:
        return {"page": _page_of_nobody()}


def unread() -> int:
    """How many notifications wait for the reader; 0 where that cannot be told, as on pages of errors."""
    try:
        return data.unread()
    except FieldstoneError:
        return 0


def _page_of_nobody() -> Page:
    """The shell around the log-in, with the organisation's name once something is published."""
    bare = Page(home_url=url_for("pages.home"))
    try:
        return replace(bare, organisation=data.organisation())
    except FieldstoneError:
        return bare


def make_page() -> Page:
    """The shell for the reader; made once per request."""
    if "page" not in g:
        g.page = build_page()
    made: Page = g.page
    return made


def build_page() -> Page:
    """The shell for the reader."""
    principal = data.context().principal
    language = data.locale().replace("_", "-")
    found = menu()
    return Page(
        organisation=data.organisation(),
        language=language,
        direction="rtl" if language.split("-")[0] in RIGHT_TO_LEFT else "ltr",
        user_name=principal.name,
        user_email=principal.email,
        home_url=url_for("pages.home"),
        section="profile" if request.blueprint == "pages" and request.path.startswith("/profile") else "",
        may_explain=data.may_explain_others(),
        may_publish=studio.may_publish(),
        sections=found,
        creatable=creatable(found),
        tabs=tabs(found),
    )


def tabs(found: list[Section]) -> list[Place]:
    """The bar at the foot of a phone."""
    entities, locale = data.context().model.entities, data.locale()
    labels = {name: text(entity.plural, locale, name) for name, entity in entities.items()}
    icons = {name: navigation.icon_of(entity) for name, entity in entities.items()}
    return navigation.tabs(found, labels, icons, url_for("pages.home"), url_for("pages.search"))


def menu() -> list[Section]:
    """The sidebar, with the place of this page marked."""
    model = data.context().model
    found = navigation.sections(model, data.readable_entities(), data.locale(), place_url)
    return navigation.mark(found, (request.view_args or {}).get("entity"), request.args.get("view"))


def place_url(entity: str, view: str | None) -> str:
    """The address behind a line of the menu: a board or a tree for a view that is one."""
    found = data.context().model.views.get(view or "")
    return url_for(queries.endpoint_of(None if found is None else found.type), entity=entity, view=view)


def creatable(found: list[Section]) -> list[Action]:
    """What the reader may create, in the order of the menu."""
    model, locale = data.context().model, data.locale()
    names = dict.fromkeys(place.entity for section in found for place in section.items)
    entities = [model.entities[name] for name in names if data.may_create_in_form(name)]
    return [
        Action(
            text(e.label, locale, e.name), url_for("pages.new", entity=e.name, quick=1), navigation.icon_of(e)
        )
        for e in entities[:MOST_CREATABLE]
    ]
