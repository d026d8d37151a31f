"""Records shared one by one: with whom, for what, how long, and never beyond what the sharer may."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.access.users import team_named
from fieldstone.context import Context, TokenLimits
from fieldstone.errors import Forbidden, Invalid, NotFound
from fieldstone.records import Change, Measure, Query, Question, Sharing
from fieldstone_rules.types import Ref
from fieldstone_testing import App, AppFactory
from fieldstone_testing.statements import noted_statements

APP = """
kind: app
name: sharing
version: 1.0.0
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  amount: {type: integer}
  margin: {type: integer}
search: [name]
---
kind: entity
name: item
fields:
  deal: {type: reference, to: deal, owned: true, inverse: items}
  what: {type: text}
---
kind: role
name: rep
inherits: [employee]
entities:
  deal:
    create: true
    read: owner == user
    update: owner == user and amount < 100
    share: owner == user
    fields: {margin: {read: false}}
capabilities: [export, bulk_edit]
---
kind: role
name: chief
inherits: [employee]
entities:
  deal: {create: true, read: true, update: true, delete: true, assign: true, share: true}
capabilities: [explain, purge, export]
---
kind: role
name: reader
inherits: [employee]
entities:
  deal: {read: owner == user}
---
kind: role
name: strict
inherits: [employee]
entities:
  deal: {deny: {read: amount > 50}}
"""


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    return module_app_from(APP)


def ann(app: App) -> Context:
    return app.context_for("Ann", ["rep"])


def bob(app: App) -> Context:
    return app.context_for("Bob", ["reader"])


def deal(context: Context, **values: Any) -> UUID:
    [written] = records.create(context, "deal", [{"name": "Pump", "amount": 10, **values}])
    return written.id


def with_user(app: App, name: str, verb: str = "read", **more: Any) -> Sharing:
    return Sharing(Ref("user", app.user(name)), None, verb, **more)


def sees(context: Context, id_: UUID) -> bool:
    """Whether somebody finds a record; list and count say the same as reading it."""
    found = records.list(context, "deal", Query(where=f'id == "{id_}"', count="exact"))
    assert found.count == len(found.data)
    try:
        records.get(context, "deal", id_)
    except NotFound:
        assert not found.data
        return False
    assert found.data
    return True


def test_a_shared_record_is_found_on_every_path_and_no_other_is(app: App) -> None:
    sharer, receiver = ann(app), app.context_for("Rita", ["reader"])
    id_, _ = deal(sharer, name="Zinc mine"), deal(sharer, name="Zinc plant")
    records.share(sharer, "deal", id_, with_user(app, "Rita"))
    assert [one["name"] for one in records.list(receiver, "deal", Query(q="zinc")).data] == ["Zinc mine"]
    [group] = records.aggregate(receiver, "deal", Query(), (), {"all": Measure("sum", "amount")})
    assert group.measures["all"] == 10
    assert records.history(receiver, "deal", id_)
    assert records.rights(receiver, "deal", id_).read


def test_sharing_for_reading_does_not_let_the_receiver_change(app: App) -> None:
    receiver, id_ = bob(app), deal(ann(app))
    records.share(ann(app), "deal", id_, with_user(app, "Bob"))
    with pytest.raises(Forbidden):
        records.update(receiver, "deal", [Change(id_, {"amount": 5})])


def test_sharing_for_updating_includes_reading_but_not_deleting(app: App) -> None:
    receiver, id_ = bob(app), deal(ann(app))
    records.share(ann(app), "deal", id_, with_user(app, "Bob", "update"))
    records.update(receiver, "deal", [Change(id_, {"amount": 5})])
    assert records.get(receiver, "deal", id_)["amount"] == 5
    with pytest.raises(Forbidden):
        records.delete(receiver, "deal", [id_])


def test_a_share_for_updating_ends_where_the_sharer_could_not_go_on(app: App) -> None:
    receiver, id_ = bob(app), deal(ann(app))
    records.share(ann(app), "deal", id_, with_user(app, "Bob", "update"))
    with pytest.raises(Forbidden):
        records.update(receiver, "deal", [Change(id_, {"amount": 100})])


def test_what_the_sharer_may_no_longer_read_the_receiver_may_not_either(app: App) -> None:
    receiver, id_ = bob(app), deal(ann(app))
    records.share(ann(app), "deal", id_, with_user(app, "Bob"))
    assert sees(receiver, id_)
    other = {"id": str(app.user("Carl", ["rep"])), "entity": "user"}
    records.update(app.system, "deal", [Change(id_, {"owner": other})])
    assert not sees(receiver, id_)
    assert [one["in_force"] for one in records.shares(app.system, "deal", id_)] == [False]


def test_a_sharer_who_leaves_takes_the_shares_along(app: App) -> None:
    sharer, receiver = app.context_for("Lea", ["rep"]), bob(app)
    id_ = deal(sharer)
    records.share(sharer, "deal", id_, with_user(app, "Bob"))
    records.update(app.system, "user", [Change(app.user("Lea"), {"active": False})])
    assert not sees(receiver, id_)
    records.update(app.system, "user", [Change(app.user("Lea"), {"active": True})])
    assert sees(receiver, id_)


def test_a_receiver_sees_no_field_that_the_sharer_may_not_see(app: App) -> None:
    id_ = deal(
        app.context_for("Cora", ["chief"]), owner={"id": str(ann(app).principal.user), "entity": "user"}
    )
    records.update(app.system, "deal", [Change(id_, {"margin": 7})])
    receiver = app.context_for("Mara", ["reader"])
    records.share(ann(app), "deal", id_, with_user(app, "Mara"))
    assert records.get(receiver, "deal", id_)["margin"] is None
    records.share(app.context_for("Cora"), "deal", id_, with_user(app, "Mara"))
    assert records.get(receiver, "deal", id_)["margin"] == 7


def test_the_roles_of_the_receiver_narrow_the_fields_of_what_was_shared(app: App) -> None:
    chief, receiver = app.context_for("Cora", ["chief"]), app.context_for("Rex", ["rep"])
    id_ = deal(chief, margin=7)
    records.share(chief, "deal", id_, with_user(app, "Rex"))
    assert "margin" not in records.get(receiver, "deal", id_)


def test_deny_hides_what_was_shared(app: App) -> None:
    receiver = app.context_for("Stan", ["strict"])
    low, high, none = (deal(ann(app), amount=amount) for amount in (10, 60, None))
    for id_ in (low, high, none):
        records.share(ann(app), "deal", id_, with_user(app, "Stan"))
    assert [sees(receiver, id_) for id_ in (low, high, none)] == [True, False, False]


def test_a_record_shared_with_a_team_is_seen_in_the_teams_below_and_above_it(app: App) -> None:
    top, middle = (team_named(app.system, name) for name in ("Top", "Middle"))
    parent = {"id": str(top), "entity": "team"}
    records.update(app.system, "team", [Change(middle, {"parent": parent})])
    parent = {"id": str(middle), "entity": "team"}
    records.create(app.system, "team", [{"name": "Low", "parent": parent}])
    readers = [app.context_for(f"In {name}", ["reader"], [name]) for name in ("Top", "Middle", "Low", "Side")]
    id_ = deal(ann(app))
    records.share(ann(app), "deal", id_, Sharing(Ref("team", middle), None))
    assert [sees(reader, id_) for reader in readers] == [True, True, True, False]


def test_a_record_shared_with_a_role_is_seen_by_those_who_hold_it(app: App) -> None:
    id_ = deal(ann(app))
    records.share(ann(app), "deal", id_, Sharing(None, "reader"))
    assert sees(bob(app), id_)
    assert not sees(app.context_for("Rex", ["rep"]), id_)


def test_a_share_ends_when_it_expires(app: App) -> None:
    id_, receiver, now = deal(ann(app)), bob(app), datetime.now(UTC)
    records.share(ann(app), "deal", id_, with_user(app, "Bob", expires_at=now + timedelta(hours=1)))
    assert sees(replace(receiver, now=now), id_)
    assert not sees(replace(receiver, now=now + timedelta(hours=2)), id_)


def test_a_share_that_is_taken_back_is_over_and_both_stand_in_the_history(app: App) -> None:
    id_, receiver = deal(ann(app)), bob(app)
    made, _ = records.share(ann(app), "deal", id_, with_user(app, "Bob"))
    records.unshare(ann(app), "deal", id_, made)
    assert not sees(receiver, id_)
    told = [(entry["action"], entry["note"]) for entry in records.history(ann(app), "deal", id_)]
    assert told[:2] == [("unshare", "No longer shared with Bob"), ("share", "Shared with Bob to read")]


def test_sharing_again_replaces_what_was_shared_with_the_same_receiver(app: App) -> None:
    id_, _ = deal(ann(app)), bob(app)
    first, is_new = records.share(ann(app), "deal", id_, with_user(app, "Bob"))
    second, is_another = records.share(ann(app), "deal", id_, with_user(app, "Bob", "update"))
    assert (first == second, is_new, is_another) == (True, True, False)
    assert [one["verb"] for one in records.shares(ann(app), "deal", id_)] == ["update"]


def test_nobody_shares_without_the_right_or_more_than_he_may(app: App) -> None:
    receiver, id_ = bob(app), deal(ann(app), amount=10)
    records.share(ann(app), "deal", id_, with_user(app, "Bob", "update"))
    with pytest.raises(Forbidden, match="may not share"):
        records.share(receiver, "deal", id_, with_user(app, "Ann"))
    records.update(app.system, "deal", [Change(id_, {"amount": 200})])
    with pytest.raises(Forbidden, match="for changing, because you may not change it"):
        records.share(ann(app), "deal", id_, with_user(app, "Bob", "update"))


def test_lines_are_shared_with_the_record_that_they_live_inside(app: App) -> None:
    chief, receiver = app.context_for("Cora", ["chief"]), bob(app)
    id_ = deal(chief, items=[{"what": "bolt"}])
    inside = Query(related=("deal", Ref("deal", id_)))
    assert records.list(receiver, "item", inside).data == []
    records.share(chief, "deal", id_, with_user(app, "Bob", "update"))
    [line] = records.list(receiver, "item", inside).data
    records.update(receiver, "item", [Change(UUID(line["id"]), {"what": "nut"})])
    assert records.get(receiver, "deal", id_)["items"][0]["what"] == "nut"


def test_who_reads_a_shared_record_may_comment_on_it_and_is_among_its_readers(app: App) -> None:
    id_, receiver = deal(ann(app)), bob(app)
    records.share(ann(app), "deal", id_, with_user(app, "Bob"))
    about = {"id": str(id_), "entity": "deal"}
    records.create(receiver, "comment", [{"body": "Fine", "regarding": about}])
    users = [app.user("Bob"), app.user("Rex", ["rep"])]
    assert records.who_may_read(ann(app), "deal", id_, users) == users[:1]


def test_a_purged_record_takes_its_shares_along(app: App) -> None:
    chief = app.context_for("Cora", ["chief"])
    id_, _ = deal(chief), bob(app)
    records.share(chief, "deal", id_, with_user(app, "Bob"))
    records.delete(chief, "deal", [id_])
    records.purge(chief, "deal", [id_])
    assert app.sql("SELECT 1 FROM main_system.share WHERE record = :id", id=id_) == []


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (Sharing(Ref("user", UUID(int=5)), None), "unknown_receiver"),
        (Sharing(None, "nobody"), "unknown_receiver"),
        (Sharing(None, "reader", "delete"), "unknown_verb"),
        (Sharing(None, "reader", expires_at=datetime(2020, 1, 1, tzinfo=UTC)), "in_the_past"),
    ],
)
def test_shares_that_make_no_sense_are_refused(app: App, wanted: Sharing, code: str) -> None:
    with pytest.raises((Invalid, Forbidden)) as refused:
        records.share(ann(app), "deal", deal(ann(app)), wanted)
    assert refused.value.code == code


def test_explain_names_who_shared_it_and_when(app: App) -> None:
    id_, receiver = deal(ann(app)), bob(app)
    records.share(ann(app), "deal", id_, with_user(app, "Bob"))
    explained = records.explain(receiver, "deal", Question("read", id_))
    [clause] = [one for one in explained.clauses if one.effect == "share"]
    today = datetime.now(UTC).date().isoformat()
    assert (explained.allowed, clause.value) == (True, True)
    assert clause.words == f"Shared by Ann with Bob on {today} to read"


SHARING_RULE = """
trigger tell_the_boss on deal after create {
  when amount > 1000
  do share(record: record, with: owner.manager, update: true)
}
"""


def test_a_rule_shares_with_the_rights_of_the_system(app_from: AppFactory) -> None:
    app = app_from(APP, sharing_rules=SHARING_RULE)
    boss, rep = app.context_for("Boss", ["reader"]), app.context_for("Ann", ["rep"])
    manager = {"id": str(app.user("Boss")), "entity": "user"}
    records.update(app.system, "user", [Change(app.user("Ann"), {"manager": manager})])
    large, small = deal(rep, amount=2000), deal(rep, amount=20)
    app.user("Somebody", ["reader"])  # rights change, and what the system shared stays
    assert [sees(boss, id_) for id_ in (large, small)] == [True, False]
    records.update(boss, "deal", [Change(large, {"amount": 1900})])


# --- the API


def test_the_api_shares_lists_and_takes_back(app: App, client: Any) -> None:
    id_, _ = deal(ann(app)), bob(app)
    api, base = client(app, app.token("Ann")), f"/data/deal/{id_}/shares"
    made = api.post(base, json={"with": {"entity": "user", "id": str(app.user("Bob"))}, "verb": "update"})
    assert (made.status_code, made.json["with"]["title"], made.json["verb"]) == (201, "Bob", "update")
    assert made.headers["Location"].endswith(f"{base}/{made.json['id']}")
    assert api.get(base).json["data"] == [made.json]
    assert api.delete(f"{base}/{made.json['id']}").status_code == 204
    assert api.delete(f"{base}/{made.json['id']}").status_code == 404
    assert api.get(base).json == {"data": []}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"with": {"entity": "deal", "id": "x"}}, 400),
        ({"with": {"role": "reader"}, "verb": 5}, 400),
        ({"with": {"role": "reader"}, "more": 5}, 400),
        ({"with": {"role": "reader"}, "expires_at": "tomorrow"}, 422),
        ({"with": {"role": "reader"}, "verb": "delete"}, 422),
    ],
)
def test_the_api_refuses_what_it_cannot_read(
    app: App, client: Any, body: dict[str, Any], status: int
) -> None:
    api = client(app, app.token("Ann", ["rep"]))
    refused = api.post(f"/data/deal/{deal(ann(app))}/shares", json=body)
    assert refused.status_code == status
    assert refused.json["errors"]


def test_a_record_that_one_may_not_read_is_not_found_for_sharing(app: App, client: Any) -> None:
    api = client(app, app.token("Bob", ["reader"]))
    base = f"/data/deal/{deal(ann(app))}/shares"
    statuses = [api.get(base).status_code, api.post(base, json={"with": {"role": "reader"}}).status_code]
    assert statuses == [404, 404]


def test_the_document_offers_sharing_to_those_who_may(app: App, client: Any) -> None:
    path = "/api/v1/data/deal/{id}/shares"
    offered = [
        set(client(app, app.token(name, [role])).get("/openapi.json").json["paths"].get(path, {}))
        for name, role in (("Ann", "rep"), ("Bob", "reader"))
    ]
    assert offered == [{"get", "post"}, {"get"}]


# --- what it costs


PLAIN = APP.replace("    share: owner == user\n", "").replace(", share: true}", "}")


def test_an_entity_that_nobody_may_share_is_read_as_before(app_from: AppFactory) -> None:
    plain = app_from(PLAIN)
    reader = plain.context_for("Bob", ["reader"])
    with pytest.raises(Forbidden, match="cannot be shared"):
        records.share(plain.system, "deal", deal(plain.system), Sharing(None, "reader"))
    assert "share" not in statement(reader)
    plain.publish(APP)
    assert "share" in statement(plain.context_for("Bob"))


def statement(context: Context) -> str:
    """The text of the statement that lists deals."""
    with noted_statements() as told:
        records.list(context, "deal", Query())
    return " ".join(told)


def test_a_token_for_an_entity_reaches_the_comments_on_its_records_and_no_others(
    app: App, client: Any
) -> None:
    id_ = deal(ann(app))
    narrow = app.token("Ann", limits=TokenLimits(entities=frozenset({"deal"})))
    api = client(app, narrow)
    assert api.post(f"/data/deal/{id_}/comments", json={"body": "Fine"}).status_code == 201
    assert [one["body"] for one in api.get(f"/data/deal/{id_}/comments").json["data"]] == ["Fine"]
    other = client(app, app.token("Ann", limits=TokenLimits(entities=frozenset({"team"}))))
    assert other.get(f"/data/deal/{id_}/comments").status_code == 404


def test_fields_of_a_record_that_one_may_never_read_are_not_found_either(app: App, client: Any) -> None:
    id_ = deal(ann(app))
    api = client(app, app.token("Ann", limits=TokenLimits(entities=frozenset({"team"}))))
    found = [api.get(f"/data/deal/{id_}{query}").status_code for query in ("", "?fields=name")]
    assert found == [404, 404]
