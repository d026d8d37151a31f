"""Lists in the order that their entity declares, for readers who may not know of all that it sorts by."""

from __future__ import annotations

import re

import pytest

from fieldstone import records
from fieldstone_testing import AppFactory
from fieldstone_testing.visitors import Visitor
from fieldstone_testing.webs import WebOf

APP = """
kind: app
name: ordered
version: 1.0.0
---
kind: entity
name: account
fields:
  name: {type: text, required: true}
  size: {type: integer}
---
kind: entity
name: deal
order: [account.size, -amount]
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, inverse: deals}
  amount: {type: integer}
---
kind: role
name: rep
entities:
  deal: {read: true}
---
kind: role
name: chief
entities:
  account: {read: true}
  deal: {read: true}
"""


@pytest.mark.parametrize(("role", "expected"), [("rep", ["B", "A"]), ("chief", ["A", "B"])])
def test_what_a_reader_may_not_know_of_does_not_sort(
    app_from: AppFactory, web_of: WebOf, role: str, expected: list[str]
) -> None:
    app = app_from(APP)
    made = records.create(app.system, "account", [{"name": "Small", "size": 1}, {"name": "Large", "size": 9}])
    deals = [("A", 1, made[0].id), ("B", 2, made[1].id)]
    values = [{"name": name, "amount": amount, "account": str(account)} for name, amount, account in deals]
    records.create(app.system, "deal", values)
    app.user("Ann", [role])
    visitor = Visitor(web_of(app))
    visitor.log_in("Ann")
    page = visitor.get("/e/deal")
    assert page.status_code == 200
    assert re.findall(r"data-open[^>]*><bdi>(\w)</bdi>", page.text) == expected
