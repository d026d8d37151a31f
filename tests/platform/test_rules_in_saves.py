"""Rule files at work in saves: validations and triggers in the published order, on batches, within limits."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.errors import Invalid
from fieldstone.records import Change
from fieldstone_rules import limits
from fieldstone_testing import App, AppFactory
from fieldstone_testing.statements import noted_statements

APP = """
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
  wins: {type: integer}
  last_win: {type: text}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, inverse: deals}
  amount: {type: integer}
  margin: {type: integer}
  grade: {type: text}
  trail: {type: text}
  stage: {type: choice}
  note: {type: text, max_length: 5}
---
kind: entity
name: line
fields:
  name: {type: text}
  deal: {type: reference, to: deal, inverse: lines}
  quantity: {type: integer}
---
kind: entity
name: order
fields:
  name: {type: text}
  deal: {type: reference, to: deal, inverse: orders}
  big: {type: boolean}
---
kind: entity
name: order_line
fields:
  name: {type: text}
  order: {type: reference, to: order, required: true, inverse: lines}
  quantity: {type: integer}
---
kind: workflow
name: deal_stage
entity: deal
field: stage
initial: open
states: {open: {}, won: {}, lost: {}}
transitions: {win: {from: open, to: won}, lose: {from: open, to: lost}}
---
kind: role
name: rep
inherits: [employee]
entities:
  account: {read: true}
  deal: {create: true, read: true, update: true, delete: true}
  line: {create: true, read: true, update: true}
"""

RULES = """
function is_big(d: deal) = d.amount > 1000

validation amount_not_negative on deal {
  check amount >= 0 message "{name} costs something" at amount
}

validation few_lines on deal {
  check count(lines) <= 2 message "At most two lines, not {count(lines)}"
}

validation no_way_back on deal {
  when not is_new()
  check not (old.amount != null and amount == null) message "The amount stays" at amount
}

trigger z_first on deal before save order 1 { set trail = "1" }
trigger a_second on deal before save order 2 { set trail = trail + "2" }

trigger grade on deal before save {
  when is_big(record)
  let words = "big {name}"
  if account.name == "Acme" { set grade = words } else { set grade = "other" }
}

trigger limit on deal before save {
  when amount == 13
  fail "Not thirteen, {name}" at amount
}

trigger stamp on deal before transition win {
  set margin = 1
  set account.last_win = name
}

trigger order_from_win on deal after transition win {
  let made = create order { name: "Order of {name}", deal: record, big: is_big(record) }
  for line in lines where quantity > 0 order by quantity {
    create order_line { order: made, quantity: line.quantity }
  }
  if account != null {
    update account { wins: (account.wins ?? 0) + 1 }
  }
}

trigger keep on deal before delete {
  when stage == "won"
  fail "A won deal stays"
}

trigger tidy on deal after delete {
  create order { name: "{name} is gone" }
}

trigger auto_lose on deal after update {
  when became(amount == 0)
  do transition(record: record, name: lose)
}

trigger too_long on deal before save {
  when amount == 99
  set note = "much too long"
}
"""


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(APP, deals_rules=RULES)


def with_rules(app_from: AppFactory, rules: str) -> App:
    return app_from(APP, deals_rules=rules)


def make(app: App, entity: str = "deal", **values: Any) -> UUID:
    values = {"name": "Deal", **values} if entity != "order_line" else values
    return records.create(app.context_for("Ann", ["rep"]), entity, [values])[0].id


def account(app: App, name: str = "Acme") -> UUID:
    return records.create(app.system, "account", [{"name": name}])[0].id


def change(app: App, id_: UUID, **values: Any) -> None:
    records.update(app.context_for("Ann", ["rep"]), "deal", [Change(id_, values)])


def win(app: App, id_: UUID) -> None:
    records.transition(app.context_for("Ann", ["rep"]), "deal", id_, "win")


def stored(app: App, id_: UUID, column: str, entity: str = "deal") -> Any:
    return app.sql(f'SELECT "{column}" FROM main."{entity}" WHERE id = :id', id=id_)[0][0]


def column(app: App, statement: str) -> list[Any]:
    return [row[0] for row in app.sql(statement)]


# ---- before the write


def test_triggers_run_by_order_and_then_by_name(app: App) -> None:
    assert stored(app, make(app), "trail") == "12"


def test_a_trigger_follows_references_calls_functions_and_decides(app: App) -> None:
    acme, other = account(app), account(app, "Other")
    assert stored(app, make(app, amount=2000, account=str(acme)), "grade") == "big Deal"
    assert stored(app, make(app, amount=2000, account=str(other)), "grade") == "other"
    assert stored(app, make(app, amount=10), "grade") is None


def test_fail_refuses_the_save_with_its_message_at_its_field(app: App) -> None:
    with pytest.raises(Invalid) as refused:
        make(app, amount=13)
    (error,) = refused.value.errors
    assert (error.field, error.message) == ("amount", "Not thirteen, Deal")
    assert column(app, "SELECT count(*) FROM main.deal") == [0]


def test_the_log_names_rule_line_and_record(app: App, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "fieldstone.rules"), pytest.raises(Invalid):
        make(app, amount=13)
    assert "rule deals.limit line 28 record Ref(entity='deal'" in caplog.text


def test_a_value_that_its_field_cannot_take_stops_the_save(app: App) -> None:
    with pytest.raises(Invalid, match=r"The rule deals\.too_long failed in line 62: Note: "):
        make(app, amount=99)


def test_what_a_rule_sets_is_no_right_of_the_caller(app_from: AppFactory) -> None:
    text = APP.replace("margin: {type: integer}", "margin: {type: integer, readonly: true}")
    app = app_from(text, deals_rules="trigger t on deal before save { set margin = 7 }")
    assert stored(app, make(app), "margin") == 7


# ---- validations


def test_a_validation_shows_its_message_at_its_field(app: App) -> None:
    with pytest.raises(Invalid) as refused:
        make(app, amount=-1)
    (error,) = refused.value.errors
    assert (error.field, error.code, error.message) == ("amount", "validation", "Deal costs something")


def test_a_check_passes_on_unknown(app: App) -> None:
    assert stored(app, make(app), "amount") is None


def test_a_validation_compares_with_what_was_there(app: App) -> None:
    deal = make(app, amount=5)
    with pytest.raises(Invalid, match="The amount stays"):
        change(app, deal, amount=None)


def test_a_validation_over_a_collection_sees_what_is_stored(app: App) -> None:
    deal = make(app)
    for _ in range(3):
        make(app, "line", deal=str(deal))
    with pytest.raises(Invalid, match="At most two lines, not 3"):
        change(app, deal, amount=5)
    assert stored(app, deal, "amount") is None


# ---- after the write


def test_a_transition_makes_an_order_with_its_lines(app: App) -> None:
    deal = make(app, amount=2000, account=str(account(app)))
    for quantity in (2, 0):
        make(app, "line", deal=str(deal), quantity=quantity)
    win(app, deal)
    assert app.sql("SELECT name, big FROM main.order")[0] == ("Order of Deal", True)
    assert column(app, "SELECT quantity FROM main.order_line") == [2]
    assert app.sql("SELECT wins, last_win FROM main.account")[0] == (1, "Deal")
    assert stored(app, deal, "margin") == 1


def test_records_made_by_a_rule_belong_to_the_acting_user(app: App) -> None:
    win(app, make(app))
    assert column(app, "SELECT owner FROM main.order") == [app.user("Ann")]


def test_the_history_says_which_rule_made_a_change(app: App) -> None:
    deal = make(app, account=str(account(app)))
    win(app, deal)
    notes = {entry["action"]: entry["note"] for entry in records.history(app.system, "deal", deal)}
    assert notes["transition"] == "rule deals.z_first, deals.a_second, deals.stamp"
    made = column(app, "SELECT id FROM main.order")[0]
    (entry,) = records.history(app.system, "order", made)
    assert (entry["source"], entry["note"]) == ("rule", "deals.order_from_win")


def test_another_transition_does_not_fire_it(app: App) -> None:
    deal = make(app)
    records.transition(app.context_for("Ann", ["rep"]), "deal", deal, "lose")
    assert column(app, "SELECT count(*) FROM main.order") == [0]


def test_a_rule_takes_a_transition_and_the_answer_has_its_version(app: App) -> None:
    deal = make(app, amount=5)
    (written,) = records.update(app.context_for("Ann", ["rep"]), "deal", [Change(deal, {"amount": 0})])
    assert stored(app, deal, "stage") == "lost"
    assert stored(app, deal, "version") == written.version == 3


def test_a_rule_refuses_a_deletion(app: App) -> None:
    kept = make(app)
    win(app, kept)
    with pytest.raises(Invalid, match="A won deal stays"):
        records.delete(app.context_for("Ann", ["rep"]), "deal", [kept])
    assert stored(app, kept, "deleted_at") is None


def test_a_rule_follows_a_deletion(app: App) -> None:
    gone = make(app)
    records.delete(app.context_for("Ann", ["rep"]), "deal", [gone])
    assert column(app, "SELECT name FROM main.order") == ["Deal is gone"]


def test_what_a_rule_cannot_write_rolls_everything_back(app_from: AppFactory) -> None:
    rule = 'trigger t on deal after create { create order { name: "x" } create account { name: null } }'
    app = with_rules(app_from, rule)
    with pytest.raises(Invalid, match="Name is required"):
        make(app)
    assert column(app, "SELECT (SELECT count(*) FROM main.deal) + (SELECT count(*) FROM main.order)") == [0]


def test_a_rule_that_changes_its_own_record_runs_once(app_from: AppFactory) -> None:
    rule = """trigger t on deal after update {
      when changed(amount)
      update record { grade: "seen" }
    }"""
    app = with_rules(app_from, rule)
    deal = make(app)
    change(app, deal, amount=4)
    assert (stored(app, deal, "grade"), stored(app, deal, "version")) == ("seen", 3)


# ---- batches


def test_the_number_of_statements_does_not_depend_on_the_number_of_records(app_from: AppFactory) -> None:
    rule = """trigger t on deal after create {
      when account.name != "none" and count(account.deals) >= 0
      let made = create order { name: "{account.name} {name}", deal: record }
      for other in account.deals where id == record.id { create order_line { order: made, quantity: 1 } }
      set account.last_win = name
    }"""
    app = with_rules(app_from, rule)
    accounts = [str(account(app, f"A{number}")) for number in range(100)]
    ann = app.context_for("Ann", ["rep"])

    def statements(count: int, name: str) -> int:
        values = [{"name": name, "account": accounts[n]} for n in range(count)]
        with noted_statements() as found:
            records.create(ann, "deal", values)
        return len(found)

    statements(1, "warm")
    assert statements(1, "one") == statements(100, "many")
    assert column(app, "SELECT count(*) FROM main.order_line") == [102]


def test_an_import_leaves_out_what_a_rule_refuses(app: App) -> None:
    rows = [{"name": "good"}, {"name": "bad", "amount": -1}, {"name": "worse", "amount": 13}]
    answers = records.import_rows(app.context_for("Ann", ["rep"]), "deal", rows)
    assert [answer.action for answer in answers] == ["created", "refused", "refused"]
    assert column(app, "SELECT name FROM main.deal") == ["good"]


def test_an_import_leaves_out_what_a_rule_refuses_after_the_write(app_from: AppFactory) -> None:
    rule = """trigger t on deal after create {
      create order { name: name }
      if name == "bad" { fail "No" }
    }"""
    app = with_rules(app_from, rule)
    rows = [{"name": "good"}, {"name": "bad"}]
    answers = records.import_rows(app.context_for("Ann", ["rep"]), "deal", rows)
    assert [answer.action for answer in answers] == ["created", "refused"]
    assert column(app, "SELECT name FROM main.order") == ["good"]


# ---- limits


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("steps_of_a_rule", 3, r"The rule deals\.t was stopped in line 1: more than 3 steps"),
        ("steps", 3, "more than 3 steps in one transaction"),
        ("touched", 2, "more than 2 records written in one transaction"),
        ("queries", 1, "more than 1 queries in one transaction"),
    ],
)
def test_a_rule_that_runs_away_is_stopped(
    app_from: AppFactory, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, message: str
) -> None:
    rule = 'trigger t on deal after create { create order { name: "a" } create order { name: "b" } }'
    app = with_rules(app_from, rule)
    monkeypatch.setattr(limits, "current", replace(limits.current, **{limit: value}))
    ann = app.context_for("Ann", ["rep"])
    with pytest.raises(Invalid, match=message):
        records.create(ann, "deal", [{"name": "1"}, {"name": "2"}])
    assert column(app, "SELECT count(*) FROM main.order") == [0]


def test_rules_that_fire_each_other_too_deeply_are_stopped(
    app_from: AppFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "current", replace(limits.current, trigger_depth=1))
    rule = """trigger a on deal after create { create order { name: "x" } }
trigger b on order after create { create account { name: "y" } }"""
    app = with_rules(app_from, rule)
    with pytest.raises(Invalid, match=r"deals\.b was stopped in line 2: rules fire each other more than 1"):
        make(app)


# ---- functions elsewhere


def test_a_function_serves_formulas_guards_and_filters(app_from: AppFactory) -> None:
    text = APP.replace("grade: {type: text}", "big: {type: formula, expression: deals.is_big(record)}")
    app = app_from(text, deals_rules="function is_big(d: deal) = d.amount > 1000")
    make(app, name="small", amount=5)
    make(app, name="large", amount=5000)
    found = records.list(app.system, "deal", records.Query(where="big"))
    assert [record["name"] for record in found.data] == ["large"]
