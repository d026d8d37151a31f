"""Asking whether to save a record although there is one like it already."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError
from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.pages import answers
from fieldstone_ui.presentation.labels import text


def ask(owner: Entity, error: FieldstoneError) -> ResponseReturnValue:
    """The records that are like it, with everything that was typed ready to be saved anyway."""
    label = text(owner.label, data.locale(), owner.name).lower()
    title = f"Perhaps this {label} is there already"
    typed = [pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token"]
    page = answers.dialog(
        "records/duplicates.html",
        title,
        heading=title,
        message=error.message,
        found=error.details.get("duplicates", ()),
        save_url=request.full_path.rstrip("?"),
        typed=[*typed, (data.ACCEPT_DUPLICATES, "1")],
    )
    return page, error.status
