"""Stored formulas over other records: right after every write, whoever made it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from fieldstone import records
from fieldstone.database.joined import JoinedDatabase
from fieldstone.errors import FieldstoneError
from fieldstone.model.kept_values import KeptValue
from fieldstone.model.model import Model
from fieldstone.records import Change, Measure, Picked, Query
from fieldstone.records.kept.plan import plan_of
from fieldstone.records.kept.recomputing import fresh_values
from fieldstone_testing import ApiClient, App, AppFactory
from fieldstone_testing.statements import noted_statements
from fieldstone_testing.waiting import until_somebody_waits

SHOP = """
kind: app
name: shop
label: Shop
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: region
fields:
  name: {type: text, required: true}
  rate: {type: integer, default: 1}
---
kind: entity
name: account
title: '"{name} in {region.name}"'
fields:
  name: {type: text, required: true}
  region: {type: reference, to: region, on_delete: clear, inverse: accounts}
  discount: {type: integer, default: 0}
  total: {type: formula, expression: sum(purchases.total), stored: true, index: true}
  best: {type: formula, expression: max(purchases.total where account.discount >= 0), stored: true}
  worth: {type: formula, expression: total * region.rate + count(purchases), stored: true}
  newest: {type: formula, expression: first(purchases order by -name), stored: true}
  fees: {type: formula, expression: sum(purchases.half_fee), stored: true}
  now_total: {type: formula, expression: sum(purchases.total)}
---
kind: entity
name: purchase
search: [name, account.name, tags, newest_line]
fields:
  name: {type: text, required: true}
  tags: {type: tags}
  account: {type: reference, to: account, on_delete: clear, inverse: purchases}
  people: {type: references, to: person, inverse: purchases}
  fee: {type: money}
  half_fee: {type: formula, expression: fee / 2, stored: true}
  total: {type: formula, expression: sum(lines.net), stored: true}
  open_lines: {type: formula, expression: count(lines where not done)}
  busy: {type: formula, expression: open_lines > 1, stored: true}
  staff: {type: formula, expression: 'join(people.name where active order by name, ", ")', stored: true}
  region_name: {type: formula, expression: account.region.name, stored: true}
  newest_line: {type: formula, expression: 'first(lines.what order by -what)', stored: true}
  touched: {type: formula, expression: updated_at, stored: true}
---
kind: entity
name: line
title: what
fields:
  what: {type: text, required: true}
  purchase: {type: reference, to: purchase, on_delete: cascade, inverse: lines}
  quantity: {type: integer, default: 1}
  price: {type: decimal, default: 1}
  done: {type: boolean, default: false}
  net: {type: formula, expression: quantity * price, stored: true}
  given: {type: formula, expression: net * purchase.account.discount / 100, stored: true}
---
kind: entity
name: person
fields:
  name: {type: text, required: true}
  active: {type: boolean, default: true}
  manager: {type: reference, to: person, on_delete: clear, inverse: reports}
  reports_count: {type: formula, expression: count(reports), stored: true}
  level: {type: formula, expression: manager.reports_count + reports_count, stored: true}
  bought: {type: formula, expression: sum(purchases.total), stored: true}
  chief: {type: formula, expression: manager.manager ?? manager, stored: true}
  chief_level: {type: formula, expression: 'chief.level * 10', stored: true}
"""
RULES = """
trigger discount on region after update {
  for account in accounts { update account { discount: rate } }
}
"""
FILES = {"passing_rules": RULES}
Client = Callable[..., ApiClient]
ENTITIES = ("region", "account", "purchase", "line", "person")


def wrong_values(app: App) -> list[tuple[str, str, UUID]]:
    """(entity, value, record) of everything kept that is not what it is when computed from scratch."""
    with app.database.read() as connection:
        return [tuple(row) for row in connection.execute(comparison(app.model))]


@cache
def comparison(model: Model) -> sa.CompoundSelect:
    """One statement that compares everything kept by `model`, made once for the many times that it runs."""
    groups = [group for group in plan_of(model).groups if group[0].entity in ENTITIES]
    return sa.union_all(*(compared(model, kept) for group in groups for kept in group))


def compared(model: Model, kept: KeptValue) -> sa.Select:
    table = model.entities[kept.entity].table
    fresh = fresh_values(model, [kept]).subquery()
    names = [column.name for column in fresh.c if column.name != "id"]
    differs = sa.or_(*(fresh.c[name].is_distinct_from(table.c[name]) for name in names))
    told = sa.select(sa.literal(kept.entity), sa.literal(kept.name), table.c.id)
    return told.join(fresh, fresh.c.id == table.c.id).where(differs)


@pytest.fixture
def shop(app_from: AppFactory) -> App:
    return app_from(SHOP, **FILES)


@pytest.fixture(scope="module")
def shared(module_app_from: AppFactory) -> App:
    return module_app_from(SHOP, **FILES)


def make(app: App, entity: str, **values: object) -> str:
    return str(records.create(app.system, entity, [values])[0].id)


def change(app: App, entity: str, id_: str, **values: object) -> None:
    records.update(app.system, entity, [Change(UUID(id_), values)])


def value(app: App, entity: str, id_: str, column: str) -> object:
    return app.sql(f'SELECT "{column}" FROM main."{entity}" WHERE id = :id', id=UUID(id_))[0][0]


# ---- any sequence of writes


class Life:
    """Random writes of all sorts; what is refused changes nothing."""

    def __init__(self, app: App, seed: int) -> None:
        self.app = app
        self.chance = random.Random(seed)
        self.known: dict[str, list[UUID]] = {name: [] for name in ENTITIES}

    def run(self, writes: int) -> Iterator[None]:
        steps: list[Callable[[str], None]] = [
            self.create, self.create, self.create, self.change, self.change, self.change,
            self.delete, self.restore, self.purge, self.bring_in, self.change_many, self.delete_many,
        ]  # fmt: skip
        for _ in range(writes):
            with suppress(FieldstoneError):
                self.chance.choice(steps)(self.chance.choice(ENTITIES))
            yield

    def create(self, entity: str) -> None:
        values = [self.values(entity) for _ in range(self.chance.randint(1, 4))]
        self.known[entity] += [one.id for one in records.create(self.app.system, entity, values)]

    def change(self, entity: str) -> None:
        changes = [Change(id_, self.some(self.values(entity))) for id_ in self.several(entity)]
        records.update(self.app.system, entity, changes)

    def delete(self, entity: str) -> None:
        records.delete(self.app.system, entity, self.several(entity))

    def restore(self, entity: str) -> None:
        records.restore(self.app.system, entity, self.several(entity, most=1))

    def purge(self, entity: str) -> None:
        records.purge(self.app.system, entity, self.several(entity, most=1))

    def bring_in(self, entity: str) -> None:
        key = "what" if entity == "line" else "name"
        rows = [self.values(entity) for _ in range(3)]
        done = records.import_rows(self.app.system, entity, rows, key=[key])
        self.known[entity] += [row.id for row in done if row.id is not None and row.action == "created"]

    def change_many(self, entity: str) -> None:
        picked = Picked(self.several(entity, most=6))
        records.update_many(self.app.system, entity, picked, self.some(self.values(entity)))

    def delete_many(self, entity: str) -> None:
        records.delete_many(self.app.system, entity, Picked(self.several(entity, most=2)))

    def several(self, entity: str, most: int = 3) -> list[UUID]:
        known = self.known[entity]
        return self.chance.sample(known, min(len(known), self.chance.randint(1, most)))

    def some(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: values[name] for name in self.chance.sample(sorted(values), self.chance.randint(1, 2))}

    def one(self, entity: str) -> str | None:
        return self.chance.choice([None, *map(str, self.known[entity][-8:])])

    def values(self, entity: str) -> dict[str, Any]:
        number, name = self.chance.randint(-3, 9), self.chance.choice("abcdefgh")
        people = [str(id_) for id_ in self.several("person")]
        return {
            "region": {"name": name, "rate": number},
            "account": {"name": name, "region": self.one("region"), "discount": number},
            "purchase": {
                "name": name, "account": self.one("account"), "people": people,
                "fee": number, "tags": [name, "x"],
            },
            "line": {
                "what": name, "purchase": self.one("purchase"), "quantity": number,
                "price": str(Decimal(number) / 4), "done": number > 4,
            },
            "person": {"name": name, "active": number > 2, "manager": self.one("person")},
        }[entity]  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
def test_after_any_writes_everything_kept_is_as_if_computed_from_scratch(shop: App, seed: int) -> None:
    life = Life(shop, seed)
    for step, _ in enumerate(life.run(120)):
        assert (step, wrong_values(shop)) == (step, [])
    assert all(shop.sql(f'SELECT count(*) FROM main."{name}"')[0][0] > 3 for name in ENTITIES)


def test_a_wrong_value_would_be_found(shop: App) -> None:
    account = make(shop, "account", name="Acme")
    shop.sql("UPDATE main.account SET total = 99, _title = 'Zenith'")
    assert {(name, id_) for _, name, id_ in wrong_values(shop)} >= {
        ("total", UUID(account)), ("_title", UUID(account)),
    }  # fmt: skip


# ---- one record and many


@pytest.mark.parametrize("many", [1, 500])
def test_the_number_of_statements_does_not_depend_on_the_number_of_records(shared: App, many: int) -> None:
    account = make(shared, "account", name="Acme", discount=10)
    purchases = records.create(
        shared.system, "purchase", [{"name": "p", "account": account}] * min(many, 100)
    )
    lines = [
        {"what": "x", "purchase": str(purchases[n % len(purchases)].id), "quantity": n + 1}
        for n in range(many)
    ]
    with noted_statements() as creating:
        written = records.create(shared.system, "line", lines)
    with noted_statements() as changing:
        records.update(shared.system, "line", [Change(one.id, {"price": "2"}) for one in written])
    with noted_statements() as discounting:
        change(shared, "account", account, discount=20)
    with noted_statements() as deleting:
        records.delete(shared.system, "line", [one.id for one in written])
    counts = [len(seen) for seen in (creating, changing, discounting, deleting)]
    assert counts == [12, 11, 8, 11]
    assert wrong_values(shared) == []


def test_two_writers_of_lines_of_one_purchase_lose_nothing(shared: App) -> None:
    account = make(shared, "account", name="Acme")
    purchase = make(shared, "purchase", name="p", account=account)
    ready = threading.Barrier(4)

    def buy(name: str) -> None:
        ready.wait()
        for _ in range(5):
            make(shared, "line", what=name, purchase=purchase)

    writers = [threading.Thread(target=buy, args=(name,)) for name in "abcd"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert value(shared, "purchase", purchase, "total") == 20
    assert value(shared, "account", account, "total") == 20


def test_a_new_record_waits_for_the_change_of_what_it_begins_to_refer_to(shared: App) -> None:
    region = make(shared, "region", name="north")
    account = make(shared, "account", name="Acme", region=region)
    made: list[str] = []
    buying = threading.Thread(target=lambda: made.append(make(shared, "purchase", name="p", account=account)))

    def rename(connection: sa.Connection) -> None:
        joined = replace(shared.system, database=JoinedDatabase(shared.database, connection))
        records.update(joined, "region", [Change(UUID(region), {"name": "south"})])
        buying.start()
        until_somebody_waits(shared)

    shared.database.run_write(shared.model.version, rename)
    buying.join()
    assert value(shared, "purchase", made[0], "region_name") == "south"


# ---- what a recomputed record shows


def test_a_recomputed_record_keeps_version_and_history_and_stands_in_the_outbox(shared: App) -> None:
    purchase = make(shared, "purchase", name="p")
    make(shared, "line", what="x", purchase=purchase, quantity=3)
    told = shared.sql(
        "SELECT action, version FROM main_system.outbox WHERE record = :id ORDER BY id", id=UUID(purchase)
    )
    assert value(shared, "purchase", purchase, "total") == 3
    assert value(shared, "purchase", purchase, "version") == 1
    assert {tuple(row) for row in told} == {("create", 1), ("recompute", 1)}
    assert [entry["action"] for entry in records.history(shared.system, "purchase", UUID(purchase))] == [
        "create"
    ]


def test_titles_and_search_texts_follow_what_they_name(shared: App, client: Client) -> None:
    region = make(shared, "region", name="Jutland")
    account = make(shared, "account", name="Acme", region=region)
    make(shared, "purchase", name="Pump", account=account)
    change(shared, "region", region, name="Funen")
    change(shared, "account", account, name="Zenith")
    api = client(shared, shared.token("Ann", ["admin"]))
    assert value(shared, "account", account, "_title") == "Zenith in Funen"
    assert [row["name"] for row in api.get("/data/purchase?q=zenith").json["data"]] == ["Pump"]
    assert api.get("/data/purchase?q=acme%20pump&where=name=='Pump'").json["data"] == []


def test_stored_formulas_are_filtered_sorted_and_summed(
    shared: App, client: Callable[..., ApiClient]
) -> None:
    first, second = (make(shared, "account", name=name, discount=77) for name in ("First", "Second"))
    for account, quantity in ((first, 2), (second, 5)):
        purchase = make(shared, "purchase", name="p", account=account)
        make(shared, "line", what="x", purchase=purchase, quantity=quantity)
    api = client(shared, shared.token("Ann", ["admin"]))
    listed = api.get("/data/account?where=discount==77 and total>1&order=-total&fields=name,total,now_total")
    assert [(row["name"], row["total"], row["now_total"]) for row in listed.json["data"]] == [
        ("Second", "5", "5"),
        ("First", "2", "2"),
    ]
    measures = {"all": Measure("sum", "total")}
    [group] = records.aggregate(shared.system, "account", Query(where="discount == 77"), (), measures)
    assert group.measures == {"all": "7"}


def test_a_stored_amount_is_sorted_in_the_organisations_currency(shared: App) -> None:
    rate = {"currency_code": "DKK", "rate": "0.1", "valid_from": "2026-01-01"}
    records.create(shared.system, "exchange_rate", [rate])
    account = make(shared, "account", name="Money")
    for currency, fee in (("DKK", 50), ("EUR", 10)):
        make(shared, "purchase", name=currency, account=account, fee=fee, currency=currency)
    query = Query(where='account.name == "Money"', order=("-half_fee",), fields=("name",))
    with noted_statements() as seen:
        page = records.list_records(shared.system, "purchase", query)
    assert [row["name"] for row in page.data] == ["EUR", "DKK"]
    assert "half_fee__base" in seen[-1]
    kept = shared.sql("SELECT half_fee, half_fee__base FROM main.purchase WHERE fee = 50")
    assert tuple(kept[0]) == (25, Decimal("2.5"))


def test_a_stored_formula_added_later_is_computed_for_the_records_that_exist(shop: App) -> None:
    account = make(shop, "account", name="Acme")
    make(shop, "purchase", name="p", account=account)
    added = "  bought_from: {type: formula, expression: count(purchases), stored: true}\n"
    twice = "  bought_twice: {type: formula, expression: account.bought_from * 2, stored: true}\n"
    text = SHOP.replace("  now_total:", f"{added}  now_total:").replace("  touched:", f"{twice}  touched:")
    shop.publish(text)
    assert shop.sql("SELECT bought_from FROM main.account")[0][0] == 1
    assert shop.sql("SELECT bought_twice FROM main.purchase")[0][0] == 2
    assert wrong_values(shop) == []


def test_what_is_kept_from_a_record_of_any_entity_goes_when_that_record_is_purged(app_from):
    app = app_from(
        """
kind: app
name: told
version: 1.0.0
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
---
kind: entity
name: notification
extends: true
fields:
  deal_name: {type: formula, expression: (regarding as deal).name, stored: true}
"""
    )
    deal = records.create(app.system, "deal", [{"name": "Pumps"}])[0].id
    told = {
        "subject": "Look",
        "recipient": str(app.user("Ann")),
        "regarding": {"id": str(deal), "entity": "deal"},
    }
    records.create(app.system, "notification", [told])
    assert app.sql("SELECT deal_name FROM main.notification") == [("Pumps",)]
    records.delete(app.system, "deal", [deal])
    records.purge(app.system, "deal", [deal])
    assert app.sql("SELECT deal_name, regarding FROM main.notification") == [(None, None)]
