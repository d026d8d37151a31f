"""Conditions that read collections, asked during a save of the records as it will leave them."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.errors import FieldstoneError, Forbidden, Invalid
from fieldstone.records import Change
from fieldstone_testing import ApiClient, App, AppFactory
from fieldstone_testing.statements import noted_statements

ORDERS = """
kind: app
name: orders
label: Orders
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: order
fields:
  name: {type: text, required: true}
  people: {type: references, to: person, inverse: orders}
  largest: {type: integer, default: =max(entity.line.quantity)}
  note: {type: text, required: count(lines) > 2, readonly: exists(lines where quantity > 90)}
  reason: {type: text, visible: count(people) > 0}
  status: {type: choice, options: [open, sent]}
  pieces: {type: formula, expression: sum(lines.quantity), stored: true}
---
kind: entity
name: line
title: '"{quantity}"'
fields:
  order: {type: reference, to: order, on_delete: cascade, inverse: lines}
  quantity:
    type: integer
    check: sum(order.lines.quantity) <= 100
    message: An order has at most 100 pieces.
---
kind: entity
name: person
fields:
  name: {type: text, required: true}
  boss: {type: reference, to: person, inverse: reports, where: count(reports) < 3}
---
kind: workflow
name: order_status
entity: order
field: status
initial: open
states: {open: {}, sent: {}}
transitions:
  send: {from: open, to: sent, guard: count(lines) > 0, message: Nothing to send.}
---
kind: role
name: clerk
inherits: [employee]
entities:
  order: {create: true, read: true, update: all(lines where quantity < 50), delete: pieces < 10}
  line: {create: true, read: exists(order.people), update: true, delete: true}
  person: {create: true, read: true, update: true}
"""


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    return module_app_from(ORDERS)


def make(app: App, entity: str, **values: object) -> str:
    return str(records.create(app.system, entity, [values])[0].id)


def order_of(app: App, *quantities: int, **values: object) -> str:
    order = make(app, "order", **{"name": "o", **values})
    records.create(app.system, "line", [{"order": order, "quantity": quantity} for quantity in quantities])
    return order


def refusal(work: Callable[[], object]) -> FieldstoneError:
    with pytest.raises(FieldstoneError) as refused:
        work()
    return refused.value


def send(app: App, order: str) -> object:
    return records.transition(app.system, "order", UUID(order), "send")


def change(app: App, entity: str, id_: str, **values: object) -> object:
    return records.update(app.system, entity, [Change(UUID(id_), values)])


def test_a_guard_counts_what_belongs_to_the_record(app: App) -> None:
    assert "Nothing to send." in str(refusal(lambda: send(app, order_of(app))))
    assert send(app, order_of(app, 1))


def test_a_check_sees_the_whole_batch_as_it_will_be(app: App) -> None:
    order = order_of(app, 60)
    both = [{"order": order, "quantity": 20}, {"order": order, "quantity": 21}]
    assert isinstance(refusal(lambda: records.create(app.system, "line", both)), Invalid)
    assert records.create(app.system, "line", both[:1])


def test_required_visible_and_readonly_read_collections(app: App) -> None:
    ann = make(app, "person", name="Ann")
    assert refusal(lambda: change(app, "order", order_of(app, 1, 2, 3), name="x")).errors[0].field == "note"
    assert refusal(lambda: change(app, "order", order_of(app, 95), note="x")).errors[0].field == "note"
    assert refusal(lambda: change(app, "order", order_of(app), reason="x")).errors[0].field == "reason"
    assert change(app, "order", order_of(app), reason="x", people=[ann])


def test_a_default_and_the_limit_of_a_reference_read_collections(app: App) -> None:
    order_of(app, 97)
    new = order_of(app)
    assert app.sql('SELECT largest FROM main."order" WHERE id = :id', id=UUID(new))[0][0] == 97
    boss = make(app, "person", name="Boss")
    records.create(app.system, "person", [{"name": "r", "boss": boss}] * 3)
    assert "count(reports) < 3" in str(refusal(lambda: make(app, "person", name="one more", boss=boss)))


def test_permissions_read_collections_in_saves_and_in_lists_alike(
    app: App, client: Callable[..., ApiClient]
) -> None:
    clerk = app.context_for("Cleo", ["clerk"])
    shown, hidden = order_of(app, 7, people=[make(app, "person", name="Ann")]), order_of(app, 8, 60)
    refused = refusal(lambda: records.update(clerk, "order", [Change(UUID(hidden), {"name": "x"})]))
    assert isinstance(refused, Forbidden)
    assert records.update(clerk, "order", [Change(UUID(shown), {"name": "x"})])
    assert isinstance(refusal(lambda: records.delete(clerk, "order", [UUID(hidden)])), Forbidden)
    api = client(app, app.token("Cleo", ["clerk"]))
    listed = api.get("/data/line?where=quantity in [7, 8]&fields=quantity").json["data"]
    assert [row["quantity"] for row in listed] == [7]


@pytest.mark.parametrize("many", [1, 200])
def test_conditions_over_collections_take_the_same_statements_for_any_number(app: App, many: int) -> None:
    clerk = app.context_for("Cleo", ["clerk"])
    orders = [one.id for one in records.create(clerk, "order", [{"name": "o"}] * many)]
    records.create(app.system, "line", [{"order": str(id_), "quantity": 2} for id_ in orders])
    with noted_statements() as seen:
        records.update(clerk, "order", [Change(id_, {"name": "x"}) for id_ in orders])
    assert len(seen) == 4
