"""Stored formulas, titles and search texts of large tables: computed after the publication, never stale."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fieldstone import records
from fieldstone.publication.afterwards.finishing import finish
from fieldstone.publication.afterwards.unfinished import unfinished
from fieldstone.publication.apply import propose
from fieldstone.records import Asked, Change, Measure, Query
from fieldstone_testing import App, AppFactory
from fieldstone_testing.apps import layer_from
from fieldstone_testing.holds import holding, in_use
from fieldstone_testing.servers import start_server
from fieldstone_testing.waiting import until

SHOP = """
kind: app
name: shop
label: Shop
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: customer
fields:
  name: {type: text, required: true}
  city: {type: text}
---
kind: entity
name: purchase
title: name
search: [name]
fields:
  name: {type: text, required: true}
  customer: {type: reference, to: customer, inverse: purchases}
  pieces: {type: integer, default: 1}
  price: {type: money}
"""
BOUGHT = "  bought: {type: formula, expression: sum(purchases.pieces), stored: true}\n"
COMPUTED = """
  doubled: {type: formula, expression: pieces * 2, stored: true}
  worth: {type: formula, expression: price * pieces, stored: true}
  place: {type: formula, expression: customer.city, stored: true}
  steps: {type: formula, expression: doubled + customer.bought, stored: true}
"""
MORE = SHOP.replace(
    "title: name\nsearch: [name]",
    "title: '\"{name} for {customer.name}\"'\nsearch: [name, customer.name]",
).replace("  city: {type: text}\n", "  city: {type: text}\n" + BOUGHT) + COMPUTED.lstrip("\n")
CUSTOMERS, PURCHASES = 20, 300


def fill_shop(app: App) -> None:
    customers = [{"name": f"C{n}", "city": f"Town {n % 7}"} for n in range(CUSTOMERS)]
    made = records.create(app.system, "customer", customers)
    purchases = [
        {
            "name": f"P{n}",
            "customer": {"id": str(made[n % CUSTOMERS].id), "entity": "customer"},
            "pieces": n % 13,
            "price": str(Decimal(n) / 4),
        }
        for n in range(PURCHASES)
    ]
    records.create(app.system, "purchase", purchases)


@pytest.fixture
def app(app_from: AppFactory) -> App:
    found = app_from.of_layers([layer_from(SHOP)], filled_by=fill_shop)
    found.database.large_table, found.database.fill_batch = 10, 40
    return found


def left(app: App) -> list[str]:
    with app.database.read() as connection:
        return [str(one) for one in unfinished(connection, app.database.system)]


def take_up(app: App) -> None:
    app.current.reload()
    app.model = app.current.model


def take_steps(app: App, most: int) -> None:
    """Compute what is left, in at most so many batches."""
    finish(app.database, wanted=iter([*[True] * most, False]).__next__)
    take_up(app)


FIELDS = ("name", "doubled", "worth", "place", "steps", "_title", "customer.bought")


def shown(app: App, query: Query | None = None) -> list[dict[str, Any]]:
    """The purchases as lists show them."""
    chosen = replace(query or Query(order=("name",)), fields=FIELDS, limit=1000)
    told = [{name: one[name] for name in FIELDS} for one in records.list(app.system, "purchase", chosen).data]
    return [one | {"worth": Decimal(one["worth"])} for one in told]


def stored(app: App) -> list[dict[str, Any]]:
    """The same from the columns."""
    found = app.sql(
        "SELECT p.name, p.doubled, p.worth, p.place, p.steps, p._title, c.bought FROM main.purchase p"
        ' JOIN main.customer c ON c.id = p.customer ORDER BY p.name COLLATE "C"'
    )
    return [dict(zip(FIELDS, row, strict=True)) for row in found]


def computed(app: App) -> list[dict[str, Any]]:
    """What the formulas say, in plain Python."""
    rows = app.sql(
        "SELECT p.name, p.pieces, p.price, c.name, c.city FROM main.purchase p"
        ' JOIN main.customer c ON c.id = p.customer ORDER BY p.name COLLATE "C"'
    )
    bought: Counter[str] = Counter()
    for _, pieces, _, customer, _ in rows:
        bought[customer] += pieces
    return [
        {
            "name": name,
            "doubled": pieces * 2,
            "worth": price * pieces,
            "place": city,
            "steps": pieces * 2 + bought[customer],
            "_title": f"{name} for {customer}",
            "customer.bought": bought[customer],
        }
        for name, pieces, price, customer, city in rows
    ]


def test_the_plan_tells_what_is_computed_afterwards(app: App) -> None:
    plan = propose(app.database, [layer_from(MORE)]).plan
    assert plan.computing == (
        "computing bought of customer",
        "computing search text, title, doubled, place, steps, worth of purchase",
    )
    app.database.large_table = PURCHASES
    assert propose(app.database, [layer_from(MORE)]).plan.computing == ()


def test_a_server_does_what_is_left(app: App, folder: Path) -> None:
    app.publish(MORE)
    url = app.database.url.render_as_string(hide_password=False)
    server = start_server(folder, {"FIELDSTONE_DATABASE_URL": url})
    until(lambda: left(app) == [])
    server.kill_all()
    assert stored(app) == computed(app)


def test_until_its_turn_comes_a_record_shows_what_it_will_hold(app: App) -> None:
    app.publish(MORE)
    assert left(app) == [
        "computing bought of customer",
        "computing search text, title, doubled, place, steps, worth of purchase",
    ]
    assert shown(app) == computed(app)
    assert app.sql("SELECT count(*) FROM main.purchase WHERE doubled IS NOT NULL")[0][0] == 0
    take_steps(app, 3)
    assert left(app) == [
        "computing search text, title, doubled, place, steps, worth of purchase: 80 of 300 records"
    ]
    assert shown(app) == computed(app)
    take_steps(app, 100)
    assert left(app) == []
    assert app.model.filling == frozenset()
    assert shown(app) == stored(app) == computed(app)


@pytest.mark.parametrize("batches", [0, 3, 100])
def test_filters_orders_searches_and_sums_see_what_is_computed_later(app: App, batches: int) -> None:
    app.publish(MORE)
    take_steps(app, batches)
    every = computed(app)
    chosen = shown(app, Query(where='steps > 140 and place == "Town 3"', order=("-steps", "name")))
    assert chosen == sorted(
        (one for one in every if one["steps"] > 140 and one["place"] == "Town 3"),
        key=lambda one: (-one["steps"], one["name"]),
    )
    assert [one["name"] for one in shown(app, Query(q="c7", order=("name",)))] == [
        one["name"] for one in every if "C7" in one["_title"]
    ]
    asked = Asked(rows=("place",), measures=(("sum", Measure("sum", "doubled")),))
    groups = records.pivot(app.system, "purchase", Query(), asked)
    sums = Counter[str]()
    for one in every:
        sums[one["place"]] += one["doubled"]
    assert {group.by["place"]: int(group.measures["sum"]) for group in groups.data} == dict(sums)


def test_a_killed_process_is_followed_by_one_that_goes_on(app: App, folder: Path) -> None:
    app.publish(MORE)
    take_up(app)
    (folder / "app.yaml").write_text(MORE)
    ids = dict(map(tuple, app.sql("SELECT name, id FROM main.purchase")))
    versions = app.sql("SELECT id, version, updated_at FROM main.purchase ORDER BY id")
    with holding(app, "SELECT 1 FROM main.purchase WHERE name = 'P150' FOR UPDATE") as hold:
        command = applying(app, folder)
        hold.until_waiting()
        assert not finish(app.database)
        changes = [Change(ids[name], {"pieces": 99}) for name in ("P3", "P280")]
        records.update(app.system, "purchase", changes)
        command.kill()
        command.wait()
    until(lambda: not in_use(app))
    assert left(app) == [
        "computing search text, title, doubled, place, steps, worth of purchase: 150 of 300 records"
    ]
    assert shown(app) == computed(app)
    take_steps(app, 100)
    assert shown(app) == stored(app) == computed(app)
    changed = {ids["P3"], ids["P280"]}
    after = app.sql("SELECT id, version, updated_at FROM main.purchase ORDER BY id")
    assert [row for row in after if row[0] not in changed] == [
        row for row in versions if row[0] not in changed
    ]
    told = "SELECT DISTINCT record FROM main_system.history WHERE entity = 'purchase' AND action = 'update'"
    assert {row[0] for row in app.sql(told)} == changed


def applying(app: App, folder: Path) -> subprocess.Popen[bytes]:
    """`fieldstone apply` of what is in force: it does what is left."""
    url = app.database.url.render_as_string(hide_password=False)
    settings = {"DATABASE_URL": url, "LARGE_TABLE": "10", "FILL_BATCH": "10", "HOME": str(folder / "home")}
    return subprocess.Popen(
        [sys.executable, "-m", "fieldstone", "apply", str(folder / "app.yaml"), "--yes"],
        env={**os.environ, **{f"FIELDSTONE_{name}": value for name, value in settings.items()}},
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )


def test_a_record_without_a_value_stops_only_its_own_values_until_it_is_mended(app: App) -> None:
    app.publish(SHOP)
    too_many = "UPDATE main.purchase SET pieces = 1000000000000000 WHERE name = 'P7' RETURNING id"
    ((worst,),) = app.sql(too_many)
    app.publish(
        MORE.replace(BOUGHT, "").replace(
            "  steps: {type: formula, expression: doubled + customer.bought, stored: true}\n", ""
        )
    )
    take_steps(app, 100)
    (problem,) = app.sql("SELECT problem FROM main_system.unfinished")
    assert str(worst) in problem[0]
    assert shown_doubled(app, "P8") == 16
    records.update(app.system, "purchase", [Change(worst, {"pieces": 1})])
    take_steps(app, 100)
    assert left(app) == []
    assert app.sql("SELECT doubled FROM main.purchase WHERE name IN ('P7', 'P8') ORDER BY name") == [
        (2,),
        (16,),
    ]


def shown_doubled(app: App, name: str) -> int:
    (found,) = records.list(
        app.system, "purchase", Query(where=f'name == "{name}"', fields=("doubled",))
    ).data
    return int(found["doubled"])


def test_the_next_publication_takes_over_what_is_left(app: App) -> None:
    app.publish(MORE)
    take_steps(app, 3)
    renamed = MORE.replace("  doubled: {", "  twice: {was: doubled, ").replace("doubled +", "twice +")
    app.publish(renamed.replace("pieces * 2", "pieces * 3"))
    assert left(app) == ["computing search text, title, place, steps, twice, worth of purchase"]
    take_steps(app, 100)
    assert app.sql("SELECT count(*) FROM main.purchase WHERE twice <> pieces * 3 OR steps IS NULL")[0][0] == 0
