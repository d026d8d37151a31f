"""What messages of rules tell: values that the one who saves may read, and “…” for all others."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.errors import FieldstoneError
from fieldstone.records import Change
from fieldstone_testing import App, AppFactory

APP = """
kind: app
name: telling
version: 1.0.0
---
kind: entity
name: account
fields:
  name: {type: text, required: true}
  limit: {type: integer}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, inverse: deals}
  amount: {type: integer}
  margin: {type: integer}
  discount: {type: integer}
  code: {type: text}
  hint: {type: text}
---
kind: role
name: rep
inherits: [employee]
entities:
  account: {read: owner == user}
  deal:
    create: true
    read: true
    update: true
    fields: {margin: {read: amount < 100}, hint: {read: false}}
---
kind: role
name: chief
inherits: [employee]
entities:
  account: {create: true, read: true}
  deal: {create: true, read: true, update: true}
"""
RULES = """
validation margin_covers_the_discount on deal {
  check margin == null or discount == null or discount <= margin
  message "{name}: {discount} is more than the margin of {margin}" at discount
}
validation amount_within_the_limit on deal {
  check amount == null or account == null or amount <= account.limit
  message "{amount} is more than {account.limit}" at amount
}
validation code_is_short on deal {
  check code != "long"
  message "Too long: {coalesce(hint, name)}" at code
}
trigger no_doubles on deal before save {
  let others = margin
  if code == "twice" { fail "{name}: {others} before" at code }
}
"""


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    return module_app_from(APP, deals_rules=RULES)


def refusal(app: App, role: str, id_: UUID, **values: Any) -> str:
    context = app.context_for(role.title(), [role])
    with pytest.raises(FieldstoneError) as raised:
        records.update(context, "deal", [Change(id_, values)])
    return raised.value.errors[0].message


def deal(app: App, **values: Any) -> UUID:
    account = records.create(app.system, "account", [{"name": "Acme", "limit": 500}])[0].id
    made = {"name": "Pump", "account": str(account), "margin": 7, **values}
    return records.create(app.system, "deal", [made])[0].id


def test_a_value_of_the_record_is_told_by_the_rights_on_it(app: App) -> None:
    open_, closed = deal(app, amount=50), deal(app, amount=200)
    assert refusal(app, "rep", open_, discount=9) == "Pump: 9 is more than the margin of 7"
    assert refusal(app, "rep", closed, discount=9) == "Pump: 9 is more than the margin of …"
    assert refusal(app, "chief", closed, discount=9) == "Pump: 9 is more than the margin of 7"


def test_what_one_has_sent_oneself_is_told(app: App) -> None:
    message = refusal(app, "rep", deal(app, amount=200), margin=3, discount=9)
    assert message == "Pump: 9 is more than the margin of 3"


def test_a_value_must_be_readable_before_the_change_and_after_it(app: App) -> None:
    message = refusal(app, "rep", deal(app, amount=200), amount=50, discount=9)
    assert message == "Pump: 9 is more than the margin of …"


def test_a_value_of_another_record_is_told_where_all_of_them_may_be_read(app: App) -> None:
    id_ = deal(app)
    assert refusal(app, "rep", id_, amount=900) == "900 is more than …"
    assert refusal(app, "chief", id_, amount=900) == "900 is more than 500"


def test_what_is_computed_from_a_value_is_told_like_the_value(app: App) -> None:
    id_ = deal(app)
    assert refusal(app, "rep", id_, code="long") == "Too long: …"
    assert refusal(app, "chief", id_, code="long") == "Too long: Pump"


def test_what_comes_from_a_variable_is_told_where_all_that_the_rule_reads_is(app: App) -> None:
    id_ = deal(app, amount=200)
    assert refusal(app, "rep", id_, code="twice") == "Pump: … before"
    assert refusal(app, "chief", id_, code="twice") == "Pump: 7 before"
