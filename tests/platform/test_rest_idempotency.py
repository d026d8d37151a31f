"""`Idempotency-Key`: a write that is sent again happens once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from fieldstone_testing.deals import DEALS
from fieldstone_testing.problems import assert_problem

KEY = {"Idempotency-Key": "7f3c"}


@pytest.fixture
def app(app_from):
    return app_from(DEALS)


@pytest.fixture
def api(app, client):
    return client(app, app.token("Ann", ["rep"]))


def customers(api):
    return len(api.get("/data/customer").json["data"])


def test_the_same_request_again_gets_the_first_answer_and_does_nothing(api):
    first = api.post("/data/customer", {"name": "Acme"}, headers=KEY)
    again = api.post("/data/customer", {"name": "Acme"}, headers=KEY)
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert customers(api) == 1


def test_the_key_of_another_request_is_refused(api):
    api.post("/data/customer", {"name": "Acme"}, headers=KEY)
    assert_problem(api.post("/data/customer", {"name": "B"}, headers=KEY), 422, "idempotency_key_reused")
    assert_problem(api.post("/data/deal", {"name": "Acme"}, headers=KEY), 422, "idempotency_key_reused")
    assert customers(api) == 1


def test_users_do_not_share_keys(app, api, client):
    bob = client(app, app.token("Bob", ["rep"]))
    api.post("/data/customer", {"name": "Acme"}, headers=KEY)
    assert bob.post("/data/customer", {"name": "B"}, headers=KEY).status_code == 201


def test_a_refused_request_leaves_its_key_free(api):
    assert_problem(api.post("/data/customer", {"code": "A1"}, headers=KEY), 422)
    assert api.post("/data/customer", {"name": "Acme"}, headers=KEY).status_code == 201


def test_requests_at_the_same_time_with_one_key_write_once(app, client):
    token = app.token("Ann", ["rep"])
    callers = [client(app, token) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda caller: caller.post("/data/customer", {"name": "A"}, headers=KEY), callers)
        )
    assert [answer.status_code for answer in answers] == [201] * 6
    assert len({answer.json["id"] for answer in answers}) == 1
    assert customers(callers[0]) == 1


def test_changes_deletions_and_transitions_happen_once_too(api):
    deal = api.post("/data/deal", {"name": "Pump", "amount": "5", "currency": "EUR"}).json["id"]
    for _ in range(2):
        assert (
            api.patch(f"/data/deal/{deal}", {"quantity": 3}, headers={"Idempotency-Key": "a"}).status_code
            == 200
        )
    for _ in range(2):
        won = api.post(f"/data/deal/{deal}/transitions/win", headers={"Idempotency-Key": "b"})
        assert won.json["stage"] == "won"
    for _ in range(2):
        assert api.delete(f"/data/deal/{deal}", headers={"Idempotency-Key": "c"}).status_code == 204
    actions = [entry["action"] for entry in api.get(f"/data/deal/{deal}/history").json["data"]]
    assert actions == ["delete", "transition", "update", "create"]


def test_an_upsert_and_a_partial_batch_work_with_a_key(api):
    for _ in range(2):
        put = api.put("/data/customer/by/code/A1", {"name": "Acme"}, headers={"Idempotency-Key": "a"})
        assert put.status_code == 201
    sent = {"records": [{"name": "Good"}, {"name": None}]}
    for _ in range(2):
        batch = api.post("/data/customer?partial=true", sent, headers={"Idempotency-Key": "b"})
        assert [result["status"] for result in batch.json["data"]] == [201, 422]
    assert customers(api) == 2


def test_a_key_is_forgotten_after_a_day(app, api):
    api.post("/data/customer", {"name": "Acme"}, headers=KEY)
    app.sql("UPDATE main_system.idempotency SET at = at - CAST(:age AS interval)", age=timedelta(hours=25))
    assert api.post("/data/customer", {"name": "B"}, headers=KEY).status_code == 201
    assert customers(api) == 2


@pytest.mark.parametrize("key", ["", " ", "a" * 256, "a b", "ä"])
def test_a_key_that_is_none_is_a_400(api, key):
    answer = api.post("/data/customer", {"name": "A"}, headers={"Idempotency-Key": key})
    assert_problem(answer, 400, "bad_idempotency_key")
    assert customers(api) == 0
