"""Acting on the selected rows of a list: how many and what first, then all or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError, Malformed
from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.pages import answers, steps
from fieldstone_ui.presentation.labels import text

MOST = 500


@dataclass(frozen=True)
class Selected:
    """The rows: ids, and the versions that the reader saw."""

    entity: Entity
    ids: Sequence[UUID]
    versions: Sequence[int | None]

    @property
    def words(self) -> str:
        """ "3 opportunities"."""
        count = len(self.ids)
        label = self.entity.label if count == 1 else self.entity.plural
        return f"{data.formats().number(count)} {text(label, data.locale(), self.entity.name).lower()}"


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.post("/e/<entity>/bulk/delete/ask", endpoint="bulk_ask_delete")(ask_delete)
    pages.post("/e/<entity>/bulk/delete", endpoint="bulk_delete")(delete)
    pages.post("/e/<entity>/bulk/move/ask", endpoint="bulk_ask_move")(ask_move)
    pages.post("/e/<entity>/bulk/move", endpoint="bulk_move")(move)


def selected(entity: str) -> Selected:
    """The rows that were sent. Raises Malformed for none or too many."""
    owner = data.entity(entity)
    ids = [answers.identity(text) for text in request.form.getlist("id")]
    versions = [answers.version(text) for text in request.form.getlist("v")]
    if not ids or len(ids) > MOST or len(versions) not in {0, len(ids)}:
        raise Malformed(f"Select between 1 and {MOST} rows.")
    return Selected(owner, ids, versions or [None] * len(ids))


def ask_delete(entity: str) -> ResponseReturnValue:
    """How many would go, and that they can come back."""
    rows = selected(entity)
    return dialog(
        rows, f"Delete {rows.words}?", url_for("pages.bulk_delete", entity=entity), "Delete", danger=True
    )


def delete(entity: str) -> ResponseReturnValue:
    """Move them to the recycle bin, all or none."""
    rows = selected(entity)
    try:
        data.delete(rows.entity, rows.ids, rows.versions)
    except FieldstoneError as error:
        return refused(rows, f"Delete {rows.words}?", url_for("pages.bulk_delete", entity=entity), error)
    return ""


def ask_move(entity: str) -> ResponseReturnValue:
    """Where to."""
    rows = selected(entity)
    return dialog(rows, f"Move {rows.words}", url_for("pages.bulk_move", entity=entity), "Move")


def move(entity: str) -> ResponseReturnValue:
    """Write the state; the platform finds the one transition of each row, all or none."""
    rows = selected(entity)
    field = steps.workflow_of(rows.entity).field
    changes = [
        data.Change(i, {field: request.form.get("state")}, v)
        for i, v in zip(rows.ids, rows.versions, strict=True)
    ]
    try:
        data.update_all(rows.entity, changes)
    except FieldstoneError as error:
        return refused(rows, f"Move {rows.words}", url_for("pages.bulk_move", entity=entity), error)
    return ""


def refused(rows: Selected, title: str, url: str, error: FieldstoneError) -> ResponseReturnValue:
    """The dialog again with why nothing was done."""
    reasons = list(dict.fromkeys([error.message, *(one.message for one in error.errors)]))
    return dialog(rows, title, url, "", problem=" ".join(reasons[:3])), error.status


def dialog(
    rows: Selected, title: str, url: str, label: str, *, danger: bool = False, problem: str = ""
) -> str:
    """The dialog that asks."""
    moving = url.endswith("/move")
    states = data.look(rows.entity, steps.workflow_of(rows.entity).field).options.values() if moving else ()
    return render_template(
        "lists/bulk.html",
        rows=rows,
        title=title,
        url=url,
        label=label,
        danger=danger,
        problem=problem,
        states=states,
    )
