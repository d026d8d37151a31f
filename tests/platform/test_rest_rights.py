"""What roles, teams and narrowed tokens leave of the API."""

import pytest

from fieldstone.context import TokenLimits
from fieldstone_testing.deals import DEALS
from fieldstone_testing.problems import assert_problem


@pytest.fixture(scope="module")
def app(module_app_from):
    return module_app_from(DEALS)


@pytest.fixture
def ann(app, client):
    return client(app, app.token("Ann", ["rep"], ["North"]))


@pytest.fixture
def bob(app, client):
    """A rep of the same team."""
    return client(app, app.token("Bob", ["rep"], ["North"]))


@pytest.fixture
def eve(app, client):
    """A rep of another team."""
    return client(app, app.token("Eve", ["rep"], ["South"]))


@pytest.fixture
def deal(ann):
    return ann.post("/data/deal", {"name": "Pump", "amount": "10", "currency": "EUR"}).json


def narrowed(app, client, entities=None, verbs=None):
    limits = TokenLimits(entities and frozenset(entities), verbs and frozenset(verbs))
    return client(app, app.token("Ann", limits=limits))


def test_a_record_of_another_team_does_not_exist_for_any_call(eve, deal):
    path = f"/data/deal/{deal['id']}"
    for answer in (
        eve.get(path),
        eve.get(f"{path}/history"),
        eve.get(f"{path}/transitions"),
        eve.patch(path, {"name": "Mine"}),
        eve.delete(path),
        eve.post(f"{path}/restore"),
        eve.post(f"{path}/transitions/win"),
    ):
        assert_problem(answer, 404)


def test_records_of_another_team_are_in_no_list_count_group_or_search(ann, eve):
    customer = ann.post("/data/customer", {"name": "Shared"}).json["id"]
    ann.post("/data/deal", {"name": "Hiddenword", "customer": customer})
    assert "Hiddenword" not in eve.get("/data/deal?limit=1000").text
    assert eve.get("/data/deal?q=hiddenword&count=exact").json["count"] == 0
    assert eve.get(f"/data/customer/{customer}/related/deals").json["data"] == []
    counted = eve.post("/data/deal/query", {"rows": ["name"], "measures": {"n": "count()"}}).json["data"]
    assert "Hiddenword" not in [group["name"] for group in counted]
    assert "Hiddenword" not in eve.get("/search?q=hiddenword").text


def test_a_colleague_may_read_but_not_change_and_is_told_why(bob, deal):
    path = f"/data/deal/{deal['id']}"
    assert bob.get(path).status_code == 200
    assert assert_problem(bob.patch(path, {"name": "Mine"}), 403)["reason"]
    assert assert_problem(bob.delete(path), 403)["reason"]
    assert bob.get(path).json["version"] == 1


def test_a_hidden_field_is_nowhere_and_sending_it_is_refused(ann, deal):
    path = f"/data/deal/{deal['id']}"
    assert "margin" not in ann.get(path).json
    assert_problem(ann.get(f"{path}?fields=margin"), 400)
    assert_problem(ann.get("/data/deal?where=margin%20%3E%201"), 400)
    assert_problem(ann.get("/data/deal?order=margin"), 400)
    assert_problem(ann.post("/data/deal/query", {"rows": ["margin"]}), 400)
    assert ann.patch(path, {"margin": "5"}).status_code in {403, 422}


def test_a_role_without_rights_on_an_entity_is_refused_with_the_reason(app, client):
    gus = client(app, app.token("Gus", ["guest"]))
    assert gus.get("/data/customer").status_code == 200
    assert assert_problem(gus.post("/data/customer", {"name": "A"}), 403)["reason"]
    assert assert_problem(gus.get("/data/deal"), 403)["reason"]


def test_a_token_narrowed_to_reading_cannot_write(app, client, ann, deal):
    reader = narrowed(app, client, verbs={"read"})
    path = f"/data/deal/{deal['id']}"
    assert reader.get(path).status_code == 200
    for answer in (
        reader.post("/data/deal", {"name": "A"}),
        reader.patch(path, {"name": "A"}),
        reader.delete(path),
        reader.post(f"{path}/transitions/win"),
        reader.put("/data/customer/by/code/Z9", {"name": "A"}),
    ):
        assert_problem(answer, 403)
    assert ann.get(path).json["version"] == 1


def test_a_token_narrowed_to_an_entity_reaches_no_other(app, client, deal):
    narrow = narrowed(app, client, entities={"customer"})
    assert narrow.get("/data/customer").status_code == 200
    assert_problem(narrow.get("/data/deal"), 403)
    assert_problem(narrow.get(f"/data/deal/{deal['id']}"), 404)
    assert_problem(narrow.post("/data/deal", {"name": "A"}), 404)


def test_me_tells_what_the_token_is_narrowed_to(app, client):
    told = narrowed(app, client, {"deal", "customer"}, {"read"}).get("/me").json
    assert told["limits"] == {"entities": ["customer", "deal"], "verbs": ["read"]}


def test_who_may_create_but_not_read_gets_the_id_and_the_version(app_from, client):
    app = app_from(
        DEALS + "---\nkind: role\nname: mailbox\nlabel: Mailbox\nentities: {customer: {create: true}}\n"
    )
    mailbox = client(app, app.token("Mo", ["mailbox"]))
    created = mailbox.post("/data/customer", {"name": "Acme"})
    assert created.status_code == 201
    assert created.json.keys() == {"id", "version"}
