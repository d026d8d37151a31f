"""Workflow transitions through the API."""

import pytest

from fieldstone_testing.deals import DEALS
from fieldstone_testing.problems import assert_problem


@pytest.fixture
def app(app_from):
    return app_from(DEALS)


@pytest.fixture
def ann(app, client):
    return client(app, app.token("Ann", ["rep"]))


@pytest.fixture
def deal(ann):
    return ann.post("/data/deal", {"name": "Pump", "amount": "10", "currency": "EUR"}).json


def test_a_transition_changes_the_state_and_answers_the_record(ann, deal):
    won = ann.post(f"/data/deal/{deal['id']}/transitions/win")
    assert won.status_code == 200
    assert won.json["stage"] == "won"
    assert won.headers["ETag"] == '"2"'


def test_asked_fields_come_with_the_transition(ann, deal):
    lost = ann.post(f"/data/deal/{deal['id']}/transitions/lose", {"lost_reason": "Price"}).json
    assert (lost["stage"], lost["lost_reason"]) == ("lost", "Price")


def test_fields_that_the_transition_does_not_ask_for_are_refused(ann, deal):
    assert_problem(ann.post(f"/data/deal/{deal['id']}/transitions/lose", {"name": "Other"}), 422)


def test_a_guard_that_does_not_hold_refuses_with_its_message(ann):
    free = ann.post("/data/deal", {"name": "Gift"}).json
    refused = assert_problem(ann.post(f"/data/deal/{free['id']}/transitions/win"), 422)
    assert "without an amount" in refused["detail"]


def test_an_unknown_transition_is_not_found(ann, deal):
    assert_problem(ann.post(f"/data/deal/{deal['id']}/transitions/nonsense"), 404)


def test_a_transition_from_another_state_is_a_conflict(ann, deal):
    ann.post(f"/data/deal/{deal['id']}/transitions/win")
    assert_problem(ann.post(f"/data/deal/{deal['id']}/transitions/lose"), 409)


def test_a_transition_needs_its_role_and_says_so(ann, deal):
    ann.post(f"/data/deal/{deal['id']}/transitions/win")
    refused = assert_problem(ann.post(f"/data/deal/{deal['id']}/transitions/reopen"), 403)
    assert "Manager" in refused["reason"]


def test_a_transition_with_an_old_version_is_refused(ann, deal):
    ann.patch(f"/data/deal/{deal['id']}", {"quantity": 3})
    path = f"/data/deal/{deal['id']}/transitions/win"
    assert_problem(ann.post(path, headers={"If-Match": '"1"'}), 412)


def test_the_list_says_what_may_be_done_now_and_why_not_the_rest(ann):
    free = ann.post("/data/deal", {"name": "Gift"}).json
    found = {entry["name"]: entry for entry in ann.get(f"/data/deal/{free['id']}/transitions").json["data"]}
    assert found["lose"]["allowed"] is True
    assert found["lose"]["to"] == "lost"
    assert found["lose"]["ask"] == ["lost_reason"]
    assert found["win"]["allowed"] is False
    assert found["win"]["reasons"][0] == "A deal without an amount cannot be won."
    assert (found["win"]["from_here"], found["reopen"]["from_here"]) == (True, False)
    assert found["reopen"]["allowed"] is False
    assert found["reopen"]["reasons"][0] == "It leads from Won or Lost, and not from Open."
