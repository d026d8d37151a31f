"""Lines that live inside an order: sent, read, changed, removed and judged with it, in one call."""

from __future__ import annotations

import pytest

from fieldstone import records
from fieldstone_testing.orders import ORDERS
from fieldstone_testing.problems import assert_problem


@pytest.fixture
def app(app_from):
    return app_from(ORDERS)


@pytest.fixture
def ann(app, client):
    return client(app, app.token("Ann", ["clerk"]))


@pytest.fixture
def pump(app):
    return str(records.create(app.system, "product", [{"name": "Pump", "price": "10"}])[0].id)


@pytest.fixture
def order(ann, pump):
    lines = [{"product": pump, "quantity": 2, "price": "10"}, {"product": pump, "price": "5"}]
    return ann.post("/data/order", {"name": "First", "lines": lines}).json


def read(api, order):
    return api.get(f"/data/order/{order['id']}").json


def change(api, order, *lines, **values):
    return api.patch(f"/data/order/{order['id']}", {"lines": list(lines), **values})


def test_an_order_is_created_with_its_lines_and_answered_with_them(ann, pump):
    made = ann.post(
        "/data/order", {"name": "First", "lines": [{"product": pump, "quantity": 2, "price": "10"}]}
    )
    assert made.status_code == 201
    (line,) = made.json["lines"]
    assert (line["product"]["title"], line["quantity"], line["price"], line["total"]) == (
        "Pump",
        2,
        "10.00",
        "20.00",
    )
    assert "order" not in line
    assert (made.json["total"], made.json["size"], made.json["version"]) == ("20.00", 1, 1)


def test_entries_with_an_id_change_lines_those_without_add_some_and_the_others_stay(ann, pump, order):
    first, second = order["lines"]
    answer = change(ann, order, {"id": first["id"], "quantity": 3}, {"product": pump, "price": "1"})
    assert answer.status_code == 200
    assert [(line["id"] == second["id"], line["total"]) for line in answer.json["lines"]] == [
        (False, "30.00"),
        (True, "5.00"),
        (False, "1.00"),
    ]
    assert (answer.json["version"], answer.json["total"]) == (2, "36.00")


def test_a_line_is_removed_by_its_id_and_delete(ann, order):
    first, second = order["lines"]
    answer = change(ann, order, {"id": first["id"], "_delete": True})
    assert [line["id"] for line in answer.json["lines"]] == [second["id"]]
    assert (answer.json["total"], answer.json["version"]) == ("5.00", 2)


def test_what_is_wrong_with_a_line_is_told_with_its_place(ann, pump):
    lines = [{"product": pump}, {"quantity": 0}, {"product": pump, "quantity": "many", "colour": "red"}]
    answer = ann.post("/data/order", {"name": "First", "lines": lines})
    found = assert_problem(answer, 422)
    assert {(error["field"], error["code"]) for error in found["errors"]} >= {
        ("lines[1].quantity", "too_small"),
        ("lines[2].quantity", "not_a_number"),
        ("lines[2].colour", "unknown_field"),
    }
    assert ann.get("/data/order").json["data"] == []


@pytest.mark.parametrize(
    ("entry", "field", "code"),
    [
        ({"product": None}, "lines[0].product", "required"),
        ({"order": "x"}, "lines[0].order", "readonly"),
        ({"currency": "USD"}, "lines[0].currency", "readonly"),
        ({"id": "x"}, "lines[0].id", "bad_id"),
        ({"id": "01a20268-3f89-7b14-a682-ee949e044805"}, "lines[0].id", "unknown_record"),
        ({"_delete": True}, "lines[0].id", "required"),
        ({"_delete": "yes"}, "lines[0]._delete", "invalid"),
        ({"product": "01a20268-3f89-7b14-a682-ee949e044805"}, "lines[0].product", "unknown_record"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused_at_its_place(ann, order, entry, field, code):
    found = assert_problem(change(ann, order, entry), 422)
    assert (field, code) in {(error["field"], error["code"]) for error in found["errors"]}
    assert read(ann, order)["version"] == 1


@pytest.mark.parametrize("lines", [None, {}, "x", [1], [[]]])
def test_lines_are_a_list_of_objects(ann, order, lines):
    found = assert_problem(ann.patch(f"/data/order/{order['id']}", {"lines": lines}), 422)
    assert found["errors"][0]["field"] == "lines"


def test_a_line_of_another_order_cannot_be_changed_from_here(ann, pump, order):
    other = ann.post("/data/order", {"name": "Other"}).json
    first = order["lines"][0]
    found = assert_problem(change(ann, other, {"id": first["id"], "quantity": 9}), 422)
    assert found["errors"][0]["field"] == "lines[0].id"


def test_what_is_removed_takes_no_values_and_is_named_once(ann, order):
    first = order["lines"][0]
    entry = {"id": first["id"], "_delete": True}
    valued, doubled = change(ann, order, entry | {"quantity": 3}), change(ann, order, entry, entry)
    assert assert_problem(valued, 422)["errors"][0]["field"] == "lines[0]._delete"
    assert assert_problem(doubled, 422)["errors"][0]["field"] == "lines[1].id"


def test_only_what_may_be_picked_is_taken_in_a_line(app, ann, order):
    gone = records.create(app.system, "product", [{"name": "Old", "active": False}])[0].id
    found = assert_problem(change(ann, order, {"product": str(gone)}), 422)
    assert found["errors"][0]["field"] == "lines[0].product"
    assert found["errors"][0]["code"] == "not_allowed_record"


def test_a_condition_of_a_field_is_judged_for_each_line(ann, order):
    first, second = order["lines"]
    entries = {"id": first["id"], "remark": "two"}, {"id": second["id"], "remark": "one"}
    found = assert_problem(change(ann, order, *entries), 422)
    assert [error["field"] for error in found["errors"]] == ["lines[1].remark"]


def test_the_order_is_judged_with_its_lines_as_they_will_be(ann, pump, order):
    assert change(ann, order, limit=25).status_code == 200
    found = assert_problem(change(ann, order, {"product": pump, "price": "1"}), 422)
    assert found["errors"][0]["field"] == "limit"
    removed = {"id": order["lines"][0]["id"], "_delete": True}
    assert change(ann, order, removed, {"product": pump, "price": "19"}).status_code == 200


def test_a_lost_update_is_refused_whichever_part_somebody_else_changed(app, client, ann, order):
    ann.patch(f"/data/order_line/{order['lines'][0]['id']}", {"quantity": 7})
    body = {"lines": [{"id": order["lines"][1]["id"], "quantity": 8}]}
    answer = ann.patch(f"/data/order/{order['id']}", body, headers={"If-Match": '"1"'})
    found = assert_problem(answer, 412)
    assert found["changes"]["lines"][1][0]["quantity"] == 7


def test_a_line_that_is_sent_as_it_is_changes_nothing(ann, order):
    first = order["lines"][0]
    answer = change(ann, order, {"id": first["id"], "quantity": 2})
    assert (answer.status_code, answer.json["version"], answer.json["lines"][0]["version"]) == (200, 1, 1)


def test_changes_of_lines_stand_in_the_history_of_the_order(ann, pump, order):
    first, second = order["lines"]
    removed = {"id": second["id"], "_delete": True}
    change(ann, order, {"id": first["id"], "quantity": 3}, removed, {"product": pump})
    newest, oldest = ann.get(f"/data/order/{order['id']}/history").json["data"]
    before, after = newest["changes"]["lines"]
    assert [(line["id"], line["quantity"]) for line in before] == [(first["id"], 2), (second["id"], 1)]
    assert after[0] == {"id": first["id"], "quantity": 3, "total": "30.00"}
    assert after[1]["product"]["title"] == "Pump"
    assert len(oldest["changes"]["lines"][1]) == 2


def test_the_history_tells_the_sum_of_an_order_whose_lines_are_added_and_removed_at_once(ann, pump, order):
    first, second = order["lines"]
    removed = {"id": second["id"], "_delete": True}
    changed = change(ann, order, {"id": first["id"], "quantity": 3}, removed, {"product": pump, "price": "7"})
    newest = ann.get(f"/data/order/{order['id']}/history").json["data"][0]
    assert newest["changes"]["total"] == ["25.00", "37.00"]
    assert changed.json["total"] == "37.00"


def test_the_document_says_how_lines_are_sent_and_shown(ann):
    schemas = ann.get("/openapi.json").json["components"]["schemas"]
    assert schemas["order"]["properties"]["lines"]["items"] == {"$ref": "#/components/schemas/order_line"}
    sent = schemas["order.update"]["properties"]["lines"]["items"]
    assert sent == {"$ref": "#/components/schemas/order_line.inside"}
    assert {"id", "_delete", "quantity"} <= schemas["order_line.inside"]["properties"].keys()
    assert not {"order", "cost", "currency"} & schemas["order_line.inside"]["properties"].keys()
    assert schemas["order_line.new_inside"]["required"] == ["product"]


def test_why_somebody_may_not_change_a_line_is_told_by_the_rights_on_its_order(app, client, order):
    line = order["lines"][0]["id"]
    question = {"entity": "order_line", "id": line, "verb": "update"}
    vic = client(app, app.token("Vic", ["viewer"]))
    told = vic.post("/explain", question).json
    assert told["allowed"] is False
    ann = client(app, app.token("Ann", ["clerk"]))
    told = ann.post("/explain", question).json
    assert told["allowed"] is True
    assert [clause["expression"] for clause in told["clauses"]] == ['owner == user and status != "closed"']


def test_lists_show_lines_only_where_they_are_asked_for(ann, order):
    assert "lines" not in ann.get("/data/order").json["data"][0]
    (found,) = ann.get("/data/order?fields=name,lines&limit=1").json["data"]
    assert [line["quantity"] for line in found["lines"]] == [2, 1]


def test_a_transition_takes_no_lines(app_from, client):
    flow = """
---
kind: workflow
name: order_status
entity: order
field: status
initial: draft
states: {draft: {label: Draft}, sent: {label: Sent}, closed: {label: Closed, final: true}}
transitions:
  send: {from: draft, to: sent, label: Send, ask: [note]}
  close: {from: sent, to: closed, label: Close}
"""
    app = app_from(ORDERS + flow)
    admin = client(app, app.token("Root", ["admin"]))
    made = admin.post("/data/order", {"name": "First"}).json
    answer = admin.post(f"/data/order/{made['id']}/transitions/send", {"lines": []})
    assert assert_problem(answer, 422)["errors"][0]["code"] == "not_asked"
