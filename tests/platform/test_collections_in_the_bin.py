"""Conditions over collections read of a record in the recycle bin what went there with it: its lines, the
records that its removal takes along, and links that are records.
"""

from __future__ import annotations

from uuid import UUID

import pytest

from fieldstone import records
from fieldstone_testing import App
from fieldstone_testing.clients import ApiClient
from fieldstone_testing.problems import assert_problem

CONDITIONS = {
    "summing": "sum(lines.price) < 6",
    "looking": "not exists(lines where price > 5)",
    "looking_deep": "not exists(lines where exists(parts where price > 5))",
    "counting_deep": "count(lines where sum(parts.price) > 5) == 0",
    "computing": "total < 6",
    "keeping": "kept_total < 6",
    "visited": "not exists(visits where name == 'Raid')",
    "visited_deep": "count(visits where exists(deal.visits where name == 'Raid')) == 0",
    "seating": "not exists(people where name == 'Spy')",
    "seating_deep": "count(seats where exists(deal.people where name == 'Spy')) == 0",
    "keeping_visits": "raids == 0",
    "keeping_people": "spies == 0",
    "known_to": "not exists(friends where name == 'Spy')",
}

SALES = """
kind: app
name: sales
label: Sales
version: 1.0.0
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  secret: {type: text}
  total: {type: formula, expression: sum(lines.price)}
  kept_total: {type: formula, expression: sum(lines.price), stored: true}
  raids: {type: formula, expression: count(visits where name == 'Raid'), stored: true}
  spies: {type: formula, expression: count(people where name == 'Spy'), stored: true}
  people: {type: references, to: contact, through: seat, inverse: deals}
  friends: {type: references, to: contact}
---
kind: entity
name: line
title: what
fields:
  deal: {type: reference, to: deal, owned: true, inverse: lines}
  what: {type: text}
  price: {type: integer}
---
kind: entity
name: part
title: what
fields:
  line: {type: reference, to: line, owned: true, inverse: parts}
  what: {type: text}
  price: {type: integer}
---
kind: entity
name: visit
fields:
  name: {type: text, required: true}
  deal: {type: reference, to: deal, on_delete: cascade, inverse: visits}
---
kind: entity
name: contact
fields:
  name: {type: text, required: true}
---
kind: entity
name: seat
title: name
fields:
  name: {type: text}
  deal: {type: reference, to: deal, on_delete: cascade, inverse: seats}
  contact: {type: reference, to: contact, on_delete: cascade, inverse: places}
---
kind: role
name: recruiter
entities:
  contact: {read: not exists(deals where name == 'Secret') and count(places) < 1, delete: true}
---
kind: role
name: half_cleaner
entities:
  deal: {read: true, delete: true}
  seat: {read: true}
capabilities: [purge]
---
kind: role
name: cleaner
inherits: [half_cleaner]
entities:
  seat: {read: true, delete: true}
---
kind: role
name: denied
entities:
  deal: {read: true, delete: true, deny: {read: exists(lines where price > 5)}}
capabilities: [export]
---
kind: role
name: half_blind
entities:
  deal: {read: true, delete: true, fields: {secret: {read: sum(lines.price) < 6}}}
---
kind: role
name: visitor
entities:
  visit: {read: not exists(deal.lines where price > 5), delete: true}
---
kind: role
name: editor
entities:
  deal: {create: true, read: true, update: true, delete: sum(lines.price) < 6}
"""
ROLES = "".join(
    f"""
---
kind: role
name: {name}
entities:
  deal: {{read: {condition}, delete: true}}
capabilities: [export]
"""
    for name, condition in CONDITIONS.items()
)
BLIND = [*CONDITIONS, "denied"]


def deal(name, price):
    inside = [{"what": name, "price": price, "parts": [{"what": name, "price": price}]}]
    return {"name": name, "secret": name, "lines": inside}


@pytest.fixture(scope="module")
def app(module_app_from):
    return module_app_from(SALES + ROLES)


@pytest.fixture(scope="module")
def binned(app: App) -> dict[str, str]:
    """Name → id of deals in the recycle bin."""
    contacts = records.create(app.system, "contact", [{"name": "Spy"}, {"name": "Mate"}])
    spy, mate = (str(one.id) for one in contacts)
    heavy = deal("Heavy", 10) | {"people": [spy], "friends": [spy]}
    light = deal("Light", 1) | {"people": [mate], "friends": [mate]}
    made = records.create(app.system, "deal", [heavy, light])
    visits = zip(("Raid", "Lunch"), made, strict=True)
    records.create(app.system, "visit", [{"name": name, "deal": str(one.id)} for name, one in visits])
    records.delete(app.system, "deal", [one.id for one in made])
    return dict(zip(("Heavy", "Light"), (str(one.id) for one in made), strict=True))


@pytest.fixture
def api_as(app, client):
    return lambda role: client(app, app.token(f"Somebody {role}", [role]))


def created_at(app: App, id_: str) -> str:
    made: str = records.get(app.system, "deal", UUID(id_), deleted=True)["created_at"]
    return made


def statuses(api: ApiClient, app: App, id_: str) -> list[int]:
    """What becomes of reading a record in the bin, as it was, and its history."""
    path, then = f"/data/deal/{id_}", {"at": created_at(app, id_)}
    answers = [
        api.get(f"{path}?deleted=true"),
        api.get(path, query_string=then),
        api.get(f"{path}/history"),
    ]
    return [answer.status_code for answer in answers]


@pytest.mark.parametrize("role", BLIND)
def test_who_may_not_read_a_deal_for_its_lines_may_not_read_it_in_the_bin(app, binned, api_as, role):
    api = api_as(role)
    assert statuses(api, app, binned["Heavy"]) == [404, 404, 404]
    assert statuses(api, app, binned["Light"]) == [200, 200, 200]


@pytest.mark.parametrize("role", BLIND)
def test_lists_and_exports_of_the_bin_and_the_past_leave_it_out(app, binned, api_as, role):
    api = api_as(role)
    then = {"at": created_at(app, binned["Light"])}
    lists = [api.get("/data/deal?deleted=true"), api.get("/data/deal", query_string=then)]
    assert [[one["name"] for one in answer.json["data"]] for answer in lists] == [["Light"], ["Light"]]
    exported = api.get("/data/deal/export?format=csv&deleted=true&fields=name").get_data(as_text=True)
    assert exported.removeprefix("\ufeff").split() == ["name", "Light"]


@pytest.mark.parametrize("role", BLIND)
def test_it_cannot_be_restored_by_them(binned, api_as, role):
    assert api_as(role).post(f"/data/deal/{binned['Heavy']}/restore").status_code == 404


def test_a_right_to_delete_that_asks_for_lines_is_that_to_restore(app, api_as):
    heavy, light = records.create(app.system, "deal", [deal("Heavy pair", 10), deal("Light pair", 1)])
    records.delete(app.system, "deal", [heavy.id, light.id])
    api = api_as("editor")
    answers = [api.post(f"/data/deal/{one.id}/restore").status_code for one in (heavy, light)]
    listed = [one["name"] for one in api.get("/data/deal?where=len(name) > 8").json["data"]]
    records.purge(app.system, "deal", [heavy.id])
    records.delete(app.system, "deal", [light.id])
    records.purge(app.system, "deal", [light.id])
    assert (answers, listed) == ([403, 200], ["Light pair"])


def test_a_field_hidden_for_its_lines_stays_hidden_in_the_bin(binned, api_as):
    found = api_as("half_blind").get("/data/deal?deleted=true&fields=name,secret&order=name").json["data"]
    assert [(one["name"], one["secret"]) for one in found] == [("Heavy", None), ("Light", "Light")]


def test_the_bin_is_filtered_by_the_lines_that_went_there(app, binned):
    query = records.Query(where="exists(lines where price > 5)", deleted=True)
    assert [one["name"] for one in records.list(app.system, "deal", query).data] == ["Heavy"]


def test_formulas_over_lines_keep_their_value_in_the_bin(app, binned):
    found = records.get(app.system, "deal", UUID(binned["Heavy"]), deleted=True)
    assert (found["total"], found["kept_total"]) == (10, 10)


def test_a_line_that_was_removed_by_itself_does_not_count(app, api_as):
    (made,) = records.create(app.system, "deal", [deal("Lightened", 10)])
    (line,) = records.get(app.system, "deal", made.id)["lines"]
    records.delete(app.system, "line", [UUID(line["id"])])
    records.delete(app.system, "deal", [made.id])
    found = api_as("summing").get(f"/data/deal/{made.id}?deleted=true")
    records.purge(app.system, "deal", [made.id])
    assert (found.status_code, found.json["lines"]) == (200, [])


def test_conditions_read_the_lines_of_a_deal_in_the_bin_behind_a_reference_too(app, api_as):
    deals = records.create(app.system, "deal", [deal("Visited", 10), deal("Visited too", 1)])
    visits = [{"name": name, "deal": str(one.id)} for name, one in zip("AB", deals, strict=True)]
    first, second = records.create(app.system, "visit", visits)
    records.delete(app.system, "deal", [one.id for one in deals])
    api = api_as("visitor")
    listed = [one["name"] for one in api.get("/data/visit?deleted=true&where=len(name) == 1").json["data"]]
    told = [api.get(f"/data/visit/{one.id}/history").status_code for one in (first, second)]
    records.purge(app.system, "visit", [first.id, second.id])
    records.purge(app.system, "deal", [one.id for one in deals])
    assert (listed, told) == (["B"], [404, 200])


def test_who_belonged_to_a_deal_is_shown_and_asked_for_in_the_bin(app, binned):
    query = records.Query(where="exists(people where name == 'Spy')", deleted=True)
    (found,) = records.list(app.system, "deal", query).data
    assert (found["name"], [one["title"] for one in found["people"]]) == ("Heavy", ["Spy"])


def test_a_link_that_was_removed_by_itself_does_not_count(app_from):
    app = app_from(SALES)
    (contact,) = records.create(app.system, "contact", [{"name": "Parted"}])
    (left,) = records.create(app.system, "deal", [deal("Left", 1) | {"people": [str(contact.id)]}])
    records.update(app.system, "deal", [records.Change(left.id, {"people": []})])
    records.delete(app.system, "deal", [left.id])
    found = records.list(app.system, "deal", records.Query(where="count(people) == 0", deleted=True)).data
    assert [(one["name"], one["people"]) for one in found] == [("Left", [])]


def test_links_that_went_with_the_other_side_count_for_that(app_from, client):
    app = app_from(SALES)
    spied, plain = records.create(app.system, "contact", [{"name": "Spied"}, {"name": "Plain"}])
    records.create(app.system, "deal", [deal("Secret", 1) | {"people": [str(spied.id)]}])
    records.delete(app.system, "contact", [spied.id, plain.id])
    api = client(app, app.token("Somebody", ["recruiter"]))
    found = [api.get(f"/data/contact/{one.id}?deleted=true").status_code for one in (spied, plain)]
    listed = [one["name"] for one in api.get("/data/contact?deleted=true").json["data"]]
    assert (found, listed) == ([404, 200], ["Plain"])


def test_a_purge_takes_the_links_in_the_bin_along_that_the_caller_may_delete(app_from, client):
    app = app_from(SALES)
    (contact,) = records.create(app.system, "contact", [{"name": "Ada"}])
    made = records.create(app.system, "deal", [deal("One", 1) | {"people": [str(contact.id)]} for _ in "ab"])
    ids = [one.id for one in made]
    records.update(app.system, "deal", [records.Change(ids[0], {"people": []})])
    records.delete(app.system, "deal", ids)
    roles = ["cleaner", "half_cleaner"]
    whole, half = (client(app, app.token(f"A {role}", [role])) for role in roles)
    refused = half.delete(f"/data/deal/{ids[0]}?purge=true")
    assert_problem(refused, 403, "forbidden")
    assert "Seat" in refused.json["detail"]
    assert [whole.delete(f"/data/deal/{id_}?purge=true").status_code for id_ in ids] == [204, 204]
    assert app.sql("SELECT count(*) FROM main.seat") == [(0,)]
    assert records.get(app.system, "contact", contact.id)["name"] == "Ada"
