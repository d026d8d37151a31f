"""Collections of whole entities in rules: one statement for all records of a batch, with the same meaning."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from fieldstone import records
from fieldstone.errors import Invalid
from fieldstone.records import Change
from fieldstone_testing import App, AppFactory

APP = """
kind: app
name: sales
version: 1.0.0
---
kind: entity
name: region
fields:
  name: {type: text, required: true}
---
kind: entity
name: account
fields:
  name: {type: text, required: true}
  region: {type: reference, to: region}
  note: {type: text}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, inverse: deals}
  code: {type: text}
  amount: {type: integer}
  price: {type: money}
  length: {type: duration}
  due: {type: date}
  seen: {type: text}
  number: {type: integer}
---
kind: entity
name: log_line
fields:
  name: {type: text, required: true}
  deal: {type: reference, to: deal, inverse: lines}
"""


def app_with(app_from: AppFactory, rules: str) -> App:
    return app_from(APP, deals_rules=rules)


def make(app: App, **values: Any) -> UUID:
    return records.create(app.system, "deal", [{"name": "Deal", **values}])[0].id


def stored(app: App, id_: UUID, column: str) -> Any:
    return app.sql(f'SELECT "{column}" FROM main.deal WHERE id = :id', id=id_)[0][0]


def column(app: App, statement: str) -> list[Any]:
    return [row[0] for row in app.sql(statement)]


# ---- values


SEEN = {
    "count(deal where code == record.code)": ("2", "3"),
    "count(deal where code == record.code and id != record.id)": ("1", "2"),
    "count(deal where amount > record.amount)": ("2", "1"),
    "sum(deal.amount where amount < record.amount + 10)": ("3", "3"),
    "first(deal.name order by -amount)": ("c", "c"),
    "first(deal order by -amount).name": ("c", "c"),
    'join(deal.name where due == record.due order by name, "+")': ("a+b", "a+b"),
    'if exists(deal where account == record.account and id != record.id) then "twin" else "alone"': (
        "twin",
        "twin",
    ),
    'if min(deal.length) == 2 hours then "shortest" else "?"': ("shortest", "shortest"),
    "max(deal.due where name < record.name)": ("", "2026-03-01"),
    "sum(deal.price where price > record.price)": ("20", "20"),
    "count(deal where deals.same(record, code))": ("2", "3"),
    "deals.others(record)": ("1", "2"),
    "count(entity.account where count(deal where code == record.code) == 3)": ("0", "1"),
}
FUNCTIONS = """
function same(d: deal, c: text) = d.code == c
function others(d: deal) = count(deal where code == d.code) - 1
"""


@pytest.fixture(scope="module")
def seen(module_app_from: AppFactory) -> dict[str, tuple[str, str]]:
    """What two updated deals saw of all deals, for each expression."""
    lets = "\n".join(
        f'  let v{n} = {expression}\n  create log_line {{ name: "{n}|{{v{n}}}", deal: record }}'
        for n, expression in enumerate(SEEN)
    )
    app = module_app_from(APP, deals_rules=f"{FUNCTIONS}\ntrigger t on deal after update {{\n{lets}\n}}")
    acme = str(records.create(app.system, "account", [{"name": "Acme"}])[0].id)
    base = {"due": "2026-03-01", "length": "PT2H", "price": "10"}
    first = make(app, name="a", code=None, amount=1, **base)
    make(app, name="c", code=None, amount=30, length="PT5H", price="20")
    ids = records.create(
        app.system, "deal", [{"name": n, "code": "x", "amount": 2, "account": acme, **base} for n in ("b",)]
    )
    others = [{"name": n, "code": "x", "account": acme} for n in ("d", "e")]
    records.create(app.system, "deal", others)
    changes = [Change(id_, {"seen": "now"}) for id_ in (first, ids[0].id)]
    records.update(app.system, "deal", changes)
    told: dict[str, dict[UUID, str]] = {}
    for name, deal in app.sql("SELECT name, deal FROM main.log_line"):
        number, _, value = str(name).partition("|")
        told.setdefault(number, {})[deal] = value
    return {expression: (told[str(n)][first], told[str(n)][ids[0].id]) for n, expression in enumerate(SEEN)}


@pytest.mark.parametrize("expression", SEEN)
def test_an_expression_sees_all_records(seen: dict[str, tuple[str, str]], expression: str) -> None:
    assert seen[expression] == SEEN[expression]


# ---- places


def test_before_the_write_a_trigger_sees_what_is_stored(app_from: AppFactory) -> None:
    app = app_with(app_from, "trigger t on deal before create { set number = count(deal) + 1 }")
    assert [stored(app, make(app), "number") for _ in range(3)] == [1, 2, 3]


def test_a_validation_sees_the_whole_batch(app_from: AppFactory) -> None:
    rule = """validation one_code on deal {
      check code == null or count(deal where code == record.code) == 1 message "{code} is taken" at code
    }"""
    app = app_with(app_from, rule)
    make(app, code="a")
    with pytest.raises(Invalid, match="b is taken"):
        records.create(app.system, "deal", [{"name": "1", "code": "b"}, {"name": "2", "code": "b"}])
    with pytest.raises(Invalid, match="a is taken"):
        make(app, code="a")
    records.create(app.system, "deal", [{"name": "1", "code": "b"}, {"name": "2", "code": None}])


def test_the_recycle_bin_is_left_out(app_from: AppFactory) -> None:
    app = app_with(app_from, "trigger t on deal before create { set number = count(deal) }")
    records.delete(app.system, "deal", [make(app)])
    assert stored(app, make(app), "number") == 0


def test_a_statement_sees_what_the_one_before_it_wrote(app_from: AppFactory) -> None:
    rule = """trigger t on deal after create {
      create log_line { name: "first: {count(log_line)}" }
      create log_line { name: "second: {count(log_line)}" }
    }"""
    app = app_with(app_from, rule)
    make(app)
    assert column(app, "SELECT name FROM main.log_line ORDER BY name") == ["first: 0", "second: 1"]


def test_a_loop_goes_through_the_chosen_records_in_order(app_from: AppFactory) -> None:
    rule = """trigger t on deal after update {
      when changed(seen)
      for other in deal where code == record.code and id != record.id order by [-amount, name] {
        create log_line { name: "{name} sees {other.name}", deal: other }
      }
    }"""
    app = app_with(app_from, rule)
    ids = [make(app, name=n, code="x", amount=a) for n, a in (("a", 1), ("b", 2), ("c", 2))]
    make(app, name="d", code="y")
    records.update(app.system, "deal", [Change(id_, {"seen": "1"}) for id_ in ids[:2]])
    told = column(app, "SELECT name FROM main.log_line ORDER BY id")
    assert told == ["a sees b", "a sees c", "b sees c", "b sees a"]


def test_a_condition_of_a_trigger_may_ask(app_from: AppFactory) -> None:
    rule = """trigger t on deal before create {
      when exists(entity.account where name == record.name)
      set seen = "yes"
    }"""
    app = app_with(app_from, rule)
    records.create(app.system, "account", [{"name": "Acme"}])
    ids = records.create(app.system, "deal", [{"name": "Acme"}, {"name": "Other"}])
    assert [stored(app, one.id, "seen") for one in ids] == ["yes", None]


# ---- batches


@contextmanager
def counted() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


def test_a_thousand_records_need_as_many_statements_as_one(app_from: AppFactory) -> None:
    rule = """
    validation few on deal { check count(deal where code == record.code) < 5000 message "too many" }
    trigger count_them on deal before create {
      when account.region.name != "closed" and count(account.deals) >= 0
      set number = count(deal where account == record.account) + count(account.deals where amount > 0)
    }
    trigger follow on deal after create {
      when exists(deal where code == record.code and id != record.id) or account.region.name == "north"
      let best = first(deal order by -amount)
      let total = sum(deal.amount where account.region == record.account.region)
      create log_line { name: "{best.name}: {total}" }
      for twin in deal where id == record.id { set twin.seen = "{account.name} in {account.region.name}" }
    }"""
    app = app_with(app_from, rule)
    region = str(records.create(app.system, "region", [{"name": "north"}])[0].id)
    accounts = [{"name": f"A{n}", "region": region} for n in range(200)]
    ids = [str(one.id) for one in records.create(app.system, "account", accounts)]

    def statements(count: int) -> int:
        values = [
            {"name": f"D{n}", "account": ids[n % 200], "code": f"{n}", "amount": n} for n in range(count)
        ]
        with counted() as found:
            records.create(app.system, "deal", values)
        return len(found)

    statements(1)
    assert statements(1) == statements(1000)
    assert column(app, "SELECT count(*) FROM main.deal WHERE seen LIKE 'A% in north'") == [1002]


def test_what_the_database_cannot_compute_is_an_error_of_the_documents(app_from: AppFactory) -> None:
    rule = "trigger t on deal before create { set number = count(deal where matches(name, 'x.*')) }"
    with pytest.raises(Invalid, match="`matches` cannot be used in what reads a whole entity"):
        app_with(app_from, rule)
