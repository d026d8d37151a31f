"""Many records with one call."""

import pytest

from fieldstone_testing.deals import DEALS
from fieldstone_testing.problems import assert_problem


@pytest.fixture
def api(app_from, client):
    app = app_from(DEALS)
    return client(app, app.token("Ann", ["rep"]))


def names(api):
    return sorted(customer["name"] for customer in api.get("/data/customer").json["data"])


def test_many_records_are_created_in_the_order_sent(api):
    sent = [{"name": f"Customer {number}"} for number in range(20)]
    created = api.post("/data/customer", {"records": sent})
    assert created.status_code == 201
    read = [api.get(f"/data/customer/{entry['id']}").json["name"] for entry in created.json["data"]]
    assert read == [values["name"] for values in sent]


def test_one_refused_record_keeps_all_others_out(api):
    refused = assert_problem(
        api.post("/data/customer", {"records": [{"name": "Good"}, {"name": None}, {"code": "x" * 99}]}), 422
    )
    assert {entry["field"] for entry in refused["errors"]} >= {"records.1.name", "records.2.code"}
    assert names(api) == []


def test_a_value_that_is_unique_only_once_in_the_batch_is_a_conflict(api):
    twins = [{"name": "One", "code": "A"}, {"name": "Two", "code": "A"}]
    refused = assert_problem(api.post("/data/customer", {"records": twins}), 409, "not_unique")
    assert [entry["field"] for entry in refused["errors"]] == ["records.1.code"]
    assert names(api) == []


def test_each_taken_value_is_told_at_its_place_in_the_batch(api):
    api.post("/data/customer", {"records": [{"name": "One", "code": "A"}, {"name": "Two", "code": "B"}]})
    sent = [{"name": "New", "code": "C"}, {"name": "Third", "code": "B"}, {"name": "Fourth", "code": "A"}]
    refused = assert_problem(api.post("/data/customer", {"records": sent}), 409, "not_unique")
    assert [entry["field"] for entry in refused["errors"]] == ["records.1.code", "records.2.code"]
    assert names(api) == ["One", "Two"]


def test_partial_keeps_the_good_ones_with_a_result_for_each(api):
    sent = [{"name": "Good"}, {"name": None}, {"name": "Fine"}]
    answer = api.post("/data/customer?partial=true", {"records": sent})
    assert answer.status_code == 200
    results = answer.json["data"]
    assert [result["status"] for result in results] == [201, 422, 201]
    assert results[1]["errors"][0]["field"] == "name"
    assert names(api) == ["Fine", "Good"]


def test_partial_with_nothing_to_refuse_creates_all(api):
    answer = api.post("/data/customer?partial=true", {"records": [{"name": "A"}, {"name": "B"}]})
    assert [result["status"] for result in answer.json["data"]] == [201, 201]


@pytest.mark.parametrize("query", ["partial=true", "partial=maybe", "partial="])
def test_partial_makes_no_sense_for_a_single_record(api, query):
    assert_problem(api.post(f"/data/customer?{query}", {"name": "A"}), 400)
    assert names(api) == []


@pytest.mark.parametrize(
    "body",
    [
        {"records": []},
        {"records": {}},
        {"records": None},
        {"records": "x"},
        {"records": [1]},
        {"records": [{"name": "A"}, None]},
        {"records": [{"name": "A"}], "more": 1},
        {"records": [{"name": "A"}] * 1001},
    ],
)
def test_a_batch_that_is_no_batch_is_refused(api, body):
    assert_problem(api.post("/data/customer", body), 400)
    assert names(api) == []
