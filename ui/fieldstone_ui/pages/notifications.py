"""What concerns the reader: a list of notifications behind the bell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from fieldstone_ui import data
from fieldstone_ui.pages import answers
from fieldstone_ui.pages.waiting import waiting_for_reader
from fieldstone_ui.presentation.notifications import Notice

MOST = 50


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/notifications", endpoint="notifications")(notifications)
    pages.post("/notifications/read", endpoint="read_notifications")(read_all)
    pages.post("/notifications/<notification>/open", endpoint="open_notification")(open_one)


def notifications() -> str:
    """What waits for the reader, and the newest notifications."""
    notices = [notice(record) for record in data.notifications(MOST).data]
    return render_template("notifications.html", notices=notices, waiting=waiting_for_reader())


def read_all() -> ResponseReturnValue:
    """Mark all that the page shows as read."""
    unread = [one["id"] for one in data.notifications(MOST).data if one["read_at"] is None]
    data.mark_read([answers.identity(identity) for identity in unread])
    return redirect(url_for("pages.notifications"), 303)


def open_one(notification: str) -> ResponseReturnValue:
    """Mark a notification as read and go to what it is about."""
    identity = answers.identity(notification)
    record = data.one(data.entity(data.NOTIFICATION), identity)
    if record["read_at"] is None:
        data.mark_read([identity])
    about = record["regarding"]
    if about is None or about["title"] is None:
        return redirect(url_for("pages.notifications"), 303)
    return redirect(url_for("pages.record", entity=about["entity"], record=about["id"]), 303)


def notice(record: Mapping[str, Any]) -> Notice:
    """One notification."""
    about = record["regarding"] or {}
    return Notice(
        who=(record["created_by"] or {}).get("title") or "Somebody",
        subject=record["subject"],
        about=about.get("title") or "",
        at=record["created_at"],
        ago=data.formats().ago(data.instant(record["created_at"]), True),
        unread=record["read_at"] is None,
        open_url=url_for("pages.open_notification", notification=record["id"]),
    )
