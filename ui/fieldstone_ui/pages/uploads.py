"""Files that come with a form: they become files of the reader, and their tokens what was typed."""

from __future__ import annotations

from collections.abc import Iterable

from flask import request
from werkzeug.datastructures import FileStorage

from fieldstone.errors import FieldstoneError
from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.presentation.entry import Parts, token

NEW = "new"
"""The part of a field in which a form sends files."""


def take_files(owner: Entity, sent: dict[str, Parts]) -> dict[str, str]:
    """Add the files of this request to what was typed in `sent`; field → why one was not taken.

    A file that was taken stays what was typed, also when the form comes back.
    """
    refused: dict[str, str] = {}
    for field in (name for name in list(sent) if data.holds_files(owner, name)):
        try:
            new = [token(data.upload(one)) for one in _chosen(field)]
        except FieldstoneError as error:
            refused[field] = " ".join([one.message for one in error.errors] or [error.message])
            continue
        before = [kept for kept in sent[field].get("", ()) if kept]
        kept = new or before if data.look(owner, field).widget != "files" else [*before, *new]
        described = [data.described(one) or {} for one in kept]
        sent[field] = {"": kept, "titles": [one.get("title") or "" for one in described]}
    return refused


def _chosen(field: str) -> Iterable[FileStorage]:
    return (one for one in request.files.getlist(f"f.{field}.{NEW}") if one.filename)
