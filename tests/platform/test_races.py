"""Calls that meet at one moment: what becomes of them is what one after the other would have made of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from fieldstone_testing import ApiClient, App, AppFactory
from fieldstone_testing.deals import DEALS
from fieldstone_testing.holds import at_one_moment
from fieldstone_testing.journals import contradictions, unexplained

CHIEF = """
---
kind: role
name: chief
inherits: [manager]
entities:
  deal: {share: true}
capabilities: [bulk_edit, import]
"""
ORDERS = [[0, 1], [1, 0]]
"""Who of two comes first to the place where they meet."""

Call = Callable[[], TestResponse]


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    return module_app_from(DEALS + CHIEF)


@pytest.fixture
def ann(app: App, client: Callable[[App, str], ApiClient]) -> ApiClient:
    return client(app, app.token("Ann", ["chief"], ["North"]))


@pytest.fixture
def bob(app: App, client: Callable[[App, str], ApiClient]) -> ApiClient:
    return client(app, app.token("Bob", ["chief"], ["North"]))


@pytest.fixture(params=ORDERS, ids=["first", "second"])
def meet(request: pytest.FixtureRequest, app: App) -> Callable[..., list[TestResponse]]:
    """Has two calls meet, in both orders; the answers in the order of the calls."""

    def met(table: str, *calls: Call) -> list[TestResponse]:
        answers = at_one_moment(app, table, *(calls[place] for place in request.param))
        assert [answer for answer in answers if answer.status_code >= 500] == []
        return [answers[place] for place in request.param]

    return met


Meet = Callable[..., list[TestResponse]]


@pytest.fixture(autouse=True)
def told_alike(app: App) -> Any:
    """After each test: rows, history and outbox tell the same."""
    yield
    assert contradictions(app, "customer", "deal") == []
    assert unexplained(app, "customer", "name", "code", "remark") == []
    assert unexplained(app, "deal", "name", "customer", "quantity", "lost_reason", "stage") == []


def statuses(answers: list[TestResponse]) -> tuple[int, ...]:
    return tuple(answer.status_code for answer in answers)


def made(api: ApiClient, entity: str, **values: Any) -> str:
    answer = api.post(f"/data/{entity}", values)
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])


def test_two_transitions_of_a_record_at_one_moment_are_one(
    ann: ApiClient, bob: ApiClient, meet: Meet
) -> None:
    deal = f"/data/deal/{made(ann, 'deal', name='Pump', amount='5', currency='EUR')}"
    answers = meet(
        "main.deal",
        lambda: ann.post(f"{deal}/transitions/win", {}),
        lambda: bob.post(f"{deal}/transitions/lose", {"lost_reason": "Price"}),
    )
    found = ann.get(deal).json
    assert (statuses(answers), found["stage"], found["lost_reason"]) in [
        ((200, 409), "won", None),
        ((409, 200), "lost", "Price"),
    ]
    assert [entry["action"] for entry in ann.get(f"{deal}/history").json["data"]] == ["transition", "create"]


def test_two_changes_of_other_fields_at_one_moment_both_stay(
    ann: ApiClient, bob: ApiClient, meet: Meet
) -> None:
    customer = f"/data/customer/{made(ann, 'customer', name='Acme')}"
    answers = meet(
        "main.customer",
        lambda: ann.patch(customer, {"name": "Acme Ltd"}),
        lambda: bob.patch(customer, {"remark": "Call"}),
    )
    found = ann.get(customer).json
    assert statuses(answers) == (200, 200)
    assert (found["name"], found["remark"], found["version"]) == ("Acme Ltd", "Call", 3)


def test_of_two_changes_of_the_same_version_at_one_moment_one_is_refused(
    ann: ApiClient, bob: ApiClient, meet: Meet
) -> None:
    customer = f"/data/customer/{made(ann, 'customer', name='Acme')}"
    seen = {"headers": {"If-Match": '"1"'}}
    answers = meet(
        "main.customer",
        lambda: ann.patch(customer, {"name": "Ann's"}, **seen),
        lambda: bob.patch(customer, {"name": "Bob's"}, **seen),
    )
    assert (statuses(answers), ann.get(customer).json["name"]) in [
        ((200, 412), "Ann's"),
        ((412, 200), "Bob's"),
    ]


def test_two_upserts_of_one_new_key_at_one_moment_create_one_record_with_the_values_of_both(
    app: App, ann: ApiClient, bob: ApiClient, meet: Meet, request: pytest.FixtureRequest
) -> None:
    path = f"/data/customer/by/code/{request.node.callspec.id}"
    answers = meet(
        "main.customer",
        lambda: ann.put(path, {"name": "Acme", "remark": "Call"}),
        lambda: bob.put(path, {"name": "Acme", "facts": {"a": 1}}),
    )
    assert sorted(statuses(answers)) == [200, 201]
    [[count, remark, facts]] = app.sql(
        "SELECT count(*), min(remark), min(facts::text) FROM main.customer WHERE code = :code",
        code=request.node.callspec.id,
    )
    assert (count, remark, json.loads(str(facts))) == (1, "Call", {"a": 1})


def test_two_creations_with_one_key_at_one_moment_are_one(
    ann: ApiClient, meet: Meet, request: pytest.FixtureRequest
) -> None:
    key = {"headers": {"Idempotency-Key": request.node.name}}
    answers = meet("main.customer", *[lambda: ann.post("/data/customer", {"name": "Once"}, **key)] * 2)
    assert statuses(answers) == (201, 201)
    assert answers[0].json["id"] == answers[1].json["id"]


def test_a_change_and_a_deletion_at_one_moment_leave_a_deleted_record(
    ann: ApiClient, bob: ApiClient, meet: Meet
) -> None:
    deal = f"/data/deal/{made(ann, 'deal', name='Pump')}"
    answers = meet("main.deal", lambda: ann.patch(deal, {"quantity": 2}), lambda: bob.delete(deal))
    assert statuses(answers) in [(200, 204), (404, 204)]
    assert ann.get(deal).status_code == 404


def test_of_two_deletions_and_of_two_ways_back_at_one_moment_one_is_done(
    ann: ApiClient, bob: ApiClient, meet: Meet
) -> None:
    deal = f"/data/deal/{made(ann, 'deal', name='Pump')}"
    deleted = meet("main.deal", lambda: ann.delete(deal), lambda: bob.delete(deal))
    assert sorted(statuses(deleted)) == [204, 404]
    restored = meet("main.deal", *(lambda api=api: api.post(f"{deal}/restore") for api in (ann, bob)))
    assert sorted(statuses(restored)) == [200, 404]


def test_of_two_merges_of_one_record_at_one_moment_one_gets_what_refers_to_it(
    ann: ApiClient, bob: ApiClient, meet: Meet
) -> None:
    one, two, same = (made(ann, "customer", name=name) for name in ("One", "Two", "Same"))
    deal = made(ann, "deal", name="Pump", customer=same)
    answers = meet(
        "main.customer",
        lambda: ann.post(f"/data/customer/{one}/merge", {"records": [same]}),
        lambda: bob.post(f"/data/customer/{two}/merge", {"records": [same]}),
    )
    assert (statuses(answers), ann.get(f"/data/deal/{deal}").json["customer"]["id"]) in [
        ((200, 404), one),
        ((404, 200), two),
    ]


def test_a_merge_into_a_record_that_is_just_merged_away_follows_it_or_is_refused(
    ann: ApiClient, bob: ApiClient, meet: Meet
) -> None:
    top, middle, low = (made(ann, "customer", name=name) for name in ("Top", "Middle", "Low"))
    deal = made(ann, "deal", name="Pump", customer=low)
    answers = meet(
        "main.customer",
        lambda: ann.post(f"/data/customer/{top}/merge", {"records": [middle]}),
        lambda: bob.post(f"/data/customer/{middle}/merge", {"records": [low]}),
    )
    assert (statuses(answers), ann.get(f"/data/deal/{deal}").json["customer"]["id"]) in [
        ((200, 404), low),
        ((200, 200), top),
    ]


def test_an_undo_and_a_change_at_one_moment_lose_nothing(ann: ApiClient, bob: ApiClient, meet: Meet) -> None:
    customer = made(ann, "customer", name="Acme")
    body = json.dumps({"id": customer, "remark": "By the bulk"}).encode()
    bulk = ann.post(
        "/data/customer/bulk?mode=update", data=body, headers={"Content-Type": "application/x-ndjson"}
    )
    assert bulk.status_code == 200, bulk.text
    undone, changed = meet(
        "main.customer",
        lambda: ann.post(f"/operations/{bulk.headers['Fieldstone-Operation']}/undo"),
        lambda: bob.patch(f"/data/customer/{customer}", {"name": "Acme Ltd"}),
    )
    found = ann.get(f"/data/customer/{customer}").json
    assert (statuses([undone, changed]), found["name"]) == ((200, 200), "Acme Ltd")
    assert (undone.json["undone"], undone.json["changed_since"], found["remark"]) in [
        (1, 0, None),
        (0, 1, "By the bulk"),
    ]


def test_two_undos_of_one_operation_at_one_moment_undo_it_once(ann: ApiClient, meet: Meet) -> None:
    bulk = ann.post(
        "/data/customer/bulk?mode=create",
        data=b'{"name": "A"}\n{"name": "B"}\n',
        headers={"Content-Type": "application/x-ndjson"},
    )
    path = f"/operations/{bulk.headers['Fieldstone-Operation']}/undo"
    answers = meet("main.customer", *[lambda: ann.post(path)] * 2)
    assert statuses(answers) == (200, 200)
    assert sum(answer.json["undone"] for answer in answers) == 2


def test_sharing_twice_at_one_moment_is_one_share(app: App, ann: ApiClient, meet: Meet) -> None:
    shares = f"/data/deal/{made(ann, 'deal', name='Pump')}/shares"
    answers = meet("main.deal", *[lambda: ann.post(shares, {"with": {"role": "guest"}})] * 2)
    assert sorted(statuses(answers)) == [200, 201]
    assert len(ann.get(shares).json["data"]) == 1


def test_sharing_and_taking_back_at_one_moment_leave_what_one_after_the_other_would(
    ann: ApiClient, bob: ApiClient, meet: Meet
) -> None:
    shares = f"/data/deal/{made(ann, 'deal', name='Pump')}/shares"
    known = ann.post(shares, {"with": {"role": "guest"}}).json["id"]
    answers = meet(
        "main.deal",
        lambda: ann.post(shares, {"with": {"role": "guest"}}),
        lambda: bob.delete(f"{shares}/{known}"),
    )
    left = [one["id"] != known for one in ann.get(shares).json["data"]]
    assert (statuses(answers), left) in [((200, 204), []), ((201, 204), [True])]


def test_what_is_taken_back_before_its_sharing_is_answered_is_answered_all_the_same(
    app_from: AppFactory, client: Callable[[App, str], ApiClient]
) -> None:
    app = app_from(DEALS + CHIEF)
    app.sql(TAKEN_BACK_AT_ONCE)
    ann = client(app, app.token("Ann", ["chief"]))
    shares = f"/data/deal/{made(ann, 'deal', name='Pump')}/shares"
    answer = ann.post(shares, {"with": {"role": "guest"}})
    assert (answer.status_code, set(answer.json)) == (201, {"id"})


TAKEN_BACK_AT_ONCE = """
CREATE FUNCTION main_system.take_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN DELETE FROM main_system.share WHERE id = NEW.id; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER take_back AFTER INSERT ON main_system.share DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION main_system.take_back()
"""
