"""Aggregates over what belongs to a record, in rules: the database gathers them, and members stay there."""

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
from fieldstone_testing.statements import noted_statements

APP = """
kind: app
name: sales
version: 1.0.0
---
kind: entity
name: product
fields:
  name: {type: text, required: true}
  grade: {type: integer}
---
kind: entity
name: account
fields:
  name: {type: text, required: true}
  level: {type: integer}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, inverse: deals}
  limit: {type: integer}
  seen: {type: text}
  found: {type: long_text}
  number: {type: integer}
  total: {type: formula, expression: sum(lines.quantity)}
  products: {type: references, to: product, inverse: deals}
---
kind: entity
name: line
fields:
  name: {type: text, required: true}
  deal: {type: reference, to: deal, inverse: lines}
  product: {type: reference, to: product}
  quantity: {type: integer}
  price: {type: money}
  due: {type: date}
  length: {type: duration}
  double: {type: formula, expression: quantity * 2}
"""

SEEN = {
    "count(lines)": ("3", "0"),
    "count(lines where quantity > record.limit)": ("1", "0"),
    "count(lines where product.grade == 2)": ("2", "0"),
    "sum(lines.quantity)": ("9", "0"),
    "sum(lines.price where quantity > 1)": ("30.5", "0"),
    "sum(lines.double)": ("18", "0"),
    "average(lines.quantity)": ("3", ""),
    "min(lines.due)": ("2026-03-01", ""),
    "max(lines.name)": ("c", ""),
    "if max(lines.length) == 5 hours then 'five' else '?'": ("five", "?"),
    "if exists(lines where price > 20) then 'yes' else 'no'": ("yes", "no"),
    "if all(lines where quantity > 1) then 'yes' else 'no'": ("yes", "yes"),
    "if any(lines where quantity > 9) then 'yes' else 'no'": ("no", "no"),
    "count(lines) + sum(lines.quantity)": ("12", "0"),
    "count(account.deals)": ("2", "2"),
    "sum(account.deals.limit where id != record.id)": ("0", "3"),
    "count(account.deals where exists(lines where quantity == 4))": ("1", "1"),
    "count(products where grade > 1)": ("1", "0"),
    "total + 1": ("10", "1"),
    "deals.pieces(record, 1)": ("10", "1"),
    "first(lines.name order by -quantity)": ("c", ""),
    "join(lines.name order by name, '+')": ("a+b+c", ""),
}
FUNCTION = "function pieces(d: deal, more: integer) = sum(d.lines.quantity) + more\n"


def make(app: App, entity: str, *many: dict[str, Any]) -> list[UUID]:
    return [made.id for made in records.create(app.system, entity, list(many))]


def lines(app: App, deal: UUID, *quantities: int) -> None:
    make(app, "line", *({"name": "l", "deal": str(deal), "quantity": number} for number in quantities))


def touch(app: App, *deals: UUID) -> None:
    records.update(app.system, "deal", [Change(deal, {"seen": "now"}) for deal in deals])


def stored(app: App, deal: UUID, column: str) -> Any:
    return app.sql(f'SELECT "{column}" FROM main.deal WHERE id = :id', id=deal)[0][0]


@pytest.fixture(scope="module")
def seen(module_app_from: AppFactory) -> dict[str, tuple[str, str]]:
    """What two updated deals saw, one with lines and one without, before and after the write."""
    listed = "|".join(f"{{{expression}}}" for expression in SEEN)
    rules = f"""{FUNCTION}
    trigger early on deal before update {{ when changed(seen) set found = "{listed}" }}
    trigger late on deal after update {{
      when changed(seen) create account {{ name: "{{name}}|{listed}" }}
    }}"""
    app = module_app_from(APP, deals_rules=rules)
    good, fair = make(app, "product", {"name": "good", "grade": 2}, {"name": "fair", "grade": 1})
    (acme,) = make(app, "account", {"name": "Acme"})
    full, bare = make(
        app,
        "deal",
        {"name": "full", "account": str(acme), "limit": 3, "products": [str(good), str(fair)]},
        {"name": "bare", "account": str(acme)},
    )
    base = {"deal": str(full), "product": str(good)}
    make(
        app,
        "line",
        {**base, "name": "a", "quantity": 2, "price": "10", "due": "2026-03-02", "length": "PT5H"},
        {**base, "name": "b", "quantity": 3, "due": "2026-03-01", "product": str(fair), "length": "PT1H"},
        {**base, "name": "c", "quantity": 4, "price": "20.5"},
    )
    (gone,) = make(app, "line", {**base, "name": "z", "quantity": 90})
    records.delete(app.system, "line", [gone])
    touch(app, full, bare)
    early = [str(stored(app, deal, "found")).split("|") for deal in (full, bare)]
    told = [
        str(name).split("|") for (name,) in app.sql("SELECT name FROM main.account WHERE name LIKE '%|%'")
    ]
    late = {name: values for name, *values in told}
    assert early == [late["full"], late["bare"]]
    return {expression: (early[0][n], early[1][n]) for n, expression in enumerate(SEEN)}


@pytest.mark.parametrize("expression", SEEN)
def test_an_aggregate_has_one_value_before_and_after_the_write(
    seen: dict[str, tuple[str, str]], expression: str
) -> None:
    assert seen[expression] == SEEN[expression]


# ---- what is fetched


@contextmanager
def counted_rows() -> Iterator[list[int]]:
    """How many rows each statement has fetched meanwhile."""
    found: list[int] = []

    def executed(_connection: object, cursor: Any, *_rest: object) -> None:
        found.append(cursor.rowcount)

    sa.event.listen(sa.Engine, "after_cursor_execute", executed)
    try:
        yield found
    finally:
        sa.event.remove(sa.Engine, "after_cursor_execute", executed)


RULES = """
trigger early on deal before update {
  when count(lines where quantity > 0) > 0
  set number = sum(lines.double) + count(lines)
}
trigger late on deal after update {
  let most = max(lines.quantity)
  if all(lines where quantity < 9000) { update account { level: most ?? 0 } }
}
validation few on deal { check count(lines) < 100000 message "Too many" }
"""


def test_rows_fetched_do_not_grow_with_the_members(app_from: AppFactory) -> None:
    app = app_from(APP, deals_rules=RULES)
    (acme,) = make(app, "account", {"name": "Acme"})
    few, many = make(app, "deal", *[{"name": name, "account": str(acme)} for name in ("few", "many")])
    lines(app, few, 1, 2)
    lines(app, many, *range(1, 401))
    touch(app, make(app, "deal", {"name": "warm", "account": str(acme)})[0])
    with counted_rows() as of_few:
        touch(app, few)
    with counted_rows() as of_many:
        touch(app, many)
    assert of_many == of_few
    assert stored(app, many, "number") == 400 * 401 + 400


def test_one_and_a_thousand_records_take_the_same_statements_each_with_one_group_by(
    app_from: AppFactory,
) -> None:
    app = app_from(
        APP, deals_rules="trigger early on deal before update { set number = sum(lines.quantity) }"
    )
    deals = make(app, "deal", *({"name": f"D{n}"} for n in range(1001)))
    make(app, "line", *({"name": "l", "deal": str(deal), "quantity": n} for n, deal in enumerate(deals)))
    touch(app, deals[0])
    with noted_statements() as alone:
        touch(app, deals[1])
    with noted_statements() as together:
        touch(app, *deals[1:])
    assert len(together) == len(alone)
    assert [text.count("GROUP BY") for text in together if "GROUP BY" in text] == [1]
    assert [stored(app, deals[n], "number") for n in (1, 500, 1000)] == [1, 500, 1000]


# ---- what is not written yet


def test_what_a_save_has_changed_in_memory_is_seen_before_the_write(app_from: AppFactory) -> None:
    rule = """trigger t on deal before update {
      when changed(limit)
      set number = sum(account.deals.limit)
    }"""
    app = app_from(APP, deals_rules=rule)
    (acme,) = make(app, "account", {"name": "Acme"})
    deals = make(app, "deal", *[{"name": name, "account": str(acme), "limit": 1} for name in "ab"])
    records.update(app.system, "deal", [Change(deals[0], {"limit": 10}), Change(deals[1], {"limit": 20})])
    assert [stored(app, deal, "number") for deal in deals] == [30, 30]


def test_a_rule_sees_what_it_has_written_itself(app_from: AppFactory) -> None:
    rule = """trigger t on deal after update {
      when changed(seen)
      let before = count(lines)
      create line { name: "new", deal: record, quantity: 5 }
      update record { number: before * 100 + count(lines) }
    }"""
    app = app_from(APP, deals_rules=rule)
    (deal,) = make(app, "deal", {"name": "a"})
    touch(app, deal)
    assert stored(app, deal, "number") == 1


# ---- values that leave their range


@pytest.mark.parametrize("expression", ["sum(lines.quantity)", "sum(lines.double)", "max(lines.double)"])
def test_a_value_that_is_too_large_stops_the_rule_as_anywhere(app_from: AppFactory, expression: str) -> None:
    rule = f"trigger t on deal before update {{\n  set number = {expression}\n}}"
    app = app_from(APP, deals_rules=rule)
    (deal,) = make(app, "deal", {"name": "a"})
    lines(app, deal, 5 * 10**18, 5 * 10**18)
    with pytest.raises(Invalid, match=r"rule deals.t failed in line 2: This value is too large"):
        touch(app, deal)


def test_a_missing_value_beside_a_product_is_no_error(app_from: AppFactory) -> None:
    rule = "trigger t on deal before update { set number = sum(lines.double) }"
    app = app_from(APP, deals_rules=rule)
    (deal,) = make(app, "deal", {"name": "a"})
    make(app, "line", {"name": "l", "deal": str(deal)}, {"name": "l", "deal": str(deal), "quantity": 2})
    touch(app, deal)
    assert stored(app, deal, "number") == 4
