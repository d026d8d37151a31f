"""Approvals of transitions through the API."""

import pytest

from fieldstone.context import TokenLimits
from fieldstone.records import Change, update
from fieldstone_testing.offers import OFFERS
from fieldstone_testing.openapi_documents import faults_of
from fieldstone_testing.problems import assert_problem


@pytest.fixture(scope="module")
def app(module_app_from):
    app = module_app_from(OFFERS)
    for name, role in {"Mia": "manager", "Ann": "rep", "Rob": "rep"}.items():
        app.user(name, [role])
    update(app.system, "user", [Change(app.users["Ann"], {"manager": {"id": str(app.users["Mia"])}})])
    return app


@pytest.fixture
def ann(app, client):
    return client(app, app.token("Ann"))


@pytest.fixture
def mia(app, client):
    return client(app, app.token("Mia"))


@pytest.fixture
def offer(ann):
    made = ann.post("/data/offer", {"name": "Pumps", "amount": 50}).json
    return f"/data/offer/{made['id']}"


@pytest.fixture
def asked(ann, offer):
    return ann.post(f"{offer}/transitions/send", {"discount": "30"}).json


def test_a_transition_that_waits_answers_202_with_the_request(ann, offer):
    waiting = ann.post(f"{offer}/transitions/send", {"discount": "30"})
    assert waiting.status_code == 202
    assert waiting.headers["Location"] == f"/api/v1{offer}/approvals/{waiting.json['id']}"
    assert (waiting.json["status"], waiting.json["values"]) == ("pending", {"discount": "30"})
    assert (waiting.json["waits_for"], waiting.json["may"]) == ("Manager", ["withdraw"])
    assert ann.get(offer).json["stage"] == "draft"
    assert ann.get(waiting.headers["Location"].removeprefix("/api/v1")).json == waiting.json


def test_writing_the_state_asks_for_the_approval_too(ann, offer):
    waiting = ann.patch(offer, {"stage": "sent", "discount": "30"})
    assert (waiting.status_code, waiting.json["transition"]) == (202, "send")


def test_writing_the_state_together_with_other_fields_is_refused(ann, offer):
    refused = ann.patch(offer, {"stage": "sent", "discount": "30", "name": "Other"})
    assert_problem(refused, 409, "approval_needed")
    assert ann.get(offer).json["name"] == "Pumps"


def test_an_approval_performs_it(ann, mia, offer, asked):
    decided = mia.post(f"{offer}/approvals/{asked['id']}/approve", {"reason": "Fine"})
    assert (decided.status_code, decided.json["status"]) == (200, "approved")
    assert decided.json["decisions"][0]["reason"] == "Fine"
    assert (ann.get(offer).json["stage"], ann.get(offer).json["discount"]) == ("sent", "30")
    assert [entry["action"] for entry in ann.get(f"{offer}/history").json["data"]] == [
        "transition",
        "approve",
        "request",
        "create",
    ]


def test_a_rejection_needs_a_reason_and_ends_it(ann, mia, offer, asked):
    path = f"{offer}/approvals/{asked['id']}/reject"
    assert_problem(mia.post(path), 422)
    assert mia.post(path, {"reason": "Too much"}).json["reason"] == "Too much"
    assert ann.get(f"{offer}/approvals").json["data"][0]["status"] == "rejected"


def test_the_requester_withdraws_and_cannot_approve(ann, offer, asked):
    path = f"{offer}/approvals/{asked['id']}"
    refused = assert_problem(ann.post(f"{path}/approve"), 403)
    assert refused["reason"] == "Who asks for an approval cannot give it."
    assert ann.post(f"{path}/withdraw").json["status"] == "withdrawn"
    assert_problem(ann.post(f"{path}/withdraw"), 409, "approval_not_pending")


def test_what_waits_for_me_is_listed(ann, mia, asked):
    assert asked["id"] in [one["id"] for one in mia.get("/approvals").json["data"]]
    assert ann.get("/approvals").json["data"] == []


def test_transitions_say_what_waits_and_until_when_a_record_may_stay(ann, offer, asked):
    found = ann.get(f"{offer}/transitions").json
    by_name = {one["name"]: one for one in found["data"]}
    assert by_name["send"]["pending"] == asked["id"]
    assert by_name["send"]["reasons"] == ["Send waits for the approval of Manager."]
    assert (found["due_at"], found["overdue"]) == (None, False)
    ann.post(f"{offer}/transitions/wait")
    later = ann.get(f"{offer}/transitions").json
    assert later["due_at"].endswith("Z")
    assert later["overdue"] is False


def test_the_same_decision_again_gets_the_first_answer(mia, offer, asked):
    path, key = f"{offer}/approvals/{asked['id']}/approve", {"Idempotency-Key": asked["id"]}
    first, again = mia.post(path, headers=key), mia.post(path, headers=key)
    assert (again.status_code, again.json) == (200, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_request_that_is_repeated_is_made_once(ann, offer):
    key = {"Idempotency-Key": f"ask {offer}".replace(" ", "-")}
    first = ann.post(f"{offer}/transitions/send", {"discount": "30"}, headers=key)
    again = ann.post(f"{offer}/transitions/send", {"discount": "30"}, headers=key)
    assert (again.status_code, again.json["id"]) == (202, first.json["id"])
    assert again.headers["Location"] == first.headers["Location"]


def test_a_decision_about_an_older_version_is_refused(ann, mia, offer, asked):
    ann.patch(offer, {"remark": "x"})
    path = f"{offer}/approvals/{asked['id']}/approve"
    assert_problem(mia.post(path, headers={"If-Match": '"1"'}), 412)


def test_a_request_is_seen_by_whoever_may_read_the_record(app, client, offer, asked):
    rob = client(app, app.token("Rob"))
    assert_problem(rob.get(f"{offer}/approvals"), 404)
    assert_problem(rob.get(f"{offer}/approvals/{asked['id']}"), 404)
    assert_problem(rob.post(f"{offer}/approvals/{asked['id']}/approve"), 404)


def test_a_token_that_only_reads_cannot_decide(app, client, offer, asked):
    token = app.token("Mia", limits=TokenLimits(None, frozenset({"read"})))
    refused = client(app, token).post(f"{offer}/approvals/{asked['id']}/approve")
    assert "token" in assert_problem(refused, 403)["reason"]


@pytest.mark.parametrize("body", [{"reason": 5}, {"why": "x"}, {"reason": None, "x": 1}])
def test_a_body_that_says_something_else_is_refused(body, mia, offer, asked):
    assert_problem(mia.post(f"{offer}/approvals/{asked['id']}/approve", body), 400)


def test_a_reason_that_is_too_long_is_refused(mia, offer, asked):
    assert_problem(mia.post(f"{offer}/approvals/{asked['id']}/approve", {"reason": "x" * 2001}), 422)


def test_the_openapi_document_has_the_calls(ann):
    document = ann.get("/openapi.json").json
    assert faults_of(document) == []
    base = "/api/v1/data/offer/{id}"
    assert "202" in document["paths"][f"{base}/transitions/send"]["post"]["responses"]
    assert "202" not in document["paths"][f"{base}/transitions/lose"]["post"]["responses"]
    assert "202" in document["paths"][base]["patch"]["responses"]
    for act in ("approve", "reject", "withdraw"):
        assert "post" in document["paths"][f"{base}/approvals/{{approval}}/{act}"]
    assert "get" in document["paths"]["/api/v1/approvals"]
