"""A save that PostgreSQL picked as the victim of a deadlock is run anew, as a whole and not for ever."""

import json
import threading

import pytest

from fieldstone_testing.deals import DEALS
from fieldstone_testing.imports import import_file
from fieldstone_testing.journals import contradictions
from fieldstone_testing.problems import assert_problem

LOADER = """
---
kind: role
name: loader
inherits: [manager]
capabilities: [import, bulk_edit]
entities:
  deal: {share: true}
  bid: {create: true, read: true, update: true}
---
kind: entity
name: bid
fields:
  name: {type: text, required: true}
  stage: {type: choice}
---
kind: workflow
name: bid_stage
entity: bid
field: stage
initial: draft
states: {draft: {label: Draft}, sent: {label: Sent}}
transitions:
  send: {from: draft, to: sent, approval: {steps: [{by: manager}]}}
"""
VICTIM = """
CREATE SEQUENCE main_system.attempt;
CREATE TABLE main_system.victim (times integer, sqlstate text);
INSERT INTO main_system.victim VALUES (0, '40P01');
CREATE FUNCTION main_system.be_the_victim() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE picked main_system.victim;
BEGIN
  SELECT * INTO picked FROM main_system.victim;
  IF nextval('main_system.attempt') <= picked.times THEN
    RAISE EXCEPTION 'deadlock detected' USING ERRCODE = picked.sqlstate;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER be_the_victim AFTER INSERT ON main_system.history
  FOR EACH STATEMENT EXECUTE FUNCTION main_system.be_the_victim()
"""
TRIES = 5


@pytest.fixture(scope="module")
def app(module_app_from):
    app = module_app_from(DEALS + LOADER)
    app.user("Mia", ["manager", "loader"], ["North"])
    app.sql(VICTIM)
    return app


@pytest.fixture
def api(app, client):
    return client(app, app.token("Ann", ["loader"], ["North"]))


@pytest.fixture
def bid(app, client):
    """Bo's bid, which is to be sent: its path."""
    bo = client(app, app.token("Bo", ["loader"], ["North"]))
    made = f"/data/bid/{bo.post('/data/bid', {'name': 'Bid'}).json['id']}"
    return made, bo.post(f"{made}/transitions/send", {}).json["id"]


@pytest.fixture
def pick(app):
    """Has the next saves picked as victims, so many times, at the moment when everything is written."""

    def picked(times, sqlstate="40P01"):
        app.sql(
            "UPDATE main_system.victim SET times = :times, sqlstate = :state", times=times, state=sqlstate
        )
        app.sql("SELECT setval('main_system.attempt', 1, false)")

    yield picked
    picked(0)


def attempts(app):
    return app.sql("SELECT last_value FROM main_system.attempt")[0][0]


def told(app):
    return app.sql("SELECT count(*) FROM main_system.history")[0][0]


def lines(*entries):
    body = b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)
    return {"data": body, "headers": {"Content-Type": "application/x-ndjson"}}


def with_key(options, key):
    return {**options, "headers": {**options.get("headers", {}), "Idempotency-Key": key}}


def new(*names):
    return {"records": [{"name": name} for name in names]}


# What each way to write is called with, and how many entries it leaves in the history.
WAYS = {
    "creating one": (1, lambda api, _deal: api.post("/data/deal", {"name": "A"})),
    "creating one, once": (
        1,
        lambda api, _deal: api.post("/data/deal", {"name": "A"}, headers={"Idempotency-Key": "one"}),
    ),
    "creating many": (2, lambda api, _deal: api.post("/data/deal", new("A", "B"))),
    "creating many, partly": (2, lambda api, _deal: api.post("/data/deal?partial=true", new("A", "B"))),
    "changing": (1, lambda api, deal: api.patch(deal, {"quantity": 3})),
    "putting by a unique value": (1, lambda api, _deal: api.put("/data/customer/by/code/Z9", {"name": "A"})),
    "a transition": (1, lambda api, deal: api.post(f"{deal}/transitions/lose", {})),
    "deleting": (1, lambda api, deal: api.delete(deal)),
    "bulk as one": (
        2,
        lambda api, _deal: api.post("/data/deal/bulk?mode=create", **lines({"name": "A"}, {"name": "B"})),
    ),
    "bulk as one, once": (
        1,
        lambda api, _deal: api.post("/data/deal/bulk?mode=create", **with_key(lines({"name": "A"}), "bulk")),
    ),
    "bulk in batches": (
        1,
        lambda api, deal: api.post(
            "/data/deal/bulk?mode=delete&partial=true", **lines({"id": deal.rpartition("/")[2]})
        ),
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_write_is_run_anew_and_leaves_its_effects_once(app, api, pick, way):
    deal = f"/data/deal/{api.post('/data/deal', {'name': 'Pump'}).json['id']}"
    entries, write = WAYS[way]
    before = told(app)
    pick(2)
    answer = write(api, deal)
    assert answer.status_code in (200, 201, 204), answer.get_data(as_text=True)
    assert attempts(app) == 3
    assert told(app) == before + entries
    assert contradictions(app, "deal", "customer") == []


def test_restoring_purging_and_undoing_are_run_anew(app, api, pick):
    made = api.post("/data/deal/bulk?mode=create", **lines({"name": "A"}))
    operation = made.headers["Fieldstone-Operation"]
    deal = f"/data/deal/{json.loads(made.get_data())['id']}"
    pick(1)
    assert api.post(f"/operations/{operation}/undo").json["undone"] == 1
    pick(1)
    assert api.post(f"{deal}/restore").status_code == 200
    assert api.delete(deal).status_code == 204
    pick(1)
    assert api.delete(f"{deal}?purge=true").status_code == 204
    assert contradictions(app, "deal") == []


def test_asking_for_an_approval_is_run_anew_and_asks_once(app, api, pick):
    made = f"/data/bid/{api.post('/data/bid', {'name': 'Bid'}).json['id']}"
    pick(2)
    assert api.post(f"{made}/transitions/send", {}).status_code == 202
    assert len(api.get(f"{made}/approvals").json["data"]) == 1
    assert [entry["action"] for entry in api.get(f"{made}/history").json["data"]] == ["request", "create"]


ENDINGS = {"approve": ("approved", "sent"), "reject": ("rejected", "draft")}


@pytest.mark.parametrize("decision", ENDINGS)
def test_a_decision_is_run_anew_and_counts_once(app, client, bid, pick, decision):
    made, asked = bid
    mia = client(app, app.token("Mia"))
    pick(2)
    answer = mia.post(f"{made}/approvals/{asked}/{decision}", {"reason": "So be it"})
    assert (answer.status_code, len(answer.json["decisions"])) == (200, 1)
    assert (answer.json["status"], mia.get(made).json["stage"]) == ENDINGS[decision]
    assert [entry["action"] for entry in mia.get(f"{made}/history").json["data"]].count(decision) == 1


def test_a_merge_and_a_share_are_run_anew(app, api, pick):
    kept, other = (api.post("/data/customer", {"name": name}).json["id"] for name in "AB")
    deal = api.post("/data/deal", {"name": "Pump", "customer": other}).json["id"]
    pick(2)
    assert api.post(f"/data/customer/{kept}/merge", {"records": [other]}).status_code == 200
    assert api.get(f"/data/deal/{deal}").json["customer"]["id"] == kept
    pick(2)
    assert api.post(f"/data/deal/{deal}/shares", {"with": {"role": "guest"}}).status_code == 201
    assert len(api.get(f"/data/deal/{deal}/shares").json["data"]) == 1
    assert contradictions(app, "deal", "customer") == []


def test_a_batch_of_an_import_is_run_anew(app, pick, monkeypatch, tmp_path):
    (tmp_path / "rows.csv").write_text("code,name\nD1,a\nD2,b\n")
    (tmp_path / "mapping.yaml").write_text("entity: customer\nkey: code\ncolumns: {code: code, name: name}\n")
    pick(2)
    done = import_file(
        app, monkeypatch, "customer", tmp_path / "rows.csv", tmp_path / "mapping.yaml", "--json"
    )
    assert (done.status, done.counts["created"], attempts(app)) == (0, 2, 3)
    assert contradictions(app, "customer") == []


@pytest.mark.parametrize("sqlstate", ["40P01", "40001"])
def test_whoever_is_always_the_victim_is_told_to_come_back_and_nothing_is_written(app, api, pick, sqlstate):
    before = told(app)
    pick(1_000, sqlstate)
    answer = api.post("/data/deal", {"name": "A"})
    assert_problem(answer, 503, "busy")
    assert int(answer.headers["Retry-After"]) > 0
    assert (attempts(app), told(app)) == (TRIES, before)


def test_bulk_in_batches_tells_the_lines_that_could_not_be_written(app, api, pick):
    pick(1_000)
    answer = api.post("/data/deal/bulk?mode=create&partial=true", **lines({"name": "A"}, {"name": "B"}))
    found = [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]
    assert [(line["status"], line["errors"][0]["code"]) for line in found] == [(503, "busy")] * 2
    assert attempts(app) == TRIES


# -- only some of many are unlucky

UNLUCKY = """
CREATE FUNCTION main_system.be_unlucky() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.name = 'Raced' THEN RAISE EXCEPTION 'raced' USING ERRCODE = '23505'; END IF;
  IF NEW.name = 'Unlucky' THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER be_unlucky BEFORE INSERT ON main.customer
  FOR EACH ROW EXECUTE FUNCTION main_system.be_unlucky()
"""


@pytest.fixture
def unlucky(app_from, client):
    """An app in which some customers are always the victim."""
    app = app_from(DEALS + LOADER)
    app.sql(UNLUCKY)
    return app, client(app, app.token("Ann", ["loader"], ["North"]))


def names(app):
    return [name for (name,) in app.sql("SELECT name FROM main.customer ORDER BY name")]


def test_creating_many_partly_tells_which_were_not_created_and_keeps_the_others(unlucky):
    app, api = unlucky
    sent = {"records": [{"name": None}, *new("A", "Unlucky", "B")["records"]]}
    answer = api.post("/data/customer?partial=true", sent)
    assert [result["status"] for result in answer.json["data"]] == [422, 201, 503, 201]
    assert names(app) == ["A", "B"]


def test_bulk_in_batches_says_what_of_a_batch_was_written(unlucky):
    app, api = unlucky
    sent = lines(*new("A", "Raced", "B", "Unlucky")["records"])
    answer = api.post("/data/customer/bulk?mode=create&partial=true", **sent)
    found = [json.loads(line)["status"] for line in answer.get_data(as_text=True).splitlines()]
    assert found == [201, 409, 503, 503]
    assert names(app) == ["A"]


def test_bulk_as_one_writes_nothing(unlucky):
    app, api = unlucky
    sent = lines(*new("A", "Raced", "B", "Unlucky")["records"])
    assert_problem(api.post("/data/customer/bulk?mode=create", **sent), 503)
    assert names(app) == []


# -- two who hold what the other wants

PAIRS = """
kind: app
name: pairs
label: Pairs
version: 1.0.0
---
kind: entity
name: plus
fields:
  name: {type: text, required: true}
  other: {type: reference, to: minus, inverse: pluses}
  touched: {type: integer, default: 0}
---
kind: entity
name: minus
fields:
  name: {type: text, required: true}
  other: {type: reference, to: plus, inverse: minuses}
  touched: {type: integer, default: 0}
---
kind: role
name: rep
entities:
  plus: {create: true, read: true, update: true}
  minus: {create: true, read: true, update: true}
"""
EACH_TOUCHES_THE_OTHER = """
trigger touch_minus on plus after save { when changed(name) set other.touched = other.touched + 1 }
trigger touch_plus on minus after save { when changed(name) set other.touched = other.touched + 1 }
"""
ROUNDS = 3


def test_rules_that_change_each_others_records_wait_for_nobody_and_lose_nothing(app_from, client):
    app = app_from(PAIRS, pairs_rules=EACH_TOUCHES_THE_OTHER)
    app.sql(f"ALTER DATABASE \"{app.database.url.database}\" SET deadlock_timeout = '20ms'")
    app.database.close()
    token = app.token("Ann", ["rep"])
    one, other = client(app, token), client(app, token)
    plus, minus = (one.post(f"/data/{entity}", {"name": "0"}).json["id"] for entity in ("plus", "minus"))
    one.patch(f"/data/plus/{plus}", {"other": minus})
    one.patch(f"/data/minus/{minus}", {"other": plus})
    start, answers = threading.Barrier(2), []

    def rename(api, path):
        for number in range(ROUNDS):
            start.wait(10)
            answers.append(api.patch(path, {"name": f"{number + 1}"}).status_code)

    renaming = [
        threading.Thread(target=rename, args=(one, f"/data/plus/{plus}")),
        threading.Thread(target=rename, args=(other, f"/data/minus/{minus}")),
    ]
    [thread.start() for thread in renaming]
    [thread.join() for thread in renaming]
    assert answers == [200] * 2 * ROUNDS
    found = [api.get(path).json for api, path in ((one, f"/data/plus/{plus}"), (one, f"/data/minus/{minus}"))]
    assert [(record["name"], record["touched"]) for record in found] == [(f"{ROUNDS}", ROUNDS)] * 2
    assert contradictions(app, "plus", "minus") == []
