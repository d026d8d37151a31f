"""What is asked of tables with a million rows is answered along indexes, whoever asks and whatever for.

Everything goes through the API, and PostgreSQL tells the plans that ran. A run of the tests fills tables with
some thousand rows and lets the planner believe that there are a million; `make nightly` fills all of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from fieldstone_testing import App, AppFactory
from fieldstone_testing.apps import layer_from
from fieldstone_testing.clients import ApiClient
from fieldstone_testing.plans import Plan, claim_rows, noted_plans
from fieldstone_testing.webs import lent_webs

ROWS = int(os.environ.get("FIELDSTONE_PLANS_ROWS", "20000"))
MILLION = 1_000_000
LARGE = ("deal", "deal__partners", "account", "comment")
LARGE_OF_THE_SYSTEM = ("history", "outbox")

SALES = """
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
  name: {type: text, required: true, index: true}
  parent: {type: reference, to: account, inverse: children, tree: true}
---
kind: entity
name: deal
search: [name]
order: [-closes]
duplicates: [{name: same, match: [name, closes], mode: block}]
fields:
  name: {type: text, required: true, index: true}
  code: {type: text, unique: true}
  account: {type: reference, to: account, index: true, inverse: deals}
  partners: {type: references, to: account, inverse: partner_deals}
  stage: {type: choice, options: [open, won, lost], index: true}
  amount: {type: money, index: true}
  closes: {type: date}
  rank: {type: formula, expression: len(name) + 1, stored: true, index: true}
---
kind: role
name: rep
inherits: [employee]
entities:
  account: {create: true, read: true, update: true, delete: true}
  deal:
    create: true
    read: owner == user or team in user.teams
    update: owner == user
    delete: owner == user
capabilities: [purge]
---
kind: role
name: guest
entities:
  account: {read: true}
  deal: {read: owner == user, share: true}
---
kind: role
name: chief
inherits: [rep]
entities:
  account: {create: true, read: true, update: true, delete: true, share: true}
  deal: {create: true, read: true, update: true, delete: true, share: true}
capabilities: [purge, explain]
"""


CHUNK = 4_000
"""Rows that one statement makes, well within the time that statements have."""

ACCOUNTS = """
INSERT INTO main.account (name, _title, _search, owner, created_by, updated_by)
SELECT n, n, lower(n), :zoe, :zoe, :zoe FROM (
    SELECT 'Account ' || i AS n FROM generate_series(
        1 + CAST(:first AS integer) / 5, (CAST(:first AS integer) + CAST(:count AS integer)) / 5
    ) i
) x
"""
DEALS = """
WITH a AS (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM main.account),
made AS (
    INSERT INTO main.deal (name, code, account, stage, amount, amount__base, currency, closes, rank,
        _title, _search, owner, created_by, updated_by, deleted_at)
    SELECT n, 'C' || i, a.id, (ARRAY['open', 'won', 'lost', 'lost'])[1 + i % 4], x.amount, x.amount, 'EUR',
        date '2020-01-01' + i % 3000, i % 5000, n, lower(n),
        CAST(CASE i % 50 WHEN 0 THEN :ann WHEN 1 THEN :gil ELSE :zoe END AS uuid), :zoe, :zoe,
        CASE WHEN i % 100 = 0 THEN now() END
    FROM (
        SELECT i, 'Deal ' || i AS n, CASE WHEN i % 10 > 1 THEN i % 9973 END AS amount
        FROM generate_series(
            1 + CAST(:first AS integer), CAST(:first AS integer) + CAST(:count AS integer)
        ) i
    ) x
    JOIN a ON a.nth = 1 + i % (CAST(:rows AS integer) / 5)
    RETURNING id, account
),
linked AS (INSERT INTO main.deal__partners (source, target) SELECT id, account FROM made),
discussed AS (
    INSERT INTO main.comment (body, _title, _search, regarding, regarding__entity, created_by, updated_by)
    SELECT 'Well', 'Well', 'well', id, 'deal', :zoe, :zoe FROM made
),
remembered AS (
    INSERT INTO main_system.history (entity, record, version, actor, source, action, changes)
    SELECT 'deal', id, 1, CAST(:zoe AS uuid), 'api', 'create', '{}' FROM made
)
INSERT INTO main_system.outbox (entity, record, version, actor, action, place)
SELECT 'deal', id, 1, CAST(:zoe AS uuid), 'create',
    (SELECT place FROM main_system.feed) + CAST(:first AS integer) + row_number() OVER ()
FROM made
"""


def fill(app: App) -> None:
    """Users, and so many deals with all that records leave behind, a hundredth of them in the bin."""
    users = {
        "ann": app.user("Ann", ["rep"], ["North"]),
        "gil": app.user("Gil", ["guest"], ["South"]),
        "zoe": app.user("Zoe", ["chief"], ["Board"]),
    }
    for statement in (ACCOUNTS, DEALS):
        for first in range(0, ROWS, CHUNK):
            numbers = {"first": first, "count": min(CHUNK, ROWS - first), "rows": ROWS}
            wanted = {name for name in (*users, *numbers) if f":{name}" in statement}
            app.sql(statement, **{name: (users | numbers)[name] for name in wanted})
        app.sql("ANALYZE main.account")
    app.sql("UPDATE main_system.feed SET place = (SELECT max(place) FROM main_system.outbox)")


@dataclass(frozen=True)
class Asker:
    """Asks the API as one user or another about Ann's deals; keeps the plans of what ran."""

    app: App
    web: Flask
    plans: list[Plan]
    known: dict[str, str]

    def ask(self, who: str, method: str, path: str, json: Any = None) -> Any:
        """The answer, if it is none of a failure. Names in braces stand for what is `known`."""
        client = ApiClient(self.web, self.app.token(who))
        options = {} if method in {"get", "delete"} else {"json": json}
        answer = getattr(client, method)(path.format(**self.known), **options)
        assert answer.status_code < 300, answer.text
        return answer.json

    def walked(self) -> list[Plan]:
        """The plans that read a large table from its beginning to its end."""
        return [
            plan for plan in self.plans for name in (*LARGE, *LARGE_OF_THE_SYSTEM) if plan.walks_all_of(name)
        ]


@pytest.fixture(scope="module")
def noting(module_app_from: AppFactory) -> Iterator[Asker]:
    app = module_app_from.of_layers([layer_from(SALES)], filled_by=fill)
    tables = [*(f"main.{name}" for name in LARGE), *(f"main_system.{name}" for name in LARGE_OF_THE_SYSTEM)]
    claim_rows(app, tables, MILLION)
    ann = app.user("Ann")
    [(deal, account)] = app.sql(
        "SELECT id, account FROM main.deal WHERE owner = :ann AND deleted_at IS NULL LIMIT 1", ann=ann
    )
    [(removed,)] = app.sql(
        "SELECT id FROM main.deal WHERE owner = :ann AND deleted_at IS NOT NULL LIMIT 1", ann=ann
    )
    [(place,)] = app.sql("SELECT place - 100 FROM main_system.feed")
    known = {"deal": str(deal), "account": str(account), "removed": str(removed), "place": str(place)}
    with lent_webs() as web_of, noted_plans(app) as plans:
        yield Asker(app, web_of(app), plans, known)


@pytest.fixture
def asker(noting: Asker) -> Asker:
    noting.plans.clear()
    return noting


READERS = ("Ann", "Gil", "Zoe")
"""Of own records and those of the team, of own ones and shared ones, and of all."""

ORDERS = ("-closes", "closes", "name", "-amount", "rank", "-id")


@pytest.mark.parametrize("who", READERS)
@pytest.mark.parametrize("order", ORDERS)
def test_pages_of_any_order_are_read_along_an_index(asker: Asker, who: str, order: str) -> None:
    page = asker.ask(who, "get", f"/data/deal?limit=2&order={order}")
    following = asker.ask(who, "get", f"/data/deal?limit=2&order={order}&cursor={page['next']}")
    assert len(following["data"]) == 2
    assert not asker.walked()


LISTS = (
    "/data/deal?limit=5&where=amount > 9900",
    "/data/deal?limit=5&where=name == 'Deal 123'",
    "/data/deal?limit=5&where=rank == 4321",
    "/data/deal?limit=5&where=closes between date('2024-01-01') and date('2024-01-05')",
    "/data/deal?limit=5&where=account.name == 'Account 77'",
    "/data/deal?limit=5&q=deal 1234",
    "/data/deal?limit=5&q=misteak",
    "/search?q=deal 1234",
    "/data/account/{account}/related/deals?limit=5",
    "/data/account/{account}/related/deals?limit=5&order=name",
    "/data/account/{account}/related/partner_deals?limit=5",
    "/data/account/{account}/below?limit=5",
    "/data/account/{account}/above?limit=5",
    "/data/deal/{deal}",
    "/data/deal/{deal}/history",
    "/data/deal/{deal}/comments",
    "/data/deal/{deal}/files",
    "/data/deal/{deal}/transitions",
    "/events?after={place}&limit=20",
    "/events?after={place}&limit=20&entity=deal",
)


@pytest.mark.parametrize("path", LISTS)
def test_what_is_asked_for_by_something_indexed_is_found_by_an_index(asker: Asker, path: str) -> None:
    asker.ask("Ann", "get", path)
    asker.ask("Zoe", "get", path)
    assert not asker.walked()


@pytest.mark.parametrize("who", READERS)
@pytest.mark.parametrize(
    "filtered", ["", "&where=account.name == 'Account 7'", "&where=amount > 9900", "&q=deal 1234"]
)
def test_an_estimated_count_looks_at_no_more_than_it_counts(asker: Asker, who: str, filtered: str) -> None:
    page = asker.ask(who, "get", f"/data/deal?limit=1&count=estimate{filtered}")
    assert isinstance(page["count"], int)
    assert not asker.walked()


@pytest.mark.parametrize("who", ["Ann", "Zoe"])
def test_the_recycle_bin_is_read_along_its_index(asker: Asker, who: str) -> None:
    assert asker.ask(who, "get", "/data/deal?deleted=true&limit=5")["data"]
    asker.ask(who, "get", "/data/deal/{removed}?deleted=true")
    assert not asker.walked()


def test_writes_find_what_they_need_by_indexes(asker: Asker) -> None:
    new = {"name": "New", "code": "N1", "closes": "2031-01-01", "account": asker.known["account"]}
    made = asker.ask("Ann", "post", "/data/deal", new | {"partners": [asker.known["account"]]})
    path = f"/data/deal/{made['id']}"
    asker.ask("Ann", "patch", path, {"name": "Newer", "code": "N2", "amount": "5"})
    asker.ask("Ann", "put", "/data/deal/by/code/N2", {"name": "Newest"})
    asker.ask("Ann", "post", f"{path}/comments", {"body": "Look"})
    asker.ask("Ann", "delete", path)
    asker.ask("Ann", "post", f"{path}/restore")
    asker.ask("Ann", "delete", path)
    asker.ask("Ann", "delete", f"{path}?purge=true")
    assert not asker.walked()


def test_who_refers_to_a_record_is_found_by_indexes(asker: Asker) -> None:
    asker.ask("Zoe", "get", "/data/account/{account}/delete-preview")
    made = asker.ask("Zoe", "post", "/data/account", {"name": "Soon gone"})
    asker.ask("Zoe", "delete", f"/data/account/{made['id']}")
    asker.ask("Zoe", "delete", f"/data/account/{made['id']}?purge=true")
    assert not asker.walked()


def test_every_foreign_key_to_a_record_that_can_be_purged_has_an_index(asker: Asker) -> None:
    without = asker.app.sql(
        "SELECT c.conrelid::regclass::text, c.conname FROM pg_constraint c"
        " WHERE c.contype = 'f' AND c.connamespace = 'main'::regnamespace AND NOT EXISTS (SELECT 1"
        " FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1] AND i.indpred IS NULL)"
        " AND c.conname NOT LIKE '%created_by' AND c.conname NOT LIKE '%updated_by'"
    )
    assert without == []
