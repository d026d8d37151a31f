"""Where elements are used: in documents and rule files, with their places."""

from __future__ import annotations

import pytest

from fieldstone_metadata import Application, File, Layer, check, core_layer
from fieldstone_metadata.uses import UnknownElement, find_element, where_used

APP = """kind: entity
name: account
fields:
  name: {type: text, required: true}
  big: {type: formula, expression: count(deals) > 5}
---
kind: entity
name: deal
title: name
order: [-amount]
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, inverse: deals}
  amount: {type: money, check: amount >= 0}
  stage: {type: choice}
  kind:
    type: choice
    default: new
    options: [new, old]
  twice: {type: formula, expression: amount * 2}
  open: {type: boolean, visible: deals.is_open(record) and not has_role("boss")}
---
kind: workflow
name: deal_stage
entity: deal
field: stage
initial: open
states: {open: {}, won: {required: [amount]}}
transitions: {win: {from: open, to: won, guard: kind == "new", roles: [boss], ask: [amount]}}
---
kind: role
name: rep
entities:
  deal: {read: owner == user, update: stage == "open", fields: {amount: {read: false}}}
---
kind: role
name: boss
inherits: [rep]
---
kind: form
name: deal
entity: deal
roles: [rep]
layout: [{section: All, fields: [name, {field: amount, visible: kind != "old"}]}]
---
kind: form
name: account
entity: account
layout: [{section: All, fields: [name]}, {related: deals, columns: [amount]}]
---
kind: view
name: big
entity: deal
columns: [name, account.name, twice]
where: twice > 100 and account.big
order: [account.name]
sum: [amount]
---
kind: menu
name: main
items: [{section: S, items: [{entity: deal, view: big}, {entity: account}]}]
---
kind: data
name: deals
entity: deal
key: [name]
records: [{name: First, kind: old}]
"""
RULES = """function is_open(d: deal) = d.stage == "open"
trigger t on deal before create {
  when is_open(record) and
    amount > 5
  set kind = "old"
}
trigger u on deal after transition win {
  create account { name: "{name}" }
  for other in account.deals where amount > 7 { update other { amount: 1 } }
}
test "wins" as boss { given d = create deal { name: "x", stage: "won" } expect is_open(d) }
"""


@pytest.fixture(scope="module")
def application() -> Application:
    files = (File("app.yaml", APP), File("rules/deals.rules", RULES))
    checked = check([core_layer(), Layer("local", files)])
    assert checked.errors == ()
    assert checked.application is not None
    return checked.application


USES = {
    "deal.amount": [
        "app.yaml:7: entity deal (order)",
        "app.yaml:14: field deal.amount (check)",
        "app.yaml:20: field deal.twice (formula)",
        "app.yaml:23: workflow deal_stage (ask)",
        "app.yaml:23: workflow deal_stage (required)",
        "app.yaml:31: role rep (fields)",
        "app.yaml:40: form deal (layout)",
        "app.yaml:46: form account (layout)",
        "app.yaml:51: view big (sum)",
        "rules/deals.rules:4: trigger deals.t (reads)",
        "rules/deals.rules:9: trigger deals.u (reads)",
        "rules/deals.rules:9: trigger deals.u (sets)",
    ],
    "deal.twice": ["app.yaml:51: view big (columns)", "app.yaml:51: view big (where)"],
    "account.deals": [
        "app.yaml:5: field account.big (formula)",
        "app.yaml:46: form account (layout)",
        "rules/deals.rules:9: trigger deals.u (reads)",
    ],
    "account.big": ["app.yaml:51: view big (where)"],
    "deal.stage.open": [
        "app.yaml:23: workflow deal_stage (initial)",
        "app.yaml:23: workflow deal_stage (states)",
        "app.yaml:23: workflow deal_stage (transition win)",
        "app.yaml:31: role rep (update)",
        "rules/deals.rules:1: function deals.is_open (reads)",
    ],
    "deal.kind.old": [
        "app.yaml:40: form deal (visible)",
        "app.yaml:63: data deals (records)",
        "rules/deals.rules:5: trigger deals.t (sets)",
    ],
    "deal.kind.new": ["app.yaml:16: field deal.kind (default)", "app.yaml:23: workflow deal_stage (guard)"],
    "rep": ["app.yaml:36: role boss (inherits)", "app.yaml:40: form deal (roles)"],
    "boss": [
        "app.yaml:21: field deal.open (visible)",
        "app.yaml:23: workflow deal_stage (transition win)",
        "rules/deals.rules:11: test deals.wins (as)",
    ],
    "deals.is_open": [
        "app.yaml:21: field deal.open (visible)",
        "rules/deals.rules:3: trigger deals.t (reads)",
        "rules/deals.rules:11: test deals.wins (reads)",
    ],
    "view big": ["app.yaml:59: menu main (items)"],
}


@pytest.mark.parametrize("name", USES)
def test_every_use_is_told_with_its_place(application: Application, name: str) -> None:
    found = where_used(application, find_element(application, name))
    assert [str(use) for use in found] == USES[name]


def test_an_entity_is_used_where_its_fields_are(application: Application) -> None:
    found = where_used(application, find_element(application, "account"))
    using = {f"{use.kind} {use.name}" for use in found if use.layer == "local"}
    expected = {"field deal.account", "form account", "view big", "menu main", "trigger deals.u"}
    assert using == expected


def test_nothing_uses_what_stands_alone(application: Application) -> None:
    assert where_used(application, find_element(application, "meeting.place"))[0].kind == "entity"
    assert where_used(application, find_element(application, "deal.open")) == ()


def test_an_unknown_element_is_told_with_a_suggestion(application: Application) -> None:
    with pytest.raises(UnknownElement) as unknown:
        find_element(application, "deal.amuont")
    assert unknown.value.hint == "did you mean `deal.amount`?"
