"""Reading records and lists: fields, filters, orders, pages, counts, search, views and the recycle bin."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.errors import NotFound
from fieldstone.records import Query
from fieldstone_rules import Ref
from fieldstone_testing import App, AppFactory

DEALS = """
kind: app
name: sales
label: Sales
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: account
search: [name]
fields:
  name: {type: text, required: true}
  city: {type: text}
---
kind: entity
name: deal
search: [name, note]
order: [-closes]
fields:
  name: {type: text, required: true}
  note: {type: text}
  account: {type: reference, to: account, inverse: deals}
  partners: {type: references, to: account, inverse: partner_deals}
  stage: {type: choice, options: [open, lost, won]}
  amount: {type: money, index: true}
  size: {type: integer}
  closes: {type: date}
  half: {type: formula, expression: amount / 2}
---
kind: view
name: big_deals
entity: deal
type: list
label: Big deals
columns: [name, amount]
where: amount >= 100
order: [-amount]
---
kind: view
name: cities
entity: account
type: list
label: Cities
columns: [city]
"""
MANY = 60


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    """An application with 60 deals, full of ties and gaps."""
    app = module_app_from(DEALS)
    chance = random.Random(7)
    accounts = records.create(
        app.system, "account", [{"name": f"Acme {n}", "city": "Kiel"} for n in range(4)]
    )
    ids = [str(account.id) for account in accounts]
    records.create(app.system, "deal", [deal(number, ids, chance) for number in range(MANY)])
    return app


def deal(number: int, accounts: list[str], chance: random.Random) -> dict[str, Any]:
    """A deal with few different values, so that orders tie, and some that are missing."""
    return {
        "name": f"{chance.choice(['pump', 'Pump', 'Valve', 'äther'])} {number % 7}",
        "account": chance.choice([*accounts, None]),
        "partners": chance.sample(accounts, chance.randint(0, 2)),
        "stage": chance.choice(["open", "lost", "won", None]),
        "amount": chance.choice(["10.50", "100", "250", None]),
        "size": chance.choice([-1, 0, 5, None]),
        "closes": chance.choice(["2026-01-01", "2026-02-01", "2025-12-31", None]),
    }


def walk(app: App, query: Query) -> Iterator[dict[str, Any]]:
    """All records of a list, page by page."""
    page = records.list(app.system, "deal", query)
    yield from page.data
    while page.next is not None:
        page = records.list(app.system, "deal", replace(query, cursor=page.next))
        yield from page.data


ORDERS = [
    ("amount",),
    ("-amount",),
    ("closes",),
    ("-closes",),
    ("name",),
    ("-name", "size"),
    ("stage", "-amount", "name"),
    ("-size", "-closes", "amount"),
    ("account", "-size"),
    ("-account.name",),
    ("account.city", "-id"),
    ("half",),
    ("-half", "stage"),
    ("id",),
    ("-created_at",),
    ("version", "-owner"),
    ("-updated_at", "-name"),
    ("_title",),
]


@pytest.mark.parametrize("order", ORDERS, ids=",".join)
@pytest.mark.parametrize("limit", [1, 7, 59])
def test_pages_show_every_record_once_in_the_order_of_one_long_page(
    app: App, order: tuple[str, ...], limit: int
) -> None:
    whole = records.list(app.system, "deal", Query(order=order, limit=1000, fields=("id",)))
    pages = list(walk(app, Query(order=order, limit=limit, fields=("id",))))
    assert pages == whole.data
    assert len({record["id"] for record in pages}) == MANY


@pytest.mark.parametrize(
    "order", [("amount",), ("-amount",), ("-closes",), ("closes",), ("size",), ("-size",)]
)
def test_records_without_a_value_come_last_in_both_directions(app: App, order: tuple[str, ...]) -> None:
    name = order[0].removeprefix("-")
    page = records.list(app.system, "deal", Query(order=order, limit=1000, fields=(name,)))
    empty = [record[name] is None for record in page.data]
    assert empty == sorted(empty)
    assert True in empty


def test_the_usual_order_is_the_entitys(app: App) -> None:
    usual = records.list(app.system, "deal", Query(fields=("id",))).data
    named = records.list(app.system, "deal", Query(fields=("id",), order=("-closes",))).data
    assert usual == named


def test_an_entity_without_an_order_shows_the_newest_first(app: App) -> None:
    page = records.list(app.system, "account", Query(fields=("name",)))
    assert [record["name"] for record in page.data] == ["Acme 3", "Acme 2", "Acme 1", "Acme 0"]


def test_the_last_page_has_no_cursor(app: App) -> None:
    page = records.list(app.system, "deal", Query(limit=MANY))
    assert (len(page.data), page.next) == (MANY, None)


def test_a_record_added_behind_the_cursor_appears_and_one_before_it_does_not(app_from: AppFactory) -> None:
    app = app_from(DEALS)
    records.create(app.system, "account", [{"name": name} for name in ("b", "d", "f")])
    first = records.list(app.system, "account", Query(order=("name",), limit=2, fields=("name",)))
    records.create(app.system, "account", [{"name": "a"}, {"name": "e"}])
    second = records.list(app.system, "account", Query(order=("name",), fields=("name",), cursor=first.next))
    assert [record["name"] for record in second.data] == ["e", "f"]


FILTERS = [
    ("amount > 50", lambda d: d["amount"] is not None and float(d["amount"]) > 50),
    ("amount == null or size == 5", lambda d: d["amount"] is None or d["size"] == 5),
    ('stage != "won"', lambda d: d["stage"] != "won"),
    ('not (stage in ["won", "lost"])', lambda d: d["stage"] not in {"won", "lost"}),
    ('account.name == "Acme 1"', lambda d: (d["account"] or {}).get("title") == "Acme 1"),
    ("half == 50", lambda d: d["half"] == "50.00"),
    ('starts_with(lower(name), "pump")', lambda d: d["name"].lower().startswith("pump")),
    ('exists(partners where name == "Acme 2")', lambda d: "Acme 2" in [p["title"] for p in d["partners"]]),
    ('closes between date("2026-01-01") and date("2026-01-31")', lambda d: d["closes"] == "2026-01-01"),
    ("owner == user", lambda _: True),
    ("false", lambda _: False),
]


@pytest.mark.parametrize(("where", "holds"), FILTERS, ids=[where for where, _ in FILTERS])
def test_a_list_holds_exactly_the_records_that_fit(app: App, where: str, holds: Any) -> None:
    everything = records.list(app.system, "deal", Query(limit=1000)).data
    found = records.list(app.system, "deal", Query(where=where, limit=1000, count="exact"))
    assert found.data == [record for record in everything if holds(record)]
    assert found.count == len(found.data)


def test_a_filtered_list_can_be_paged(app: App) -> None:
    query = Query(where="amount > 50", order=("-amount", "name"), fields=("id",), limit=3)
    whole = records.list(app.system, "deal", replace(query, limit=1000)).data
    assert list(walk(app, query)) == whole


def test_only_the_fields_asked_for_are_shown_and_the_id(app: App) -> None:
    page = records.list(app.system, "deal", Query(fields=("name", "account.city"), limit=1))
    assert list(page.data[0]) == ["id", "name", "account.city"]


def test_a_field_behind_a_reference_is_null_without_the_reference(app: App) -> None:
    page = records.list(app.system, "deal", Query(fields=("account", "account.city"), limit=1000))
    assert {record["account.city"] for record in page.data if record["account"]} == {"Kiel"}
    assert {record["account.city"] for record in page.data if not record["account"]} == {None}


def test_the_title_can_be_asked_for(app: App) -> None:
    page = records.list(
        app.system, "deal", Query(fields=("_title", "name", "account", "account._title"), limit=1000)
    )
    assert all(record["_title"] == record["name"] for record in page.data)
    assert all(record["account._title"] == (record["account"] or {}).get("title") for record in page.data)


def test_a_record_alone_is_shown_as_in_a_list(app: App) -> None:
    listed = records.list(app.system, "deal", Query(limit=1)).data[0]
    body, version = records.get_json(app.system, "deal", UUID(listed["id"]))
    assert records.get(app.system, "deal", listed["id"]) == listed
    assert (version, body[:6]) == (listed["version"], b'{"id":')


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("pump", {"pump station", "PUMPE"}),
        ("Station PUMP", {"pump station"}),
        ("ÄTHER", {"äther"}),
        ("100%", {"100% off"}),
        ("_", {"a_b"}),
        ("\\", {"back\\slash"}),
        ("hidden", {"a_b"}),
        ("   ", {"pump station", "PUMPE", "äther", "100% off", "a_b", "back\\slash"}),
        ("nothing at all", set()),
    ],
)
def test_a_search_finds_records_that_hold_all_words(app_from: AppFactory, q: str, names: set[str]) -> None:
    app = app_from(DEALS)
    texts = ["pump station", "PUMPE", "äther", "100% off", "back\\slash"]
    records.create(app.system, "deal", [{"name": name} for name in texts])
    records.create(app.system, "deal", [{"name": "a_b", "note": "hidden treasure"}])
    page = records.list(app.system, "deal", Query(q=q, fields=("name",), count="exact"))
    assert {record["name"] for record in page.data} == names
    assert page.count == len(names)


def test_a_view_filters_and_orders_and_names_the_columns(app: App) -> None:
    page = records.list(app.system, "deal", Query(view="big_deals", limit=1000))
    amounts = [float(record["amount"]) for record in page.data]
    assert min(amounts) >= 100
    assert amounts == sorted(amounts, reverse=True)
    assert list(page.data[0]) == ["id", "name", "amount"]


def test_a_query_narrows_a_view_and_may_order_it_anew(app: App) -> None:
    query = Query(view="big_deals", where='stage == "won"', order=("amount",), fields=("stage", "amount"))
    found = records.list(app.system, "deal", query).data
    assert {record["stage"] for record in found} == {"won"}
    assert [float(r["amount"]) for r in found] == sorted(float(r["amount"]) for r in found)
    assert min(float(record["amount"]) for record in found) >= 100


def test_related_records_are_those_that_refer_to_one(app: App) -> None:
    [account] = records.list(app.system, "account", Query(where='name == "Acme 1"')).data
    named = Ref("account", UUID(account["id"]))
    deals = records.list(app.system, "deal", Query(related=("account", named), limit=1000))
    partners = records.list(app.system, "deal", Query(related=("partners", named), limit=1000))
    assert {record["account"]["title"] for record in deals.data} == {"Acme 1"}
    assert all("Acme 1" in [p["title"] for p in record["partners"]] for record in partners.data)
    whole = records.list(app.system, "deal", Query(limit=1000)).data
    assert len(deals.data) == sum((r["account"] or {}).get("title") == "Acme 1" for r in whole)
    assert len(partners.data) == sum("Acme 1" in [p["title"] for p in r["partners"]] for r in whole)


def test_deleted_records_are_in_the_recycle_bin_and_nowhere_else(app_from: AppFactory) -> None:
    app = app_from(DEALS)
    kept, gone = records.create(app.system, "deal", [{"name": "Kept"}, {"name": "Gone"}])
    records.delete(app.system, "deal", [gone.id])
    live = records.list(app.system, "deal", Query(fields=("name",), count="exact"))
    binned = records.list(app.system, "deal", Query(deleted=True, count="exact"))
    assert ([r["name"] for r in live.data], live.count) == (["Kept"], 1)
    assert ([r["name"] for r in binned.data], binned.count) == (["Gone"], 1)
    assert binned.data[0]["deleted_at"] is not None
    assert records.get(app.system, "deal", gone.id, deleted=True)["name"] == "Gone"
    with pytest.raises(NotFound):
        records.get(app.system, "deal", gone.id)
    with pytest.raises(NotFound):
        records.get(app.system, "deal", kept.id, deleted=True)


def test_a_list_can_tell_how_many_there_are(app: App) -> None:
    counts = {
        kind: records.list(app.system, "deal", Query(limit=5, count=kind)).count for kind in ("none", "exact")
    }
    assert counts == {"none": None, "exact": MANY}
    assert records.list(app.system, "deal", Query(limit=5, count="estimate")).count == MANY


def test_an_empty_list_counts_nothing(app: App) -> None:
    page = records.list(app.system, "deal", Query(where="false", count="exact"))
    assert (page.data, page.next, page.count) == ([], None, 0)


def test_an_estimate_beyond_ten_thousand_is_the_planners(app_from: AppFactory) -> None:
    app = app_from(DEALS)
    author = '(SELECT id FROM main."user" LIMIT 1)'
    app.sql(
        "INSERT INTO main.account (name, city, created_by, updated_by)"
        f" SELECT 'a' || i, 'Kiel', {author}, {author} FROM generate_series(1, 12000) i"
    )
    app.sql("ANALYZE main.account")
    page = records.list(app.system, "account", Query(count="estimate", limit=1, where='city == "Kiel"'))
    assert 11_000 < (page.count or 0) < 13_000


def test_lookups_find_what_begins_with_the_typed_text_first(app_from: AppFactory) -> None:
    app = app_from(DEALS)
    names = ["Berlin Acme", "acme Zwei", "Acme Eins", "Other"]
    records.create(app.system, "account", [{"name": name, "city": name[:4]} for name in names])
    found = records.lookup(app.system, "account", "acme")
    assert [one.title for one in found] == ["Acme Eins", "acme Zwei", "Berlin Acme"]
    limited = records.lookup(app.system, "account", "acme", limit=1, where='city == "Berl"')
    assert [(one.entity, one.title) for one in limited] == [("account", "Berlin Acme")]
    assert len(records.lookup(app.system, "account", None)) == 4
