"""Batches: the number of statements depends on what is done and not on how many records it is done to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fieldstone import records
from fieldstone.records import Change
from fieldstone_testing import App, AppFactory
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
fields:
  name: {type: text, required: true}
  region: {type: text}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  number: {type: sequence}
  account: {type: reference, to: account, on_delete: cascade, inverse: deals, where: region != "closed"}
  contacts: {type: references, to: account, inverse: friends}
  amount: {type: money, check: amount < 100 or account.region != null}
  seller: {type: user, default: =account.owner}
  stage: {type: choice, options: [open, won]}
  note: {type: text, readonly: account.owner.name == "Nobody"}
---
kind: workflow
name: deal_stage
entity: deal
field: stage
initial: open
states: {open: {}, won: {}}
transitions:
  win: {from: open, to: won, guard: account.region == "north"}
---
kind: role
name: rep
inherits: [employee]
entities:
  account: {create: true, read: owner.manager == null, update: true, delete: owner == user}
  deal:
    create: account.owner == user
    read: account.owner == user or owner.manager == user
    update: account.owner == user
    delete: account.owner == user
"""

Count = Callable[[], int]


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    return module_app_from(DEALS)


@pytest.mark.parametrize("many", [1, 1000])
def test_every_verb_takes_a_fixed_number_of_statements(app: App, many: int) -> None:
    ann = app.context_for("Ann", ["rep"])
    accounts = [
        str(entry.id)
        for entry in records.create(ann, "account", [{"name": "a", "region": "north"}] * min(many, 50))
    ]
    values = [
        {"name": f"d{n}", "amount": n, "account": accounts[n % len(accounts)], "contacts": [accounts[0]]}
        for n in range(many)
    ]
    with noted_statements() as creating:
        written = records.create(ann, "deal", values)
    with noted_statements() as changing:
        records.update(ann, "deal", [Change(entry.id, {"name": "x", "note": "y"}, 1) for entry in written])
    with noted_statements() as winning:
        records.update(ann, "deal", [Change(entry.id, {"stage": "won"}) for entry in written])
    with noted_statements() as deleting:
        records.delete(ann, "deal", [entry.id for entry in written])
    with noted_statements() as restoring:
        records.restore(ann, "deal", [entry.id for entry in written])
    counts = [len(seen) for seen in (creating, changing, winning, deleting, restoring)]
    assert counts == [6, 5, 4, 4, 7]


def test_one_plain_record_is_created_and_changed_with_few_statements(app: App) -> None:
    ann = app.context_for("Ann", ["rep"])
    with noted_statements() as creating:
        [written] = records.create(ann, "account", [{"name": "a"}])
    with noted_statements() as changing:
        records.update(ann, "account", [Change(written.id, {"name": "b"}, 1)])
    assert (len(creating), len(changing)) == (2, 4)
