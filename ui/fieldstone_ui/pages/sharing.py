"""Sharing a record: who has access and why, adding somebody, and taking it back, in a dialog."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldError, FieldstoneError, Forbidden, Invalid
from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.pages import answers
from fieldstone_ui.pages.addresses import of_record
from fieldstone_ui.pages.lookups import SAFE_ID
from fieldstone_ui.presentation.entry import token
from fieldstone_ui.presentation.sharing import SharedWith, SharePage, Typed

TITLE = "Share this record"
KINDS = {"user": "", "team": "Team", "role": "Role"}
DOES = {"read": "Can read", "update": "Can read and change"}
INPUTS = {"with": "share-with", "verb": "share-verb", "expires_at": "share-until"}
MOST_OF_EACH = 5


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/e/<entity>/<record>/shares", endpoint="shares")(show)
    pages.post("/e/<entity>/<record>/shares", endpoint="share")(add)
    pages.post("/e/<entity>/<record>/shares/<share>/remove", endpoint="unshare")(remove)
    pages.get("/e/<entity>/<record>/receivers", endpoint="receivers")(receivers)


def show(entity: str, record: str) -> ResponseReturnValue:
    """The dialog."""
    owner, identity = data.entity(entity), answers.identity(record)
    return _dialog(_page(owner, identity))


def add(entity: str, record: str) -> ResponseReturnValue:
    """Share the record; a refusal shows the dialog again with what was typed and what is wrong with it."""
    owner, identity = data.entity(entity), answers.identity(record)
    typed = _typed(request.form)
    try:
        receiver = _receiver(typed)
        data.share(owner, identity, receiver, typed.verb, _until(typed))
    except FieldstoneError as error:
        if error.status in {404, 503}:
            return answers.refusal(error) if answers.from_script() else _raised(error)
        return _dialog(_refused(_page(owner, identity), typed, error)), error.status
    return _done(owner, identity, "Shared.", INPUTS["with"])


def remove(entity: str, record: str, share: str) -> ResponseReturnValue:
    """Take a share back; what somebody else took back already is gone just as well."""
    owner, identity = data.entity(entity), answers.identity(record)
    try:
        data.unshare(owner, identity, answers.identity(share))
    except FieldstoneError as error:
        if error.code != "unknown_share":
            raise
    return _done(owner, identity, "No longer shared.", "share-list")


def receivers(entity: str, record: str) -> ResponseReturnValue:
    """Users, teams and roles that fit what was typed, for the combobox."""
    data.require_readable(data.entity(entity), answers.identity(record))
    typed, prefix = request.args.get("q", "").strip(), request.args.get("prefix", "")
    found = data.receivers(typed[: data.LONGEST_SEARCH], MOST_OF_EACH)
    hits = [{"token": token(hit), "title": hit["title"], "hint": KINDS[hit["entity"]]} for hit in found]
    safe = prefix if SAFE_ID.match(prefix) else "option"
    return render_template("lookup.html", results=hits, query=typed, prefix=safe)


def _raised(error: FieldstoneError) -> ResponseReturnValue:
    raise error


def _dialog(page: SharePage) -> str:
    return answers.dialog("records/share.html", TITLE, sharing=page)


def _done(owner: Entity, identity: UUID, said: str, focus: str) -> ResponseReturnValue:
    if not answers.from_script():
        return redirect(of_record("shares", owner, identity), 303)
    return _dialog(replace(_page(owner, identity), said=said, focus=focus))


# -- what was typed


def _typed(form: Mapping[str, str]) -> Typed:
    return Typed(
        text=form.get("with.text", "").strip()[: data.LONGEST_SEARCH],
        token=form.get("with", ""),
        was=form.get("with.was", ""),
        verb=form.get("verb", "read"),
        until=form.get("until", "").strip(),
    )


def _receiver(typed: Typed) -> data.Record:
    """Who was picked from the list or, where another name was typed, who is called so. Raises Invalid."""
    picked = data.receiver(typed.token) if typed.text == typed.was else None
    if picked is not None:
        return picked
    if not typed.text:
        raise _invalid("with", "Say with whom: a person, a team or a role.")
    found = data.receivers_called(typed.text)
    if len(found) != 1:
        several = f"Several are called “{typed.text}”. Pick one from the list."
        nobody = f"Nobody is called “{typed.text}”. Check the spelling, or pick one from the list."
        raise _invalid("with", several if found else nobody)
    return found[0]


def _until(typed: Typed) -> dt.datetime | None:
    """The end of the day that was typed, by the reader's clock. Raises Invalid."""
    if not typed.until:
        return None
    try:
        after = dt.date.fromisoformat(typed.until) + dt.timedelta(days=1)
    except (ValueError, OverflowError):
        raise _invalid("expires_at", "This is no date.") from None
    return dt.datetime.combine(after, dt.time(), data.formats().zone)


def _invalid(name: str, message: str) -> Invalid:
    return Invalid(message, errors=[FieldError(name, "bad_value", message)])


def _refused(page: SharePage, typed: Typed, error: FieldstoneError) -> SharePage:
    """The dialog with each problem at its input, and the focus on the first of them."""
    problems = {one.field: one.message for one in error.errors if one.field in INPUTS}
    focus = next((INPUTS[name] for name in INPUTS if name in problems), INPUTS["with"])
    problem = "" if problems else error.message
    return replace(page, typed=typed, problems=problems, problem=problem, focus=focus)


# -- what is shown


def _page(owner: Entity, identity: UUID) -> SharePage:
    """Raises Forbidden for whoever may not share the record."""
    held, rights = data.one(owner, identity), data.rights(owner, identity)
    if not rights.share:
        raise Forbidden("You may not share this record.")
    return SharePage(
        title=str(held.get("_title") or ""),
        url=of_record("share", owner, identity),
        back_url=of_record("record", owner, identity),
        receivers_url=of_record("receivers", owner, identity),
        owner=(held.get("owner") or {}).get("title") or "",
        rows=[_row(owner, identity, one) for one in data.shares(owner, identity)],
        roles=[(role.label, role.words or "All of them") for role in data.reading_roles(owner)],
        verbs=[(verb, DOES[verb]) for verb in rights.share],
        today=data.formats().today.isoformat(),
    )


def _row(owner: Entity, identity: UUID, one: Mapping[str, Any]) -> SharedWith:
    receiver, formats = one["with"], data.formats()
    kind = receiver.get("entity", "role")
    sharer = one["shared_by"]["title"] or "somebody"
    until = f" until {_last_day(one['expires_at'])}" if one["expires_at"] else ""
    return SharedWith(
        name=receiver["title"] or f"A {kind}",
        kind=kind,
        does=f"{DOES[one['verb']]}{until}",
        by=f"shared by {sharer}, {formats.ago(data.instant(one['shared_at']))}",
        remove_url=of_record("unshare", owner, identity, share=one["id"]),
        stopped="" if one["in_force"] else f"Does not count now: {sharer} may not do this any more.",
    )


def _last_day(expires_at: str) -> str:
    """The last day on which a share counts to its end, by the reader's clock."""
    formats = data.formats()
    last = data.instant(expires_at).astimezone(formats.zone) - dt.timedelta(seconds=1)
    return formats.short_date(last.date())
