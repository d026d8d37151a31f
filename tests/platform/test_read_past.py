"""Time travel: `at=` a past instant, on lists and records."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.records import Query
from fieldstone_testing import App, AppFactory
from fieldstone_testing.clients import ApiClient
from fieldstone_testing.problems import assert_problem

DEALS = """
kind: app
name: sales
label: Sales
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: account
fields:
  name: {type: text, required: true}
---
kind: entity
name: untracked
track: false
fields:
  name: {type: text}
---
kind: entity
name: deal
order: [-closes]
search: [name]
fields:
  name: {type: text}
  account: {type: reference, to: account, inverse: deals}
  partners: {type: references, to: account, inverse: partner_deals}
  about: {type: reference, to: [account, deal]}
  stage: {type: choice, options: [open, won, lost]}
  amount: {type: money}
  margin: {type: money}
  pieces: {type: integer}
  weight: {type: decimal, precision: 8, scale: 3}
  discount: {type: percent}
  closes: {type: date}
  met: {type: datetime}
  opens: {type: time}
  lasts: {type: duration}
  hot: {type: boolean}
  tags: {type: tags}
  steps: {type: choices, options: [call, visit]}
  where_to: {type: address}
  notes: {type: rich_text}
  facts: {type: json}
  code: {type: secret}
  half: {type: formula, expression: amount / 2}
---
kind: role
name: rep
inherits: [employee]
entities:
  account: {create: true, read: true, update: true}
  untracked: {create: true, read: true, update: true}
  deal:
    create: true
    read: owner == user or stage == "won"
    update: owner == user
    delete: owner == user
    fields: {margin: {read: stage == "open"}}
"""
Clients = Callable[[App, str], ApiClient]


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    return module_app_from(DEALS)


@pytest.fixture
def api(app: App, client: Clients) -> ApiClient:
    return client(app, app.token("Ann", ["rep"]))


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def values(app: App, chance: random.Random, accounts: list[str]) -> dict[str, Any]:
    """A value for each field that the history keeps, often none."""
    account = chance.choice(accounts)
    some = {
        "name": chance.choice(["Pump", "", "a \"b\" 'c' \\"]),
        "account": account,
        "about": {"entity": "account", "id": account},
        "stage": chance.choice(["open", "won"]),
        "amount": chance.choice(["10.50", "1234.5678"]),
        "pieces": chance.choice([0, -5, 2**40]),
        "weight": chance.choice(["0.125", "3"]),
        "discount": chance.choice(["20", "0.5"]),
        "closes": chance.choice(["2026-01-01", "2024-02-29"]),
        "met": chance.choice(["2026-01-01T10:00:00Z", "2026-03-29T01:30:00.5Z"]),
        "opens": chance.choice(["08:30:00", "23:59:59.25"]),
        "lasts": chance.choice(["P14D", "PT5400S", "P1M2D"]),
        "hot": chance.choice([True, False]),
        "tags": chance.sample(["a", "b", "ü"], 2),
        "steps": chance.sample(["call", "visit"], 1),
        "where_to": {"city": chance.choice(["Kiel", "Ulm"]), "street": "Weg 1"},
        "notes": chance.choice(["<p>one</p>", "<p><b>two</b></p>"]),
        "facts": chance.choice([{"a": [1, None]}, [1], "text", 5]),
    }
    sent = {name: chance.choice([value, None]) for name, value in some.items()}
    return {name: sent[name] for name in chance.sample(sorted(sent), 9)}


def test_the_past_shows_what_was_shown_then(app: App) -> None:
    """Each of many states, kept as they were shown, is shown again from the history."""
    chance = random.Random(5)
    system = app.system
    accounts = [str(one.id) for one in records.create(system, "account", [{"name": "A"}, {"name": "B"}])]
    made = records.create(system, "deal", [values(app, chance, accounts) for _ in range(6)])
    ids = [one.id for one in made]
    fields = tuple(
        sorted(values(app, random.Random(0), accounts).keys() | {"stage", "notes", "facts", "lasts"})
    )
    wanted = Query(fields=fields, order=("id",))
    seen: list[tuple[datetime, Any]] = []
    for _ in range(12):
        seen.append((datetime.now(UTC), records.list(system, "deal", wanted).data))
        id_ = chance.choice(ids)
        records.update(
            app.context_for("Boss", ["admin"]), "deal", [change(id_, values(app, chance, accounts))]
        )
    told = [records.list(system, "deal", Query(fields=fields, order=("id",), at=at)).data for at, _ in seen]
    assert told == [data for _, data in seen]
    assert len({str(data) for data in told}) > 6


def change(id_: UUID, sent: dict[str, Any]) -> records.Change:
    return records.Change(id_, sent)


def test_a_record_is_read_as_it_was(api: ApiClient) -> None:
    made = api.post("/data/deal", {"name": "Old", "amount": "10", "tags": ["x"]}).json
    then = now()
    api.patch(f"/data/deal/{made['id']}", {"name": "New", "amount": "20", "tags": []})
    was = api.get(f"/data/deal/{made['id']}", query_string={"at": then})
    assert (was.json["name"], was.json["amount"], was.json["tags"]) == ("Old", "10.00", ["x"])
    assert "ETag" not in was.headers
    assert not {"half", "version", "updated_at", "partners", "code"} & was.json.keys()
    assert api.get(f"/data/deal/{made['id']}", query_string={"at": now()}).json["name"] == "New"


def test_filter_order_and_pages_go_by_the_values_of_then(api: ApiClient) -> None:
    names = [f"Page {number}" for number in range(5)]
    sent = [{"name": name, "stage": "lost", "pieces": place} for place, name in enumerate(names)]
    made = api.post("/data/deal", {"records": sent}).json["data"]
    then = now()
    for one in made:
        api.patch(f"/data/deal/{one['id']}", {"stage": "open", "pieces": 0})
    asked = {"where": 'stage == "lost"', "order": "-pieces", "fields": "name", "limit": 2, "at": then}
    assert api.get("/data/deal", query_string=asked | {"at": now()}).json["data"] == []
    seen, page = [], api.get("/data/deal", query_string=asked | {"count": "exact"}).json
    assert page["count"] == 5
    while page["next"]:
        seen += page["data"]
        page = api.get("/data/deal", query_string=asked | {"cursor": page["next"]}).json
    assert [one["name"] for one in seen + page["data"]] == names[::-1]


def test_what_was_not_there_yet_or_was_in_the_bin_is_not_shown(api: ApiClient) -> None:
    before = now()
    made = api.post("/data/deal", {"name": "Moved"}).json
    path, live = f"/data/deal/{made['id']}", now()
    api.delete(path)
    binned = now()
    assert api.get(path, query_string={"at": live}).json["name"] == "Moved"
    api.post(f"{path}/restore")
    back = now()
    states = [api.get(path, query_string={"at": at}).status_code for at in (before, live, binned, back)]
    assert states == [404, 200, 404, 200]
    asked = {"where": 'name == "Moved"', "count": "exact"}
    counts = [
        api.get("/data/deal", query_string=asked | {"at": at}).json["count"]
        for at in (before, live, binned, back)
    ]
    assert counts == [0, 1, 0, 1]


def test_the_rights_of_now_decide_over_records_and_fields(app: App, client: Clients, api: ApiClient) -> None:
    bob = client(app, app.token("Bob", ["rep"]))
    made = api.post("/data/deal", {"name": "Mine", "stage": "open", "margin": "77"}).json
    path, then = f"/data/deal/{made['id']}", now()
    assert bob.get(path, query_string={"at": then}).status_code == 404
    api.patch(path, {"stage": "won"})
    shown = bob.get(path, query_string={"at": then}).json
    assert (shown["stage"], shown["margin"]) == ("open", None)
    guess = bob.get("/data/deal", query_string={"where": "margin == 77", "at": then}).json
    assert guess["data"] == []
    sorted_by = bob.get("/data/deal", query_string={"order": "margin", "fields": "margin", "at": then}).json
    assert {one["margin"] for one in sorted_by["data"]} == {None}


def test_of_an_untracked_entity_only_what_never_changes_is_known(api: ApiClient) -> None:
    made = api.post("/data/untracked", {"name": "x"}).json
    shown = api.get(f"/data/untracked/{made['id']}", query_string={"at": now()}).json
    assert shown.keys() == {"id", "created_at", "created_by"}


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"at": "yesterday"}, "bad_parameter", "at"),
        ({"at": "2026-01-01T10:00:00"}, "bad_parameter", "at"),
        ({"at": (datetime.now(UTC) + timedelta(days=9)).isoformat()}, "bad_parameter", "at"),
        ({"fields": "half"}, "unknown_then", "fields"),
        ({"fields": "account.name"}, "unknown_then", "fields"),
        ({"fields": "code"}, "unknown_then", "fields"),
        ({"order": "half"}, "unknown_then", "order"),
        ({"order": "account.name"}, "unknown_then", "order"),
        ({"order": "where_to"}, "unknown_then", "order"),
        ({"order": "updated_at"}, "unknown_then", "order"),
        ({"where": "half > 1"}, "unknown_then", "where"),
        ({"where": 'account.name == "A"'}, "unknown_then", "where"),
        ({"where": "count(partners) > 0"}, "unknown_then", "where"),
        ({"where": "version > 1"}, "unknown_then", "where"),
        ({"where": 'where_to.city == "Kiel"'}, "unknown_then", "where"),
        ({"where": "count(deal) > 0"}, "unknown_then", "where"),
        ({"q": "pump"}, "not_supported_yet", "q"),
        ({"deleted": "true"}, "not_supported_yet", "deleted"),
    ],
)
def test_what_is_not_known_of_then_is_refused(
    api: ApiClient, query: dict[str, str], code: str, field: str
) -> None:
    refused = assert_problem(api.get("/data/deal", query_string={"at": "2026-01-01"} | query), 400, code)
    assert refused["errors"][0]["field"] == field


def test_a_moment_with_a_plus_sign_is_read_although_it_arrives_as_a_space(api: ApiClient) -> None:
    assert api.get("/data/deal?at=2026-01-01T10:00:00+02:00").status_code == 200


def test_an_order_of_the_entity_that_leads_behind_a_reference_does_without_that(app_from: AppFactory) -> None:
    app = app_from(DEALS.replace("order: [-closes]", "order: [account.name, -pieces]"))
    made = [{"name": str(pieces), "pieces": pieces} for pieces in (1, 3, 2)]
    records.create(app.system, "deal", made)
    then = records.list(app.system, "deal", Query(at=datetime.now(UTC)))
    assert [one["pieces"] for one in then.data] == [3, 2, 1]
