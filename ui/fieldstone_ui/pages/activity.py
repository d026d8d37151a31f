"""What stands beside a record: its timeline, its comments, its history; and writing comments."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError
from fieldstone.model.model import Entity
from fieldstone_ui import data
from fieldstone_ui.pages import answers, comments, happenings
from fieldstone_ui.pages.addresses import of_record
from fieldstone_ui.presentation.activity import ActivityPage, ActivityTab
from fieldstone_ui.presentation.entry import token
from fieldstone_ui.presentation.labels import text

TIMELINE, COMMENTS, FILES, HISTORY = "timeline", "comments", "files", "history"
MOST_PEOPLE = 6
LABELS = {TIMELINE: "Timeline", COMMENTS: "Comments", FILES: "Files", HISTORY: "History"}


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/e/<entity>/<record>/activity", endpoint="activity")(activity)
    pages.post("/e/<entity>/<record>/comments", endpoint="comment")(comment)
    pages.get("/e/<entity>/<record>/people", endpoint="people")(people)
    pages.get("/e/<entity>/<record>/comments/<comment_id>", endpoint="edit_comment")(edit_comment)
    pages.post("/e/<entity>/<record>/comments/<comment_id>", endpoint="save_comment")(save_comment)
    pages.post("/e/<entity>/<record>/comments/<comment_id>/delete", endpoint="delete_comment")(delete_comment)


def activity(entity: str, record: str) -> ResponseReturnValue:
    """What happened and was said; a page of its own without a script."""
    owner, identity = data.entity(entity), answers.identity(record)
    return show(owner, identity, wanted(owner, request.args.get("show", TIMELINE)))


def comment(entity: str, record: str) -> ResponseReturnValue:
    """Say something about the record."""
    owner, identity = data.entity(entity), answers.identity(record)
    typed = request.form.get("body", "")
    try:
        data.say(owner, identity, typed)
    except FieldstoneError as error:
        return refused(owner, identity, typed, error)
    return said(owner, identity)


def people(entity: str, record: str) -> str:
    """The options behind an @: people who may read the record."""
    owner, identity = data.entity(entity), answers.identity(record)
    typed = request.args.get("q", "").strip()
    found = [
        {"token": token(hit), "title": hit["title"], "hint": ""}
        for hit in data.people(owner, identity, typed, MOST_PEOPLE)
    ]
    return render_template("lookup.html", results=found, query=typed, prefix="mention")


def edit_comment(entity: str, record: str, comment_id: str) -> ResponseReturnValue:
    """The text of one's own comment, to be changed."""
    owner, identity = data.entity(entity), answers.identity(record)
    page = comments.edited(owner, identity, answers.identity(comment_id))
    return answers.dialog("records/comment.html", "Edit comment", comment=page)


def save_comment(entity: str, record: str, comment_id: str) -> ResponseReturnValue:
    """Change one's own comment."""
    owner, identity, which = data.entity(entity), answers.identity(record), answers.identity(comment_id)
    typed, version = request.form.get("body", ""), answers.version(request.form.get("version"))
    try:
        data.update(data.entity(data.COMMENT), which, {"body": typed}, version)
    except FieldstoneError as error:
        page = comments.edited(owner, identity, which, typed, problem=comments.problem(error))
        return answers.dialog("records/comment.html", "Edit comment", comment=page), error.status
    return redirect(of_record("record", owner, identity), 303)


def delete_comment(entity: str, record: str, comment_id: str) -> ResponseReturnValue:
    """Take one's own comment away."""
    owner, identity = data.entity(entity), answers.identity(record)
    data.delete(data.entity(data.COMMENT), [answers.identity(comment_id)], [None])
    return said(owner, identity)


def said(owner: Entity, identity: UUID) -> ResponseReturnValue:
    """After a change of the comments: what is shown of them now."""
    if not answers.from_script():
        return redirect(of_record("record", owner, identity), 303)
    return show(owner, identity, wanted(owner, request.form.get("show", TIMELINE)), fresh=True)


def refused(owner: Entity, identity: UUID, typed: str, error: FieldstoneError) -> ResponseReturnValue:
    """What was typed, with why it was refused."""
    message = comments.problem(error)
    if answers.from_script():
        return render_template("records/comment_problem.html", problem=message), error.status
    return show(owner, identity, TIMELINE, typed=typed, problem=message), error.status


def wanted(owner: Entity, name: str) -> str:
    """The tab of this name, or the first that the reader has."""
    names = [tab for tab in tab_names(owner) if tab != FILES]
    return name if name in names else names[0]


def tab_names(owner: Entity) -> list[str]:
    """The tabs that the reader has; only History where there are no comments."""
    if not data.may_comment(owner):
        return [HISTORY]
    return [tab for tab in LABELS if tab != FILES or data.may_have_files(owner)]


def show(owner: Entity, identity: UUID, tab: str, *, fresh: bool = False, **typed: str) -> str:
    """One tab: alone for our scripts, as a page otherwise. fresh: with an empty box for the next comment."""
    page = make_page(owner, identity, tab, fresh=fresh, **typed)
    template = "records/activity.html" if answers.from_script() else "records/activity_page.html"
    return render_template(template, activity=page)


def make_page(owner: Entity, identity: UUID, tab: str, **more: Any) -> ActivityPage:
    """What one tab shows; the statements are those of the history, one for comments and their number, and one
    for the files that the timeline names.

    Raises:
        NotFound: if there is no such record for the reader.
    """
    if tab == COMMENTS:
        data.require_readable(owner, identity)
    most = 0 if tab == HISTORY else comments.MOST
    said_here, count = comments.of_record(owner, identity, most) if data.may_comment(owner) else ([], None)
    changes = [] if tab == COMMENTS else happenings.changes(owner, data.history(owner, identity))
    with_files = tab == TIMELINE and data.may_have_files(owner)
    files = data.files(owner, identity, happenings.MOST).data if with_files else []
    shown = happenings.together(changes, said_here, happenings.additions(files))
    return ActivityPage(
        tabs=tabs(owner, identity, tab, count),
        days=happenings.days(shown.entries),
        show=tab,
        more=shown.more,
        title=text(owner.label, data.locale(), owner.name),
        back_url=of_record("record", owner, identity),
        comment_url=of_record("comment", owner, identity) if data.may_comment(owner) else "",
        **more,
    )


def tabs(owner: Entity, identity: UUID, current: str, count: int | None) -> list[ActivityTab]:
    """The tabs, of which `current` is shown."""
    return [
        ActivityTab(
            name=name,
            label=LABELS[name],
            url=of_record("files", owner, identity)
            if name == FILES
            else of_record("activity", owner, identity, show=name),
            current=name == current,
            count=data.formats().number(count) if name == COMMENTS and count else "",
        )
        for name in tab_names(owner)
    ]
