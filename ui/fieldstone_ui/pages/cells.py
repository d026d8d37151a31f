"""Editing one cell of a list in its place: the input, and the row anew once it is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError, Forbidden, VersionConflict
from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.pages import answers, lists, queries, sheets
from fieldstone_ui.pages.typed import Typed, read_form
from fieldstone_ui.presentation.columns import Column
from fieldstone_ui.presentation.lists import Actions


@dataclass(frozen=True)
class Row:
    """One row, as the template of rows takes a list."""

    entity: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    sum: str
    can: Actions


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/e/<entity>/<record>/cell/<field>", endpoint="cell")(edit)
    pages.post("/e/<entity>/<record>/cell/<field>", endpoint="save_cell")(save)


def edit(entity: str, record: str, field: str) -> ResponseReturnValue:
    """The input of the field, or why it cannot be changed here."""
    owner, identity = data.entity(entity), answers.identity(record)
    try:
        return form(owner, identity, field, Typed())
    except Forbidden as error:
        return jsonify(message=error.message), error.status


def save(entity: str, record: str, field: str) -> ResponseReturnValue:
    """Save it and show the row; what was refused stands at the cell, with what was typed."""
    owner, identity = data.entity(entity), answers.identity(record)
    sent = read_form(owner)
    values = {name: value for name, value in sent.values.items() if name == field}
    if sent.errors:
        return form(owner, identity, field, sent, " ".join(sent.errors.values())), 422
    try:
        data.update(owner, identity, values, answers.version(request.form.get("version")))
    except VersionConflict as error:
        message = f"{error.message} Enter saves yours over it, Esc keeps theirs."
        return form(owner, identity, field, sent, message), error.status
    except FieldstoneError as error:
        told = [one.message for one in error.errors] or [error.message]
        return form(owner, identity, field, sent, " ".join(dict.fromkeys(told))), error.status
    return row(owner, identity)


def form(owner: Entity, identity: UUID, name: str, sent: Typed, error: str = "") -> str:
    """The input in its cell, made from the record as it is now. Raises Forbidden for a locked field."""
    record = data.one(owner, identity)
    states = data.field_states(owner, identity, sent.values)
    filling = sheets.Filling(owner, record, states, sent.parts, {name: error} if error else {}, identity)
    control = sheets.make_control(filling, name, states.get(name, sheets.READ_ONLY))
    if control.locked or not control.visible:
        raise Forbidden(f"{control.look.label} cannot be changed here. {control.why}".strip())
    url = url_for("pages.save_cell", entity=owner.name, record=identity, field=name)
    return render_template("lists/cell.html", c=control, record=record, url=url)


def row(owner: Entity, identity: UUID) -> str:
    """The row with the columns of the list that the address names."""
    asked = queries.read(owner, "pages.listing")
    columns = lists.list_columns(asked)
    record = data.one(owner, identity)
    shown = Row(owner.name, columns, [record], lists.summed_column(columns), lists.actions(asked))
    return render_template("lists/rows.html", list=shown)
