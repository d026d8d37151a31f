"""Pages of records whose related records name them in a field that the reader may not know."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone_testing import App, AppFactory
from fieldstone_testing.visitors import Visitor, words

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
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, inverse: deals}
---
kind: role
name: clerk
inherits: [employee]
entities:
  account: {read: true}
  deal: {read: true, fields: {account: {read: false}}}
---
kind: role
name: seller
inherits: [employee]
entities:
  account: {read: true}
  deal: {read: true}
"""


@pytest.fixture
def sales(app_from: AppFactory) -> App:
    app = app_from(APP)
    app.context_for("Cleo", ["clerk"])
    app.context_for("Sam", ["seller"])
    return app


@pytest.fixture
def account(sales: App) -> UUID:
    made = records.create(sales.system, "account", [{"name": "Halden"}])[0].id
    records.create(sales.system, "deal", [{"name": "Pumps", "account": {"id": str(made)}}])
    return made


def test_a_page_leaves_out_a_collection_whose_field_is_hidden(
    visit: Callable[[str], Visitor], account: UUID
) -> None:
    seen = visit("Sam").get(f"/e/account/{account}")
    assert "Pumps" in words(seen)
    hidden = visit("Cleo").get(f"/e/account/{account}")
    assert hidden.status_code == 200
    assert "Halden" in words(hidden)
    assert "Pumps" not in words(hidden)
