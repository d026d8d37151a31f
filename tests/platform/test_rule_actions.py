"""What rules do in a save: actions, writes with the rights of the acting user, and what waits for jobs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.access.system_user import SYSTEM_USER
from fieldstone.errors import Invalid
from fieldstone.publication.apply import apply
from fieldstone.publication.refusal import PlanRefused
from fieldstone.records import Change
from fieldstone_testing import App, AppFactory
from fieldstone_testing.apps import layer_from

APP = """
kind: app
name: sales
version: 1.0.0
---
kind: entity
name: account
fields:
  name: {type: text, required: true}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true, max_length: 300}
  account: {type: reference, to: account, inverse: deals}
  amount: {type: integer}
  margin: {type: integer}
  grade: {type: text}
  stage: {type: choice}
---
kind: entity
name: line
fields:
  name: {type: text}
  deal: {type: reference, to: deal, inverse: lines}
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


def with_rules(app_from: AppFactory, rules: str) -> App:
    return app_from(APP, deals_rules=rules)


def make(app: App, entity: str = "deal", **values: Any) -> UUID:
    return records.create(app.context_for("Ann", ["rep"]), entity, [{"name": "Deal", **values}])[0].id


def account(app: App) -> UUID:
    return records.create(app.system, "account", [{"name": "Acme"}])[0].id


def stored(app: App, id_: UUID, column: str, entity: str = "deal") -> Any:
    return app.sql(f'SELECT "{column}" FROM main."{entity}" WHERE id = :id', id=id_)[0][0]


def column(app: App, statement: str) -> list[Any]:
    return [row[0] for row in app.sql(statement)]


# ---- actions


def test_notify_tells_a_user_and_needs_no_right_to_notifications(app_from: AppFactory) -> None:
    rule = 'trigger t on deal after create { do notify(user: owner.manager, text: "New: {name}") }'
    app = with_rules(app_from, rule)
    manager, ann = app.user("Max"), app.user("Ann", ["rep"])
    make(app, name="without a manager")
    assert column(app, "SELECT count(*) FROM main.notification") == [0]
    reference = {"id": str(manager), "entity": "user"}
    records.update(app.system, "user", [Change(ann, {"manager": reference})])
    make(app, name="Pump")
    found = app.sql("SELECT subject, recipient, body, created_by FROM main.notification")
    assert found == [("New: Pump", manager, None, ann)]


def test_a_long_notification_is_shortened_and_kept_in_full(app_from: AppFactory) -> None:
    app = with_rules(app_from, "trigger t on deal after create { do notify(user: owner, text: name) }")
    make(app, name="x" * 250)
    ((subject, body),) = app.sql("SELECT subject, body FROM main.notification")
    assert (len(subject), subject[-1], body) == (200, "…", "x" * 250)


MESSAGES = """---
kind: message
name: big
entity: deal
subject: "{name} of {account.name} has {count(lines)} lines"
body: |
  **{name}** is {stage}; {{braces}} and \\n stay. {grade}
---
kind: message
name: far
entity: deal
subject: "{amount * 9000000000000000000}"
---
kind: message
name: hello
subject: "Hello, says {user.name}"
"""


def test_notify_says_what_a_message_says(app_from: AppFactory) -> None:
    app = app_from(
        APP + MESSAGES,
        deals_rules="""trigger t on deal after update {
      do notify(user: owner, message: big)
      do notify(user: owner, message: hello)
    }""",
    )
    acme, ann = account(app), app.user("Ann", ["rep"])
    deals = [make(app, name=name, account=str(acme)) for name in ("Pump", "Valve")]
    records.create(app.system, "line", [{"name": "l", "deal": str(deals[0])} for _ in range(3)])
    records.update(app.context_for("Ann"), "deal", [Change(deal, {"amount": 1}) for deal in deals])
    found = app.sql("SELECT subject, body, recipient FROM main.notification ORDER BY subject")
    assert found == [
        ("Hello, says Ann", None, ann),
        ("Hello, says Ann", None, ann),
        ("Pump of Acme has 3 lines", "**Pump** is open; {braces} and \\n stay. \n", ann),
        ("Valve of Acme has 0 lines", "**Valve** is open; {braces} and \\n stay. \n", ann),
    ]


def test_a_message_that_cannot_be_written_stops_the_save_and_is_named(app_from: AppFactory) -> None:
    rule = "trigger t on deal after create {\n  do notify(user: owner, message: far)\n}"
    app = app_from(APP + MESSAGES, deals_rules=rule)
    with pytest.raises(Invalid, match=r"rule deals.t failed in line 2: the message far cannot be written"):
        make(app, amount=9)
    assert column(app, "SELECT count(*) FROM main.deal") == [0]


def test_assign_gives_a_record_to_a_user_or_a_team(app_from: AppFactory) -> None:
    rule = """trigger t on deal after create {
      when account != null
      do assign(record: record, to: account.owner)
      do assign(record: account, to: owner.manager)
    }"""
    app = with_rules(app_from, rule)
    acme = account(app)
    deal = make(app, account=str(acme))
    assert stored(app, deal, "owner") == stored(app, acme, "owner", "account") != app.user("Ann")


# ---- with the rights of the acting user


AS_USER = {
    "create": 'create account { name: "A" }',
    "update": 'update account { name: "B" }',
    "set": 'set account.name = "B"',
}


@pytest.mark.parametrize("statement", AS_USER.values(), ids=AS_USER)
def test_as_user_a_rule_may_write_what_that_user_may_write(app_from: AppFactory, statement: str) -> None:
    rule = f"trigger t on deal after create as user {{ when account != null {statement} }}"
    app = with_rules(app_from, rule)
    acme = str(account(app))
    with pytest.raises(Invalid, match="You may not"):
        make(app, account=acme)
    assert column(app, "SELECT count(*) FROM main.deal") == [0]
    records.create(app.system, "deal", [{"name": "D", "account": acme}])
    assert column(app, "SELECT count(*) FROM main.deal") == [1]


def test_as_user_a_rule_sets_fields_and_takes_transitions_that_the_user_may_set_and_take(
    app_from: AppFactory,
) -> None:
    text = APP.replace(
        "deal: {create: true, read: true, update: true, delete: true}",
        'deal: {create: true, read: true, update: stage == "won", fields: {margin: {update: false}}}',
    )
    rules = """trigger s on deal before create as user { when amount == 1 set margin = 1 }
trigger g on deal before create as user { when amount == 2 set grade = "g" }
trigger l on deal after create as user { when amount == 3 do transition(record, lose) }"""
    app = app_from(text, deals_rules=rules)
    with pytest.raises(Invalid, match="the user who saves may not set margin"):
        make(app, amount=1)
    assert stored(app, make(app, amount=2), "grade") == "g"
    with pytest.raises(Invalid, match="You may not take the transition lose"):
        make(app, amount=3)


def test_as_user_a_rule_deletes_what_that_user_may_delete(app_from: AppFactory) -> None:
    app = with_rules(app_from, "trigger t on deal after update as user { for line in lines { delete line } }")
    deal = make(app)
    make(app, "line", deal=str(deal))
    with pytest.raises(Invalid, match="You may not delete"):
        records.update(app.context_for("Ann"), "deal", [Change(deal, {"amount": 5})])
    records.update(app.system, "deal", [Change(deal, {"amount": 5})])
    assert column(app, "SELECT deleted_at IS NULL FROM main.line") == [False]


def test_as_user_the_records_are_those_of_the_user_and_say_which_rule(app_from: AppFactory) -> None:
    app = with_rules(app_from, 'trigger t on deal after create as user { create line { name: "l" } }')
    make(app)
    line = column(app, "SELECT id FROM main.line")[0]
    (entry,) = records.history(app.system, "line", line)
    assert (entry["source"], entry["note"]) == ("rule", "deals.t")
    assert stored(app, line, "owner", "line") == app.user("Ann")


# ---- what needs jobs


def test_what_needs_jobs_is_not_published_and_each_is_named(app_from: AppFactory) -> None:
    app = with_rules(app_from, "")
    rules = """schedule chase on deal at "0 6 * * 1-5" { delete record }
assignment routing on deal { otherwise -> queue("inbound") }
score rating on deal { when amount > 5 -> 30 }
sla reply on deal { start when stage == "open" stop when stage == "won" target 1 hour }
trigger later on deal after commit save { do log(text: name) }
trigger hook on deal after save {
  do webhook(url: "https://example.com")
}"""
    layer = layer_from(APP, deals_rules=rules)
    with pytest.raises(PlanRefused) as refused:
        apply(app.database, [layer], author=SYSTEM_USER, note="test")
    told = [refusal.message.partition(" needs the job engine")[0] for refusal in refused.value.refusals]
    assert told == [
        "deals.rules:1: the schedule `chase`",
        "deals.rules:2: the assignment `routing`",
        "deals.rules:3: the score `rating`",
        "deals.rules:4: the SLA `reply`",
        "deals.rules:5: the trigger `later`, which runs after the commit",
        "deals.rules:7: the action `webhook` in `hook`",
    ]
