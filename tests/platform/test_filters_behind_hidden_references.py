"""What a filter finds behind a reference that the caller may not read in that record: nothing."""

from __future__ import annotations

import pytest

from fieldstone import records
from fieldstone.errors import Malformed
from fieldstone.records import Query
from fieldstone_testing import App, AppFactory

APP = """
kind: app
name: hidden_ways
version: 1.0.0
---
kind: entity
name: account
fields:
  name: {type: text, required: true}
  size: {type: integer}
---
kind: entity
name: contact
fields:
  name: {type: text, required: true}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  amount: {type: integer}
  account: {type: reference, to: account, inverse: deals}
  contacts: {type: references, to: contact, inverse: deals}
---
kind: role
name: rep
entities:
  account: {read: true}
  contact: {read: true}
  deal: {read: true, fields: {account: {read: amount < 10}, contacts: {read: amount < 10}}}
"""


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    app = module_app_from(APP)
    [account] = records.create(app.system, "account", [{"name": "Acme", "size": 3}])
    [contact] = records.create(app.system, "contact", [{"name": "Ada"}])
    ways = {"account": str(account.id), "contacts": [str(contact.id)]}
    deals = [{"name": "Open", "amount": 5, **ways}, {"name": "Hidden", "amount": 20, **ways}]
    records.create(app.system, "deal", deals)
    return app


def found(app: App, entity: str, where: str) -> list[str]:
    reader = app.context_for("Ann", ["rep"])
    return sorted(one["name"] for one in records.list(reader, entity, Query(where=where)).data)


@pytest.mark.parametrize(
    "where",
    [
        "account.size == 3",
        'account.name == "Acme"',
        "account.size in [3, 4]",
        "account != null",
    ],
)
def test_a_record_with_a_hidden_reference_is_not_found_by_what_lies_behind_it(app: App, where: str) -> None:
    assert found(app, "deal", where) == ["Open"]


@pytest.mark.parametrize("where", ["count(deals) == 1", "exists(deals where amount > 9)"])
def test_there_is_no_collection_where_its_reference_may_be_hidden(app: App, where: str) -> None:
    with pytest.raises(Malformed, match="no field"):
        found(app, "account", where)
