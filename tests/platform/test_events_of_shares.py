"""What the feed tells those with whom records are shared: what comes into their sight, and what leaves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.context import Context
from fieldstone.records import Change, Query, Sharing
from fieldstone_rules.types import Ref
from fieldstone_testing import App, AppFactory

APP = """
kind: app
name: shared_feed
version: 1.0.0
---
kind: entity
name: account
fields:
  name: {type: text, required: true}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  amount: {type: integer}
  account: {type: reference, to: account, inverse: deals}
---
kind: role
name: rep
inherits: [employee]
entities:
  account: {create: true, read: owner == user, update: owner == user, assign: true}
  deal: {create: true, read: owner == user, update: owner == user, share: owner == user}
---
kind: role
name: reader
inherits: [employee]
entities:
  deal: {read: account.owner == user}
"""


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(APP)


def ann(app: App) -> Context:
    """Ann at this moment."""
    return app.context_for("Ann", ["rep"])


@pytest.fixture
def bob(app: App, client: Any) -> Any:
    """The API as Bob, who reads by shares and by accounts of his."""
    return client(app, app.token("Bob", ["reader"]))


def deal(app: App) -> UUID:
    return records.create(ann(app), "deal", [{"name": "Pump"}])[0].id


def share(app: App, id_: UUID, **more: Any) -> UUID:
    return records.share(ann(app), "deal", id_, Sharing(Ref("user", app.user("Bob")), None, **more))[0]


def feed(bob: Any, after: str = "0") -> dict[str, Any]:
    answer = bob.get(f"/events?after={after}&entity=deal")
    assert answer.status_code == 200, answer.json
    return dict(answer.json)


def told(page: dict[str, Any]) -> list[str]:
    return [event["action"] for event in page["data"]]


def test_a_share_is_told_at_once_with_the_record_that_it_opened(app: App, bob: Any) -> None:
    id_, before = deal(app), feed(bob)
    share(app, id_)
    page = feed(bob, before["next"])
    assert [(event["action"], event["data"]["name"]) for event in page["data"]] == [("share", "Pump")]


def test_a_share_that_is_taken_back_takes_the_record_away(app: App, bob: Any) -> None:
    id_ = deal(app)
    made = share(app, id_)
    before = feed(bob)
    records.unshare(ann(app), "deal", id_, made)
    page = feed(bob, before["next"])
    assert [set(event) for event in page["data"]] == [{"id", "entity", "record", "action"}]
    assert told(page) == ["gone"]


def test_who_comes_late_learns_of_a_change_that_hid_what_was_shared_then(app: App, bob: Any) -> None:
    id_ = deal(app)
    made = share(app, id_)
    before = feed(bob)
    records.update(app.system, "deal", [Change(id_, {"owner": str(app.user("Cleo", ["rep"]))})])
    records.unshare(app.system, "deal", id_, made)
    assert told(feed(bob, before["next"])) == ["gone"]


def test_a_share_that_was_replaced_first_takes_the_record_away_too(app: App, bob: Any) -> None:
    id_ = deal(app)
    share(app, id_)
    before = feed(bob)
    made = share(app, id_, verb="update")
    records.unshare(ann(app), "deal", id_, made)
    assert told(feed(bob, before["next"])) == ["gone"]


def test_taking_back_tells_nothing_to_who_sees_the_record_without_it(app: App, bob: Any) -> None:
    [account] = records.create(ann(app), "account", [{"name": "Acme", "owner": str(app.user("Bob"))}])
    id_ = records.create(
        app.system, "deal", [{"name": "Pump", "account": str(account.id), "owner": str(app.user("Ann"))}]
    )[0].id
    made = share(app, id_)
    before = feed(bob)
    records.unshare(ann(app), "deal", id_, made)
    assert told(feed(bob, before["next"])) == ["unshare"]


def test_taking_back_tells_nothing_to_who_never_saw_the_record(app: App, client: Any) -> None:
    cleo = client(app, app.token("Cleo", ["reader"]))
    id_ = deal(app)
    records.unshare(ann(app), "deal", id_, share(app, id_))
    assert feed(cleo)["data"] == []


def test_a_share_that_expires_is_no_event_but_other_rights(app: App, bob: Any) -> None:
    share(app, deal(app), expires_at=datetime.now(UTC) + timedelta(days=1))
    before = feed(bob)
    assert feed(bob, before["next"])["rights"] == before["rights"]
    app.sql("UPDATE main_system.share SET expires_at = :past", past=datetime.now(UTC))
    after = feed(bob, before["next"])
    assert (after["data"], after["rights"] != before["rights"]) == ([], True)


def test_a_sharer_who_loses_a_role_is_no_event_but_other_rights(app: App, bob: Any) -> None:
    share(app, deal(app))
    before = feed(bob)
    held = records.list(app.system, "role_assignment", Query(where='role == "rep"')).data
    records.delete(app.system, "role_assignment", [UUID(one["id"]) for one in held])
    after = feed(bob, before["next"])
    assert (after["data"], after["rights"] != before["rights"]) == ([], True)


def test_a_condition_on_another_record_comes_and_goes_with_that_record(app: App, bob: Any) -> None:
    [account] = records.create(ann(app), "account", [{"name": "Acme", "owner": str(app.user("Bob"))}])
    id_ = records.create(app.system, "deal", [{"name": "Pump", "account": str(account.id)}])[0].id
    before = feed(bob)
    assert told(before) == ["create"]
    records.update(app.system, "account", [Change(account.id, {"owner": str(app.user("Ann"))})])
    assert bob.get(f"/data/deal/{id_}").status_code == 404
    assert feed(bob, before["next"])["data"] == []
