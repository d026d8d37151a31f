"""Searching by words: what fits best comes first, and mistyped words find similar ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fieldstone import records
from fieldstone.records import Query
from fieldstone_testing import App, AppFactory
from fieldstone_testing.clients import ApiClient
from fieldstone_testing.statements import noted_statements

DEALS = """
kind: app
name: sales
label: Sales
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: account
search: [name, note]
order: [-created_at]
fields:
  name: {type: text, required: true}
  note: {type: text}
---
kind: entity
name: deal
search: [name, codeword]
fields:
  name: {type: text, required: true}
  codeword: {type: text}
---
kind: role
name: rep
inherits: [employee]
entities:
  account: {read: true}
  deal: {read: owner == user, fields: {codeword: {read: false}}}
"""
ACCOUNTS = [
    ("Old Pumpworks", None),
    ("Pump Brothers", None),
    ("Trumpump", None),
    ("Nordwind Energi", "buys a pump now and then"),
    ("Pump", None),
    ("Schmidt & Sohn", None),
]
Clients = Callable[[App, str], ApiClient]


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    app = module_app_from(DEALS)
    rows = [{"name": name, "note": note} for name, note in ACCOUNTS]
    records.create(app.system, "account", rows)
    records.create(app.system, "deal", [{"name": "Pumpkin", "codeword": "Marigold"}])
    return app


def names(app: App, query: Query) -> list[str]:
    return [record["name"] for record in records.list(app.system, "account", query).data]


RANKED = ["Pump", "Pump Brothers", "Old Pumpworks", "Trumpump", "Nordwind Energi"]


def test_what_begins_with_the_word_in_its_title_comes_first_and_what_has_it_elsewhere_last(app: App) -> None:
    assert names(app, Query(q="pump")) == RANKED


def test_the_beginning_of_a_word_is_enough(app: App) -> None:
    assert names(app, Query(q="ener nordw")) == ["Nordwind Energi"]


def test_an_order_that_was_asked_for_counts_more_than_the_fit(app: App) -> None:
    assert names(app, Query(q="pump", order=("-name",))) == sorted(RANKED, reverse=True)


def test_pages_go_on_in_the_order_of_the_fit(app: App) -> None:
    query, seen = Query(q="pump", limit=2), []
    page = records.list(app.system, "account", query)
    while page.next:
        seen += page.data
        page = records.list(app.system, "account", Query(q="pump", limit=2, cursor=page.next))
    assert [record["name"] for record in seen + page.data] == RANKED


@pytest.mark.parametrize(
    ("typed", "found"),
    [("shmidt", "Schmidt & Sohn"), ("nrodwind", "Nordwind Energi"), ("energie nordwid", "Nordwind Energi")],
)
@pytest.mark.parametrize("count", ["none", "exact", "estimate"])
def test_a_mistyped_word_finds_similar_ones_and_says_so(app: App, typed: str, found: str, count: str) -> None:
    page = records.list(app.system, "account", Query(q=typed, count=count))  # type: ignore[arg-type]  # one of them
    assert [record["name"] for record in page.data] == [found]
    assert page.similar
    assert page.count == {"none": None}.get(count, 1)


def test_pages_of_similar_words_go_on(app: App) -> None:
    whole = records.list(app.system, "account", Query(q="pumpp"))
    assert whole.similar
    seen, page = [], records.list(app.system, "account", Query(q="pumpp", limit=1))
    while page.next:
        seen += page.data
        page = records.list(app.system, "account", Query(q="pumpp", limit=1, cursor=page.next))
    assert seen + page.data == whole.data
    assert len(whole.data) > 2


@pytest.mark.parametrize("typed", ["zzzzzz", "pmp", "pump7777"])
def test_what_resembles_nothing_and_short_words_and_numbers_find_nothing(app: App, typed: str) -> None:
    page = records.list(app.system, "account", Query(q=typed))
    assert (page.data, page.similar) == ([], False)


def test_a_search_of_everything_takes_one_statement_and_a_mistyped_one_two(app: App, client: Clients) -> None:
    boss = client(app, app.token("Boss", ["admin"]))
    boss.get("/search?q=warm")
    with noted_statements() as statements:
        found = boss.get("/search?q=pump").json["data"]
    assert [one["title"] for one in found] == [*RANKED[:2], "Pumpkin", *RANKED[2:]]
    assert len([text for text in statements if "_search" in text]) == 1
    with noted_statements() as statements:
        found = boss.get("/search?q=shmidt").json["data"]
    assert [one["title"] for one in found] == ["Schmidt & Sohn"]
    assert len([text for text in statements if "_search" in text]) == 2


def test_nobody_finds_a_record_by_a_word_that_resembles_what_they_may_not_read(app: App) -> None:
    ann = app.context_for("Ann", ["rep"])
    app.sql("UPDATE main.deal SET owner = CAST(:ann AS uuid)", ann=str(app.user("Ann")))
    assert records.list(app.system, "deal", Query(q="marygold")).similar
    assert records.list(ann, "deal", Query(q="pumpkn")).similar
    for typed in ("marigold", "marygold"):
        assert records.list(ann, "deal", Query(q=typed)).data == []
        assert records.search_everywhere(ann, ["account", "deal"], typed, 10) == []
