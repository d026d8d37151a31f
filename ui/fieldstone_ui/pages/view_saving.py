"""Saving what a list or board shows as a view, and renaming, sharing or deleting a view of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError, Forbidden, NotFound
from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.pages import answers, queries, views
from fieldstone_ui.pages.addresses import of_entity
from fieldstone_ui.pages.views import ListView

LONGEST_NAME = 80


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/e/<entity>/views/new", endpoint="new_view")(ask_name)
    pages.post("/e/<entity>/views/new", endpoint="create_view")(create)
    pages.post("/e/<entity>/views/<view>/update", endpoint="update_view")(update)
    pages.get("/e/<entity>/views/<view>/edit", endpoint="edit_view")(ask_edit)
    pages.post("/e/<entity>/views/<view>/edit", endpoint="rename_view")(rename)
    pages.get("/e/<entity>/views/<view>/delete", endpoint="ask_delete_view")(ask_delete)
    pages.post("/e/<entity>/views/<view>/delete", endpoint="delete_view")(delete)


def keeper() -> Entity:
    """The entity of saved views. Raises Forbidden for who may not keep any."""
    found = data.saved_view_entity()
    if found is None:
        raise Forbidden(
            "You may not save views: none of your roles allows it. The address of a list holds all of it."
        )
    return found


# -- a new view


def ask_name(entity: str) -> ResponseReturnValue:
    """What to call it, and who sees it."""
    keeper()
    return show_new(read(entity), request.args.get("name", ""))


def create(entity: str) -> ResponseReturnValue:
    """Keep filter, order and columns as they are."""
    asked, typed = read(entity), named()
    values = {**typed, **shown(asked), "shows": asked.entity.name, "type": asked.kind}
    try:
        made = data.create(keeper(), values)
    except FieldstoneError as error:
        return show_new(asked, str(typed["name"]), problem(error)), error.status
    return answers.go(of_entity(place(asked.kind), asked.entity, view=str(made.id)))


def read(entity: str) -> queries.Asked:
    """What the list, board or tree shows that the view is saved from."""
    return queries.read_behind(data.entity(entity))


def place(kind: str) -> str:
    """The page that shows a view of a type."""
    return queries.endpoint_of(kind).removeprefix("pages.")


def shown(asked: queries.Asked) -> dict[str, Any]:
    """Filter, order, columns and groups in force."""
    return {
        "where": asked.where or None,
        "order": ",".join(asked.order) or None,
        "columns": ",".join(asked.columns) or None,
        "group": asked.tree if asked.kind == "tree" else asked.view.group if asked.view else None,
    }


def named() -> Mapping[str, Any]:
    """The name and the readers that were typed."""
    name = " ".join(request.form.get("name", "").split())
    return {"name": name[:LONGEST_NAME] or None, "shared": "shared" in request.form}


def problem(error: FieldstoneError) -> str:
    """What was refused, for people."""
    return " ".join(dict.fromkeys(one.message for one in error.errors)) or error.message


def show_new(asked: queries.Asked, name: str, refused: str = "") -> str:
    """The dialog of a new view."""
    url = asked.url("pages.create_view") if asked.kind == "list" else saving_url(asked)
    return answers.dialog(
        "lists/view_name.html",
        "Save this view",
        heading="Save this view",
        text="It keeps the filter, the order and the columns as they are now.",
        url=url,
        name=name,
        shared=False,
        label="Save view",
        problem=refused,
        back_url=asked.url(),
    )


def saving_url(asked: queries.Asked) -> str:
    """The address that saves from a board or a tree."""
    return of_entity("create_view", asked.entity, **{**asked.parameters, "as": asked.kind})


# -- one that is there


def own(owner: Entity, key: str) -> ListView:
    """A view that the reader saved. Raises NotFound for any other."""
    found = views.named(owner, key)
    if found is None or not found.mine:
        raise NotFound("This view is not yours to change. Save what it shows as a view of your own.")
    return found


def change(view: ListView, values: Mapping[str, Any]) -> None:
    """Write to the record behind a view."""
    assert view.saved is not None
    data.update(keeper(), view.saved.id, values, None)


def update(entity: str, view: str) -> ResponseReturnValue:
    """Take filter, order and columns as they are now into the view."""
    asked = read(entity)
    found = own(asked.entity, view)
    change(found, shown(asked))
    return answers.go(of_entity(place(found.type), asked.entity, view=found.key))


def ask_edit(entity: str, view: str) -> ResponseReturnValue:
    """Its name and who sees it."""
    owner = data.entity(entity)
    found = own(owner, view)
    return show_edit(owner, found, found.label)


def rename(entity: str, view: str) -> ResponseReturnValue:
    """Give it another name, or other readers."""
    owner, typed = data.entity(entity), named()
    found = own(owner, view)
    try:
        change(found, typed)
    except FieldstoneError as error:
        return show_edit(owner, found, str(typed["name"] or ""), problem(error)), error.status
    return answers.go(of_entity(place(found.type), owner, view=found.key))


def show_edit(owner: Entity, view: ListView, name: str, refused: str = "") -> str:
    """The dialog of a view that is there."""
    return answers.dialog(
        "lists/view_name.html",
        "Rename or share this view",
        heading="Rename or share this view",
        text="",
        url=of_entity("rename_view", owner, view=view.key),
        name=name,
        shared=view.saved is not None and view.saved.shared,
        label="Save",
        problem=refused,
        back_url=of_entity(place(view.type), owner, view=view.key),
    )


def ask_delete(entity: str, view: str) -> ResponseReturnValue:
    """Whether to delete it."""
    owner = data.entity(entity)
    found = own(owner, view)
    return answers.dialog(
        "lists/view_delete.html",
        "Delete this view",
        name=found.label,
        shared=found.saved is not None and found.saved.shared,
        url=of_entity("delete_view", owner, view=found.key),
        back_url=of_entity(place(found.type), owner, view=found.key),
    )


def delete(entity: str, view: str) -> ResponseReturnValue:
    """Delete it; its records stay."""
    owner = data.entity(entity)
    found = own(owner, view)
    assert found.saved is not None
    data.delete(keeper(), [found.saved.id], [None])
    return answers.go(of_entity("listing", owner))
