"""The files of a record: a list beside it, adding some, and taking one away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError
from fieldstone.model.model import Entity
from fieldstone.web.api.answers import PREFIX
from fieldstone_ui import data
from fieldstone_ui.pages import answers
from fieldstone_ui.pages.addresses import of_record
from fieldstone_ui.presentation.files import AttachedFile, FilesPage
from fieldstone_ui.presentation.labels import text

MOST = 200


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/e/<entity>/<record>/files", endpoint="files")(files)
    pages.post("/e/<entity>/<record>/files", endpoint="attach")(attach)
    pages.post("/e/<entity>/<record>/files/<file>/delete", endpoint="detach")(detach)


def files(entity: str, record: str) -> ResponseReturnValue:
    """The files of the record; a page of its own without a script."""
    return show(data.entity(entity), answers.identity(record))


def attach(entity: str, record: str) -> ResponseReturnValue:
    """Add the files of a form; those before one that is refused stay."""
    owner, identity = data.entity(entity), answers.identity(record)
    data.require_readable(owner, identity)
    try:
        for sent in request.files.getlist("file"):
            if sent.filename:
                data.attach(owner, identity, sent)
    except FieldstoneError as error:
        told = " ".join(dict.fromkeys([one.message for one in error.errors] or [error.message]))
        return show(owner, identity, told), error.status
    return redirect(of_record("files", owner, identity), 303)


def detach(entity: str, record: str, file: str) -> ResponseReturnValue:
    """Move a file of the record to the recycle bin."""
    owner, identity = data.entity(entity), answers.identity(record)
    data.delete(data.entity(data.FILE), [answers.identity(file)], [None])
    if answers.from_script():
        return show(owner, identity)
    return redirect(of_record("files", owner, identity), 303)


def show(owner: Entity, identity: UUID, problem: str = "") -> str:
    """The list: alone for our scripts, as a page otherwise."""
    # The tabs stand beside the list, and know about comments and history.
    from fieldstone_ui.pages import activity  # noqa: PLC0415  # which leads here

    data.require_readable(owner, identity)
    changes = data.rights(owner, identity).update and bool(attach_url(owner, identity))
    page = FilesPage(
        files=[shown(owner, identity, file, changes) for file in data.files(owner, identity, MOST).data],
        tabs=activity.tabs(owner, identity, activity.FILES, None),
        title=text(owner.label, data.locale(), owner.name),
        back_url=of_record("record", owner, identity),
        upload_url=of_record("attach", owner, identity) if changes else "",
        attach_url=attach_url(owner, identity) if changes else "",
        list_url=of_record("files", owner, identity),
        problem=problem,
    )
    template = "records/files.html" if answers.from_script() else "records/files_page.html"
    return render_template(template, files=page)


def attach_url(owner: Entity, identity: UUID) -> str:
    """Where our scripts send files of a record; empty where the reader may add none."""
    may = data.may_have_files(owner) and data.may("create", data.FILE)
    return f"{PREFIX}/data/{owner.name}/{identity}/files" if may else ""


def shown(owner: Entity, identity: UUID, file: Mapping[str, Any], changes: bool) -> AttachedFile:
    """One file in words. What a field holds is changed there."""
    formats, held = data.formats(), file.get("field")
    known = bool(held) and owner.field(str(held)) is not None
    detach_url = url_for("pages.detach", entity=owner.name, record=str(identity), file=file["id"])
    return AttachedFile(
        id=file["id"],
        name=file["name"],
        size=formats.size(file["size"]),
        media_type=file["media_type"] or "",
        who=(file.get("created_by") or {}).get("title") or "",
        at=file["created_at"],
        ago=formats.ago(data.instant(file["created_at"])),
        field=data.look(owner, str(held)).label if known else "",
        delete_url=detach_url if changes and not held else "",
    )
