"""Groups down and across, with their totals: `POST /data/{entity}/query`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fieldstone import records
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
kind: app
name: core
extends: true
settings: {timezone: {default: Europe/Copenhagen}}
---
kind: entity
name: deal
fields:
  name: {type: text}
  stage: {type: choice, options: [open, won]}
  region: {type: text}
  pieces: {type: integer}
  amount: {type: money}
  margin: {type: money}
  closes: {type: date}
  met: {type: datetime}
  tags: {type: tags}
---
kind: role
name: rep
inherits: [employee]
entities:
  deal: {create: true, read: owner == user, fields: {margin: {read: false}}}
"""
ROWS: list[dict[str, Any]] = [
    {"stage": "open", "region": "North", "pieces": 1, "amount": "10", "closes": "2026-01-10"},
    {"stage": "open", "region": "South", "pieces": 2, "amount": "20", "closes": "2026-01-31"},
    {"stage": "won", "region": "North", "pieces": 9, "amount": "400", "closes": "2026-02-01"},
    {"stage": "open", "region": "North", "pieces": 3, "amount": "30", "closes": "2025-12-31"},
    {"region": "North", "pieces": 4},
]


Clients = Callable[[App, str], ApiClient]


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    app = module_app_from(DEALS)
    records.create(app.context_for("Ann", ["rep"]), "deal", ROWS)
    return app


@pytest.fixture
def api(app: App, client: Clients) -> ApiClient:
    return client(app, app.token("Ann", ["rep"]))


MEASURES = {"deals": "count()", "pieces": "sum(pieces)", "mean": "average(amount)"}


def test_a_pivot_has_a_cell_for_each_row_and_column_with_records_and_the_totals_of_both(
    api: ApiClient,
) -> None:
    asked = {"rows": ["region"], "columns": ["stage"], "measures": MEASURES}
    answer = api.post("/data/deal/query", asked).json
    assert answer["data"] == [
        {"region": "North", "stage": "open", "deals": 2, "pieces": 4, "mean": "20.00"},
        {"region": "North", "stage": "won", "deals": 1, "pieces": 9, "mean": "400.00"},
        {"region": "North", "stage": None, "deals": 1, "pieces": 4, "mean": None},
        {"region": "South", "stage": "open", "deals": 1, "pieces": 2, "mean": "20.00"},
    ]
    assert answer["rows"] == [
        {"region": "North", "deals": 4, "pieces": 17, "mean": "146.666666666667"},
        {"region": "South", "deals": 1, "pieces": 2, "mean": "20.00"},
    ]
    assert answer["columns"] == [
        {"stage": "open", "deals": 3, "pieces": 6, "mean": "20.00"},
        {"stage": "won", "deals": 1, "pieces": 9, "mean": "400.00"},
        {"stage": None, "deals": 1, "pieces": 4, "mean": None},
    ]
    assert answer["total"] == {"deals": 5, "pieces": 19, "mean": "115.00"}
    assert answer["more"] is False


@pytest.mark.parametrize(
    ("bucket", "starts"),
    [
        ("day", ["2025-12-31", "2026-01-10", "2026-01-31", "2026-02-01"]),
        ("week", ["2025-12-29", "2026-01-05", "2026-01-26"]),
        ("month", ["2025-12-01", "2026-01-01", "2026-02-01"]),
        ("quarter", ["2025-10-01", "2026-01-01"]),
        ("year", ["2025-01-01", "2026-01-01"]),
    ],
)
def test_dates_are_grouped_by_the_first_day_of_their_unit(
    api: ApiClient, bucket: str, starts: list[str]
) -> None:
    key = f"{bucket}(closes)"
    asked = {"rows": [key], "order": [key], "where": "closes != null"}
    assert [group[key] for group in api.post("/data/deal/query", asked).json["data"]] == starts


def test_moments_are_grouped_by_the_day_of_the_organisation(app: App, client: Clients) -> None:
    boss = client(app, app.token("Boss", ["admin"]))
    boss.post("/data/deal", {"name": "late", "met": "2026-03-31T22:30:00Z"})
    [group] = boss.post("/data/deal/query", {"where": "met != null", "rows": ["month(met)"]}).json["data"]
    assert group == {"month(met)": "2026-04-01", "count": 1}


@pytest.mark.parametrize(
    ("order", "regions"),
    [
        (["region"], ["North", "South"]),
        (["-region"], ["South", "North"]),
        (["mean"], ["South", "North"]),
        (["-mean"], ["North", "South"]),
    ],
)
@pytest.mark.parametrize("columns", [[], ["stage"]])
def test_groups_come_in_the_order_asked_for(
    api: ApiClient, order: list[str], regions: list[str], columns: list[str]
) -> None:
    asked = {"rows": ["region"], "columns": columns, "measures": MEASURES, "order": order}
    answer = api.post("/data/deal/query", asked).json
    assert list(dict.fromkeys(group["region"] for group in answer["data"])) == regions


def test_a_limit_leaves_out_the_last_rows_and_says_so(api: ApiClient) -> None:
    asked = {"rows": ["closes"], "order": ["-closes"], "limit": 2, "totals": True}
    answer = api.post("/data/deal/query", asked).json
    assert [group["closes"] for group in answer["data"]] == ["2026-02-01", "2026-01-31"]
    assert (answer["more"], answer["total"]) == (True, {"count": 5})


def test_a_limit_of_a_pivot_leaves_out_whole_rows(api: ApiClient) -> None:
    answer = api.post("/data/deal/query", {"rows": ["region"], "columns": ["stage"], "limit": 1}).json
    assert {group["region"] for group in answer["data"]} == {"North"}
    assert (len(answer["rows"]), answer["more"], answer["total"]) == (1, True, {"count": 5})


def test_what_the_caller_may_not_read_is_neither_counted_nor_known(app: App, client: Clients) -> None:
    bob = client(app, app.token("Bob", ["rep"]))
    answer = bob.post("/data/deal/query", {"rows": ["region"], "columns": ["stage"]}).json
    assert (answer["data"], answer["rows"], answer["total"]) == ([], [], {"count": 0})
    for asked in ({"rows": ["margin"]}, {"columns": ["margin"]}, {"measures": {"x": "sum(margin)"}}):
        assert_problem(bob.post("/data/deal/query", asked), 400, "unknown_field")


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        ({"columns": ["nonsense"]}, "unknown_field", "columns"),
        ({"columns": "stage"}, "bad_query", "columns"),
        ({"rows": ["month(stage)"]}, "bad_bucket", "rows"),
        ({"rows": ["decade(closes)"]}, "bad_bucket", "rows"),
        ({"rows": ["month(nonsense)"]}, "unknown_field", "rows"),
        ({"rows": ["month(closes"]}, "unknown_field", "rows"),
        ({"rows": ["stage"], "columns": ["stage"]}, "twice", "measures"),
        ({"rows": ["stage"], "measures": {"stage": "count()"}}, "twice", "measures"),
        ({"rows": ["stage"], "order": ["pieces"]}, "bad_order", "order"),
        ({"rows": ["tags"], "order": ["tags"]}, "bad_order", "order"),
        ({"rows": ["stage"], "order": [1]}, "bad_query", "order"),
        ({"limit": 0}, "bad_query", "limit"),
        ({"limit": True}, "bad_query", "limit"),
        ({"totals": "yes"}, "bad_query", "totals"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_by_the_name_of_its_part(
    api: ApiClient, asked: dict[str, Any], code: str, field: str
) -> None:
    refused = assert_problem(api.post("/data/deal/query", asked), 400, code)
    assert refused["errors"][0]["field"] == field


def test_more_cells_than_anybody_reads_are_refused(app: App, client: Clients) -> None:
    author = str(app.user("Ann"))
    app.sql(
        "INSERT INTO main.deal (name, region, owner, created_by, updated_by)"
        " SELECT 'many', i::text, CAST(:author AS uuid), CAST(:author AS uuid), CAST(:author AS uuid)"
        " FROM generate_series(1, 11000) i",
        author=author,
    )
    api = client(app, app.token("Ann", ["rep"]))
    asked = {"where": 'name == "many"', "rows": ["region"], "columns": ["stage"]}
    assert_problem(api.post("/data/deal/query", asked), 422, "too_many_groups")
    app.sql("DELETE FROM main.deal WHERE name = 'many'")
