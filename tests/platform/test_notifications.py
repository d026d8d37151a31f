"""Mentions and notifications: people named in a comment are told, if they may read what it is about."""

from __future__ import annotations

from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.context import Context
from fieldstone.errors import Forbidden, NotFound
from fieldstone.records import Change, Query
from fieldstone_testing import App, AppFactory
from fieldstone_testing.deals import DEALS
from fieldstone_testing.statements import noted_statements


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(DEALS.replace("label: Rep\n", "label: Rep\ninherits: [employee]\n"))


@pytest.fixture
def ann(app: App) -> Context:
    return app.context_for("Ann Keller", ["rep"], ["North"])


@pytest.fixture
def cat(app: App) -> Context:
    """A colleague of Ann's team, who may read her deals."""
    return app.context_for("Cat Moss", ["rep"], ["North"])


@pytest.fixture
def deal(ann: Context) -> UUID:
    return records.create(ann, "deal", [{"name": "Pump"}])[0].id


def say(context: Context, about: UUID, *texts: str) -> list[UUID]:
    regarding = {"id": str(about), "entity": "deal"}
    sent = [{"body": text, "regarding": regarding} for text in texts]
    return [written.id for written in records.create(context, "comment", sent)]


def mentioned(context: Context, comment: UUID) -> list[str]:
    return [one["title"] for one in records.get(context, "comment", comment)["mentions"]]


def told(context: Context) -> list[str]:
    return [one["subject"] for one in records.list(context, "notification", Query()).data]


@pytest.mark.parametrize("text", [
    "@Cat Moss please look", "Please look, @cat moss!", "@Cat, please look", "(@CAT)", "one\n@Cat Moss.\ntwo",
])  # fmt: skip
def test_people_are_mentioned_by_name_or_by_a_first_name_of_their_own(
    ann: Context, cat: Context, deal: UUID, text: str
) -> None:
    (comment,) = say(ann, deal, text)
    assert mentioned(ann, comment) == ["Cat Moss"]
    assert told(cat) == ["Ann Keller mentioned you in a comment"]


@pytest.mark.parametrize(
    "text", ["cat moss", "cat@moss.example", "me@Cat Moss", "@Catherine", "@", "@ Cat", "@@"]
)
def test_what_only_looks_like_a_mention_tells_nobody(
    ann: Context, cat: Context, deal: UUID, text: str
) -> None:
    (comment,) = say(ann, deal, text)
    assert (mentioned(ann, comment), told(cat)) == ([], [])


def test_a_first_name_of_two_people_mentions_neither(
    app: App, ann: Context, cat: Context, deal: UUID
) -> None:
    app.context_for("Cat Stone", ["rep"], ["North"])
    first, full = say(ann, deal, "@Cat?", "@Cat Stone?")
    assert (mentioned(ann, first), mentioned(ann, full)) == ([], ["Cat Stone"])


def test_who_may_not_read_the_record_is_not_mentioned(app: App, ann: Context, deal: UUID) -> None:
    bo = app.context_for("Bo Lind", ["rep"], ["South"])
    (comment,) = say(ann, deal, "@Bo Lind")
    assert (mentioned(ann, comment), told(bo)) == ([], [])


def test_nobody_is_told_of_a_mention_of_their_own_or_twice(ann: Context, cat: Context, deal: UUID) -> None:
    (comment,) = say(ann, deal, "@Ann Keller and @Cat and @Cat Moss")
    assert (told(ann), len(told(cat))) == ([], 1)
    records.update(ann, "comment", [Change(comment, {"body": "@Cat, again"})])
    assert len(told(cat)) == 1


def test_a_changed_comment_tells_those_it_mentions_now(
    app: App, ann: Context, cat: Context, deal: UUID
) -> None:
    (comment,) = say(ann, deal, "Somebody please look")
    records.update(ann, "comment", [Change(comment, {"body": "@Cat please look"})])
    assert (mentioned(ann, comment), len(told(cat))) == (["Cat Moss"], 1)
    records.update(ann, "comment", [Change(comment, {"body": "Never mind"})])
    assert (mentioned(ann, comment), len(told(cat))) == ([], 1)


def test_mentions_are_found_and_cannot_be_sent(ann: Context, cat: Context, deal: UUID) -> None:
    with pytest.raises(Exception, match="Mentioned"):
        sent = {"body": "x", "regarding": {"id": str(deal), "entity": "deal"}}
        records.create(ann, "comment", [sent | {"mentions": [str(cat.principal.user)]}])


def test_notifications_are_read_by_their_recipient_only(
    app: App, ann: Context, cat: Context, deal: UUID
) -> None:
    say(ann, deal, "@Cat Moss")
    (one,) = records.list(cat, "notification", Query()).data
    assert (one["regarding"]["title"], one["created_by"]["title"]) == ("Pump", "Ann Keller")
    assert told(ann) == []
    with pytest.raises(NotFound):
        records.get(ann, "notification", one["id"])
    with pytest.raises(Forbidden):
        records.update(cat, "notification", [Change(UUID(one["id"]), {"subject": "x"})])
    records.update(cat, "notification", [Change(UUID(one["id"]), {"read_at": "2026-01-01T00:00:00Z"})])


def test_a_notification_keeps_nothing_of_a_record_that_may_not_be_read_any_more(
    app: App, ann: Context, cat: Context, deal: UUID
) -> None:
    say(ann, deal, "@Cat Moss, a secret")
    records.update(app.system, "deal", [Change(deal, {"team": None})])
    (one,) = records.list(cat, "notification", Query()).data
    assert one["regarding"] == {"id": str(deal), "entity": "deal", "title": None}
    assert "secret" not in str(one)


def test_many_comments_with_mentions_take_as_many_statements_as_one(
    ann: Context, cat: Context, deal: UUID
) -> None:
    numbers = []
    for many in (1, 40):
        with noted_statements() as seen:
            say(ann, deal, *["@Cat Moss and @Ann Keller"] * many)
        numbers.append(len(seen))
    assert numbers[0] == numbers[1]
