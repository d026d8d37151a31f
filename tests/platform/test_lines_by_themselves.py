"""Lines of orders written by themselves, imported, deleted, restored; rights, currencies, rules and races."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.context import TokenLimits
from fieldstone.errors import FieldstoneError, Forbidden, Invalid, NotFound, VersionConflict
from fieldstone.records import Change, Picked
from fieldstone_testing import App, AppFactory
from fieldstone_testing.orders import ORDERS
from fieldstone_testing.statements import noted_statements


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(ORDERS)


@pytest.fixture
def pump(app: App) -> str:
    return str(records.create(app.system, "product", [{"name": "Pump", "price": "10"}])[0].id)


@pytest.fixture
def ann(app: App):
    return app.context_for("Ann", ["clerk"])


def make(context, pump: str, *quantities: int, **values: object) -> UUID:
    lines = [{"product": pump, "quantity": quantity, "price": "10"} for quantity in quantities]
    return records.create(context, "order", [{"name": "First", "lines": lines, **values}])[0].id


def lines_of(context, order: UUID) -> list[dict[str, object]]:
    found: list[dict[str, object]] = records.get(context, "order", order)["lines"]
    return found


def ids_of(context, order: UUID) -> list[UUID]:
    return [UUID(str(line["id"])) for line in lines_of(context, order)]


def seen(context, order: UUID) -> tuple[object, object]:
    found = records.get(context, "order", order)
    return found["version"], found["total"]


# -- written by themselves


def test_a_line_created_by_itself_changes_its_order(ann, pump):
    order = make(ann, pump, 1)
    made = records.create(ann, "order_line", [{"order": str(order), "product": pump, "price": "2"}])
    assert made[0].version == 1
    assert seen(ann, order) == (2, "12.00")
    (newest, *_) = records.history(ann, "order", order)
    assert newest["changes"]["lines"][1][0]["id"] == str(made[0].id)


def test_a_line_changed_by_itself_changes_its_order_and_obeys_its_checks(ann, pump):
    order = make(ann, pump, 1, limit=25)
    (line,) = ids_of(ann, order)
    records.update(ann, "order_line", [Change(line, {"quantity": 2})])
    assert seen(ann, order) == (2, "20.00")
    with pytest.raises(Invalid, match="above its limit"):
        records.update(ann, "order_line", [Change(line, {"quantity": 3})])


def test_a_line_deleted_and_restored_by_itself_changes_its_order(ann, pump):
    order = make(ann, pump, 1, 2)
    first, _ = ids_of(ann, order)
    records.delete(ann, "order_line", [first])
    assert seen(ann, order) == (2, "20.00")
    records.restore(ann, "order_line", [first])
    assert seen(ann, order) == (3, "30.00")
    assert len(lines_of(ann, order)) == 2


def test_a_line_stays_in_its_order(ann, pump):
    order, other = make(ann, pump, 1), make(ann, pump)
    (line,) = ids_of(ann, order)
    with pytest.raises(Invalid) as caught:
        records.update(ann, "order_line", [Change(line, {"order": str(other)})])
    assert [error.field for error in caught.value.errors] == ["order"]


# -- rights


def test_who_may_read_an_order_may_read_its_lines_and_nobody_else(app, ann, pump):
    order, sent = make(ann, pump, 1), make(ann, pump, 2, status="sent")
    bob = app.context_for("Bob", ["clerk"])
    assert [line["quantity"] for line in records.list(bob, "order_line", records.Query()).data] == [2]
    assert len(records.list(app.context_for("Vic", ["viewer"]), "order_line", records.Query()).data) == 2
    with pytest.raises(NotFound):
        records.get(bob, "order_line", ids_of(ann, order)[0])
    assert len(lines_of(bob, sent)) == 1
    assert records.counts(bob, "order_line", [None], 10) == [1]


def test_who_may_not_change_an_order_may_not_change_its_lines_either(app, ann, pump):
    order = make(ann, pump, 1, status="sent")
    (line,) = ids_of(ann, order)
    bob = app.context_for("Bob", ["clerk"])
    attempts: list[Callable[[], object]] = [
        lambda: records.update(bob, "order_line", [Change(line, {"quantity": 2})]),
        lambda: records.update(bob, "order", [Change(order, {"lines": [{"product": pump}]})]),
        lambda: records.update(
            bob, "order", [Change(order, {"lines": [{"id": str(line), "_delete": True}]})]
        ),
        lambda: records.create(bob, "order_line", [{"order": str(order), "product": pump}]),
        lambda: records.delete(bob, "order_line", [line]),
    ]
    for attempt in attempts:
        with pytest.raises(Forbidden):
            attempt()
    assert seen(ann, order) == (1, "10.00")


def test_lines_of_an_order_that_is_closed_stay_as_they_are(app, ann, pump):
    order = make(ann, pump, 1)
    with pytest.raises(Forbidden):
        records.update(ann, "order", [Change(order, {"status": "closed", "lines": [{"product": pump}]})])


def test_a_role_narrows_the_fields_of_lines(app, ann, pump):
    order = make(ann, pump, 1)
    (line,) = ids_of(ann, order)
    records.update(app.system, "order", [Change(order, {"lines": [{"id": str(line), "cost": "3"}]})])
    assert "cost" not in lines_of(ann, order)[0]
    assert lines_of(app.system, order)[0]["cost"] == "3"
    assert "cost" not in records.history(ann, "order", order)[0]["changes"]["lines"][1][0]
    with pytest.raises(Invalid) as caught:
        records.update(ann, "order", [Change(order, {"lines": [{"id": str(line), "cost": "4"}]})])
    assert [(error.field, error.code) for error in caught.value.errors] == [
        ("lines[0].cost", "unknown_field")
    ]


def test_a_token_for_orders_covers_their_lines(app, pump):
    app.user("Ann", ["clerk"])
    limits = TokenLimits(entities=frozenset({"order", "product"}))
    ann = app.context_for("Ann", ["clerk"])
    order = make(ann, pump, 1)
    narrowed = replace(ann, principal=replace(ann.principal, limits=limits))
    assert len(lines_of(narrowed, order)) == 1
    other = replace(
        ann, principal=replace(ann.principal, limits=TokenLimits(entities=frozenset({"product"})))
    )
    with pytest.raises(FieldstoneError):
        records.list(other, "order_line", records.Query())


# -- deleted with the order


def test_lines_are_deleted_restored_and_purged_with_their_order(app, ann, pump):
    order = make(ann, pump, 1, 2)
    removed, kept = ids_of(ann, order)
    records.update(ann, "order", [Change(order, {"lines": [{"id": str(removed), "_delete": True}]})])
    later = app.context_for("Ann")
    records.delete(later, "order", [order])
    assert app.sql("SELECT count(*) FROM main.order_line WHERE deleted_at IS NULL") == [(0,)]
    assert [line["id"] for line in records.get(ann, "order", order, deleted=True)["lines"]] == [str(kept)]
    records.restore(ann, "order", [order])
    assert ids_of(ann, order) == [kept]
    records.delete(ann, "order", [order])
    records.purge(app.system, "order", [order])
    assert app.sql("SELECT count(*) FROM main.order_line") == [(0,)]


# -- currencies


def test_lines_share_the_currency_of_their_order_and_their_sum_is_not_converted(app, ann, pump):
    rates = [{"currency_code": "DKK", "rate": "0.1", "valid_from": "2020-01-01"}]
    records.create(app.system, "exchange_rate", rates)
    order = make(ann, pump, 3, currency="DKK")
    stored = "SELECT currency, price, price__base, total__base FROM main.order_line"
    assert [tuple(map(str, row)) for row in app.sql(stored)] == [("DKK", "10.00", "1.00", "3.00")]
    assert [tuple(map(str, row)) for row in app.sql('SELECT total, total__base FROM main."order"')] == [
        ("30.00", "3.00")
    ]
    records.update(ann, "order", [Change(order, {"currency": "EUR"})])
    assert [tuple(map(str, row)) for row in app.sql(stored)] == [("EUR", "10.00", "10.00", "30.00")]
    assert seen(ann, order) == (2, "30.00")


# -- many at once


@pytest.mark.parametrize("nested", [True, False])
def test_the_number_of_statements_does_not_depend_on_how_many_orders_and_lines_there_are(
    nested, app, ann, pump
):
    def run(count: int) -> int:
        rows = [{"product": pump, "quantity": 1, "price": "1"}] * (3 if nested else 1)
        with noted_statements() as statements:
            if nested:
                records.create(ann, "order", [{"name": "X", "lines": rows}] * count)
            else:
                made = [{"order": str(order), **rows[0]} for order in orders[:count]]
                records.create(ann, "order_line", made)
        return len(statements)

    orders = [written.id for written in records.create(ann, "order", [{"name": "Y"}] * 100)]
    assert run(1) == run(100)


def test_lines_are_imported_and_each_row_is_accounted_for(app, pump):
    ann = app.context_for("Ann", ["clerk"])
    mine, theirs = make(ann, pump), make(app.system, pump)
    rows = [
        {"order": str(mine), "product": pump, "quantity": 2, "price": "1"},
        {"order": str(theirs), "product": pump, "quantity": 2},
        {"order": str(mine), "product": pump, "quantity": 0},
        {"order": str(mine), "product": pump, "quantity": 3, "price": "1"},
        {"product": pump},
    ]
    outcome = records.import_rows(ann, "order_line", rows)
    assert [one.action for one in outcome] == ["created", "refused", "refused", "created", "refused"]
    assert seen(ann, mine) == (2, "5.00")
    assert seen(app.system, theirs) == (1, "0.00")


def test_rows_are_imported_with_their_lines(ann, pump):
    row = {"name": "First", "lines": [{"product": pump, "quantity": 2, "price": "1"}]}
    broken = {"name": "Second", "lines": [{"product": pump, "quantity": 0}]}
    made, refused, again = records.import_rows(ann, "order", [row, broken, row], key=["name"])
    assert (made.action, refused.action, again.action) == ("created", "refused", "updated")
    assert [error.field for error in refused.errors] == ["lines[0].quantity"]
    assert made.id is not None
    assert seen(ann, made.id) == (2, "4.00")


def test_many_lines_are_changed_and_deleted_at_once(app, ann, pump):
    order = make(ann, pump, 1, 2, 3)
    first, *others = ids_of(ann, order)
    assert records.update_many(ann, "order_line", Picked([first, *others]), {"price": "1"}).changed == 3
    assert seen(ann, order) == (2, "6.00")
    assert records.delete_many(ann, "order_line", Picked(others)).changed == 2
    assert seen(ann, order) == (3, "1.00")


def bulk(api, mode: str, *rows: object) -> str:
    body = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    headers = {"Content-Type": "application/x-ndjson"}
    answer = api.post(f"/data/order/bulk?mode={mode}", data=body, headers=headers)
    assert [json.loads(line)["status"] for line in answer.text.splitlines()] == [
        201 if mode == "create" else 200
    ]
    return str(answer.headers["Fieldstone-Operation"])


def undone(api, operation: str) -> tuple[int, int, int]:
    told = api.post(f"/operations/{operation}/undo").json
    return told["undone"], told["changed_since"], told["refused"]


def test_orders_that_were_created_in_bulk_are_taken_back_with_their_lines(app, pump, client):
    api = client(app, app.token("Ann", ["clerk"]))
    lines = [{"product": pump, "quantity": 2}, {"product": pump}]
    operation = bulk(api, "create", {"name": "First", "lines": lines})
    assert undone(api, operation) == (1, 0, 0)
    assert app.sql("SELECT count(*) FROM main.order_line WHERE deleted_at IS NULL") == [(0,)]


def test_what_a_bulk_change_did_to_lines_is_taken_back(app, ann, pump, client):
    order = make(ann, pump, 1, 2, 3)
    first, second, third = (str(id_) for id_ in ids_of(ann, order))
    changes = [
        {"id": first, "quantity": 9},
        {"id": second, "_delete": True},
        {"product": pump, "quantity": 7},
    ]
    api = client(app, app.token("Ann"))
    operation = bulk(api, "update", {"id": str(order), "lines": changes})
    assert [line["quantity"] for line in lines_of(ann, order)] == [9, 3, 7]
    assert undone(api, operation)[1:] == (0, 0)
    assert {line["id"]: line["quantity"] for line in lines_of(ann, order)} == {first: 1, second: 2, third: 3}


# -- rules

RULES = """
trigger discounted on order_line before save {
  when quantity >= 10 and price != null
  set remark = "bulk"
}
trigger counts on order before save {
  set note = "{count(lines)} lines, {sum(lines.quantity)} pieces"
}
trigger gift on order after create {
  when total > 1000 EUR
  create order_line { order: record, product: lines_product(record), quantity: 1 }
}
function lines_product(o: order) = first(o.lines order by id).product
validation never_empty on order {
  when status == "sent"
  check count(lines) > 0
  message "An order that is sent has lines." at status
}
validation small on order_line {
  check quantity < 100
  message "Too many." at quantity
}
"""


@pytest.fixture
def ruled(app_from: AppFactory) -> App:
    return app_from(ORDERS, orders_rules=RULES)


def test_rules_of_an_order_see_its_lines_as_they_will_be(ruled):
    pump = str(records.create(ruled.system, "product", [{"name": "Pump"}])[0].id)
    order = make(ruled.system, pump, 10, 2)
    assert records.get(ruled.system, "order", order)["note"] == "2 lines, 12 pieces"
    first, second = ids_of(ruled.system, order)
    assert lines_of(ruled.system, order)[0]["remark"] == "bulk"
    entries = [{"id": str(first), "_delete": True}, {"product": pump, "quantity": 5}]
    records.update(ruled.system, "order", [Change(order, {"lines": entries})])
    assert records.get(ruled.system, "order", order)["note"] == "2 lines, 7 pieces"
    records.delete(ruled.system, "order_line", [second])
    assert records.get(ruled.system, "order", order)["note"] == "1 lines, 5 pieces"


def test_validations_of_lines_and_orders_name_the_place(ruled):
    pump = str(records.create(ruled.system, "product", [{"name": "Pump"}])[0].id)
    with pytest.raises(Invalid) as caught:
        make(ruled.system, pump, 1, 100)
    assert [error.field for error in caught.value.errors] == ["lines[1].quantity"]
    order = make(ruled.system, pump, 1, status="sent")
    (line,) = ids_of(ruled.system, order)
    with pytest.raises(Invalid, match="has lines"):
        records.update(
            ruled.system, "order", [Change(order, {"lines": [{"id": str(line), "_delete": True}]})]
        )
    with pytest.raises(Invalid, match="has lines"):
        records.delete(ruled.system, "order_line", [line])


def test_a_rule_that_adds_a_line_changes_the_order(ruled):
    pump = str(records.create(ruled.system, "product", [{"name": "Pump"}])[0].id)
    order = make(ruled.system, pump, 99, 99)
    assert len(lines_of(ruled.system, order)) == 3
    assert records.get(ruled.system, "order", order)["note"] == "3 lines, 199 pieces"


# -- at the same time


def test_two_who_change_lines_of_one_order_at_the_same_time_both_count(app, ann, pump):
    order = make(ann, pump, 1, 1)
    first, second = ids_of(ann, order)
    start = threading.Barrier(4)
    failed: list[BaseException] = []

    def work(act: Callable[[], object]) -> None:
        start.wait()
        try:
            act()
        except BaseException as error:
            failed.append(error)

    acts: list[Callable[[], object]] = [
        lambda: records.update(ann, "order_line", [Change(first, {"quantity": 5})]),
        lambda: records.update(
            ann, "order", [Change(order, {"lines": [{"id": str(second), "quantity": 7}]})]
        ),
        lambda: records.update(ann, "order", [Change(order, {"lines": [{"product": pump, "price": "10"}]})]),
        lambda: records.create(ann, "order_line", [{"order": str(order), "product": pump, "price": "10"}]),
    ]
    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert seen(ann, order) == (5, "140.00")


def test_of_two_with_the_same_version_one_is_refused(ann, pump):
    order = make(ann, pump, 1)
    records.update(ann, "order", [Change(order, {"lines": [{"product": pump}]}, 1)])
    with pytest.raises(VersionConflict):
        records.update(ann, "order", [Change(order, {"note": "mine"}, 1)])
