"""Comments as pages show them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from flask import url_for
from markupsafe import Markup, escape

from fieldstone.errors import FieldstoneError
from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.pages.addresses import of_record as record_address
from fieldstone_ui.presentation.activity import CommentForm, Said
from fieldstone_ui.templating import paragraphs

MOST = 50


def of_record(owner: Entity, identity: UUID, most: int) -> tuple[list[Said], int]:
    """The newest comments on a record, and how many there are in all."""
    page = data.comments(owner, identity, max(most, 1))
    return [said(owner, identity, record) for record in page.data[:most]], page.count or 0


def said(owner: Entity, identity: UUID, record: Mapping[str, Any]) -> Said:
    """One comment."""
    formats = data.formats()
    instant = data.instant(record["created_at"])
    own = (record.get("created_by") or {}).get("id") == str(data.context().principal.user)
    return Said(
        instant=instant,
        who=(record.get("created_by") or {}).get("title") or "Somebody",
        at=record["created_at"],
        time=formats.time(instant.astimezone(formats.zone).timetz()),
        body=body(record["body"], [one["title"] for one in record.get("mentions") or ()]),
        edited=record["version"] > 1,
        edit_url=address("edit_comment", owner, identity, record["id"]) if own else "",
        delete_url=address("delete_comment", owner, identity, record["id"]) if own else "",
    )


def address(page: str, owner: Entity, identity: UUID, which: str) -> str:
    """The address of a page about a comment."""
    return url_for(f"pages.{page}", entity=owner.name, record=str(identity), comment_id=which)


def body(written: str, mentioned: Iterable[str | None]) -> Markup:
    """What was written, with line ends and paragraphs, and the people it mentions marked."""
    names = {name for full in mentioned if full for name in (full, full.split()[0])}
    shown = paragraphs(written)
    if not names:
        return shown
    longest_first = sorted((str(escape(name)) for name in names), key=len, reverse=True)
    found = re.compile(f"@({'|'.join(map(re.escape, longest_first))})(?!\\w)", re.IGNORECASE)
    return Markup(found.sub(r'<span class="fs-at">@\1</span>', str(shown)))  # noqa: S704  escaped above


def edited(
    owner: Entity, identity: UUID, which: UUID, typed: str | None = None, problem: str = ""
) -> CommentForm:
    """The form in which an author changes a comment. Raises NotFound."""
    record = data.one(data.entity(data.COMMENT), which)
    return CommentForm(
        body=record["body"] if typed is None else typed,
        version=record["version"],
        save_url=address("save_comment", owner, identity, str(which)),
        back_url=record_address("record", owner, identity),
        problem=problem,
    )


def problem(error: FieldstoneError) -> str:
    """Why a comment was refused, in a sentence."""
    return error.errors[0].message if error.errors else error.message
