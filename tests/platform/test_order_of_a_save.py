"""The published order of a save (rules.md), and formulas over other records wherever a field may stand."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.errors import Forbidden, Invalid
from fieldstone.records import Change, Measure, Query
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
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  code: {type: text, required: true}
  trail: {type: text, default: default}
  account: {type: reference, to: account, inverse: deals}
  amount: {type: integer, check: amount < 100, message: Too much}
  double: {type: formula, expression: amount * 2}
  area: {type: formula, expression: account.region.name}
  volume: {type: formula, expression: sum(lines.quantity)}
  stage: {type: choice}
---
kind: entity
name: line
fields:
  name: {type: text}
  deal: {type: reference, to: deal, inverse: lines}
  quantity: {type: integer}
---
kind: workflow
name: deal_stage
entity: deal
field: stage
initial: open
states: {open: {}, won: {}}
transitions: {win: {from: open, to: won, guard: amount > 10, message: Too small to win}}
---
kind: role
name: rep
inherits: [employee]
entities:
  account: {read: true}
  line: {read: true}
  deal:
    create: amount != 66
    read: true
    update: amount != 77
---
kind: role
name: northern
inherits: [employee]
entities:
  region: {read: true}
  account: {read: true}
  line: {read: true}
  deal: {read: area == "North" and volume > 2}
"""

RULES = """
trigger fill on deal before save {
  when name == "fill"
  set code = "{trail} code"
}
trigger stop on deal before save {
  when name == "stop"
  fail "the trigger says no"
}
trigger spread on deal before save {
  when name == "spread"
  set amount = 50
}
validation not_hundred on deal {
  check double == null or double != 100 message "the validation says no to {double}" at amount
}
validation winning on deal {
  when stage == "won"
  check name != "odd" message "the validation says no" at name
}
validation alone on deal {
  check count(account.deals) <= 2 message "the late validation says no"
}
trigger follow on deal after save {
  when name == "crowd"
  fail "the trigger behind says no"
}
"""


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    return module_app_from(APP, deals_rules=RULES)


def make(app: App, **values: Any) -> UUID:
    made = records.create(app.context_for("Ann", ["rep"]), "deal", [{"name": "d", "code": "c", **values}])
    return made[0].id


def change(app: App, id_: UUID, **values: Any) -> None:
    records.update(app.context_for("Ann", ["rep"]), "deal", [Change(id_, values)])


def test_the_right_to_the_stored_record_is_asked_before_rules_run(app: App) -> None:
    deal = records.create(app.system, "deal", [{"name": "d", "code": "c", "amount": 77}])[0].id
    with pytest.raises(Forbidden):
        change(app, deal, name="stop")


def test_the_right_to_the_record_as_wanted_is_asked_before_rules_run(app: App) -> None:
    with pytest.raises(Forbidden):
        make(app, name="stop", amount=66)


def test_defaults_are_there_when_triggers_run_and_triggers_before_what_is_required(app: App) -> None:
    deal = make(app, name="fill", code=None)
    assert app.sql("SELECT code FROM main.deal WHERE id = :id", id=deal) == [("default code",)]


def test_formulas_are_computed_behind_triggers_and_before_validations(app: App) -> None:
    with pytest.raises(Invalid, match="the validation says no to 100"):
        make(app, name="spread", amount=1)


def test_what_triggers_and_checks_refuse_is_told_together_in_their_order(app: App) -> None:
    with pytest.raises(Invalid) as refused:
        make(app, name="stop", amount=200)
    assert [error.message for error in refused.value.errors] == ["the trigger says no", "Too much"]


def test_validations_come_before_guards(app: App) -> None:
    deal = make(app, name="odd", amount=5)
    with pytest.raises(Invalid) as refused:
        records.transition(app.context_for("Ann", ["rep"]), "deal", deal, "win")
    assert [error.message for error in refused.value.errors][:1] == ["the validation says no"]


def test_validations_over_collections_come_before_triggers_behind_the_write(app: App) -> None:
    account = str(records.create(app.system, "account", [{"name": "Acme"}])[0].id)
    ann = app.context_for("Ann", ["rep"])
    with pytest.raises(Invalid) as refused:
        records.create(ann, "deal", [{"name": "crowd", "code": "c", "account": account} for _ in range(3)])
    assert {error.message for error in refused.value.errors} == {"the late validation says no"}
    assert app.sql("SELECT count(*) FROM main.deal WHERE name = 'crowd'") == [(0,)]


def test_a_formula_over_references_and_collections_stands_wherever_a_field_may(app: App) -> None:
    north, south = records.create(app.system, "region", [{"name": "North"}, {"name": "South"}])
    accounts = records.create(
        app.system,
        "account",
        [{"name": "N", "region": str(north.id)}, {"name": "S", "region": str(south.id)}],
    )
    wanted = [(0, 1), (0, 3), (1, 9), (1, 4)]
    made = [make(app, name="area", account=str(accounts[place].id)) for place, _ in wanted]
    many = zip(made, wanted, strict=True)
    records.create(
        app.system,
        "line",
        [{"name": "l", "deal": str(deal), "quantity": number} for deal, (_, number) in many],
    )
    query = Query(where='name == "area" and volume > 1', order=("-area", "volume"), fields=("area", "volume"))
    found = [(row["area"], row["volume"]) for row in records.list_records(app.system, "deal", query).data]
    assert found == [("South", 4), ("South", 9), ("North", 3)]
    groups = records.aggregate(
        app.system, "deal", Query(where='name == "area"'), ("area",), {"all": Measure("sum", "volume")}
    )
    assert {group.by["area"]: group.measures["all"] for group in groups} == {"North": 4, "South": 13}
    seen = records.list_records(app.context_for("Nora", ["northern"]), "deal", Query(fields=("volume",)))
    assert [row["volume"] for row in seen.data] == [3]
