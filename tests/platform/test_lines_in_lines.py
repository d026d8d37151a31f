"""Lines inside lines: what lives inside an order at any depth is written, read, judged and undone with it."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.records import Change
from fieldstone_testing.assembly import ASSEMBLY, LINES
from fieldstone_testing.problems import assert_problem
from fieldstone_testing.statements import noted_statements


@pytest.fixture
def app(app_from):
    return app_from(ASSEMBLY)


@pytest.fixture
def ann(app, client):
    return client(app, app.token("Ann", ["clerk"]))


@pytest.fixture
def order(ann):
    return ann.post("/data/order", {"name": "First", "lines": LINES}).json


def read(api, order):
    return api.get(f"/data/order/{order['id']}").json


def change(api, order, *lines, **values):
    return api.patch(f"/data/order/{order['id']}", {"lines": list(lines), **values})


def names(record):
    """What stands in an order, as nested lists of names."""
    return [
        (
            line["what"],
            [(part["what"], [screw["what"] for screw in part["screws"]]) for part in line["parts"]],
        )
        for line in record["lines"]
    ]


def versions(app):
    """Name → version of everything that is live."""
    sources = "UNION ALL ".join(
        f"SELECT {name}, version FROM main.{table} WHERE deleted_at IS NULL "
        for table, name in (("order", "name"), ("line", "what"), ("part", "what"), ("screw", "what"))
    )
    return dict(tuple(row) for row in app.sql(sources.replace("main.order", 'main."order"')))


def test_an_order_is_created_with_all_that_lives_inside_it_and_answered_with_it(ann, order):
    assert names(order) == [("Pump", [("Rotor", ["M4"]), ("Seal", [])]), ("Valve", [("Disc", [])])]
    assert [line["cost"] for line in order["lines"]] == ["10.00", "5.00"]
    assert (order["total"], order["version"]) == ("15.00", 1)
    assert "line" not in order["lines"][0]["parts"][0]


def test_what_lives_deep_inside_is_changed_added_and_removed_in_one_call(app, ann, order):
    pump, valve = order["lines"]
    rotor, seal = pump["parts"]
    answer = change(
        ann,
        order,
        {"id": pump["id"], "parts": [
            {"id": rotor["id"], "price": "20", "screws": [{"what": "M5"}]},
            {"id": seal["id"], "_delete": True},
        ]},
        {"what": "Pipe", "parts": [{"what": "Flange", "price": "1"}]},
    )  # fmt: skip
    assert answer.status_code == 200
    assert names(answer.json) == [
        ("Pump", [("Rotor", ["M4", "M5"])]),
        ("Valve", [("Disc", [])]),
        ("Pipe", [("Flange", [])]),
    ]
    assert (answer.json["total"], answer.json["version"]) == ("26.00", 2)
    found = versions(app)
    assert (found["Pump"], found["Rotor"], found["M4"], found["Valve"], found["Pipe"]) == (2, 2, 1, 1, 1)
    assert valve["id"] in {line["id"] for line in answer.json["lines"]}


def test_a_change_deep_inside_stands_in_the_history_of_all_around_it(ann, order):
    pump = order["lines"][0]
    rotor = pump["parts"][0]
    change(ann, order, {"id": pump["id"], "parts": [{"id": rotor["id"], "price": "20"}]})
    entry = ann.get(f"/data/order/{order['id']}/history").json["data"][0]
    (before,), (after,) = entry["changes"]["lines"]
    assert (before["parts"][0]["price"], after["parts"][0]["price"]) == ("10.00", "20.00")
    assert (before["cost"], after["cost"]) == ("10.00", "20.00")
    of_line = ann.get(f"/data/line/{pump['id']}/history").json["data"][0]
    assert of_line["changes"]["parts"][1] == [{"id": rotor["id"], "price": "20.00"}]


def test_the_history_of_an_order_hides_fields_that_a_role_hides_deep_inside(app, ann, order):
    rotor = order["lines"][0]["parts"][0]
    records.update(app.system, "part", [Change(UUID(rotor["id"]), {"secret_price": 7, "price": "9"})])
    entry = ann.get(f"/data/order/{order['id']}/history").json["data"][0]
    (told,) = entry["changes"]["lines"][1]
    assert told["parts"] == [{"id": rotor["id"], "price": "9.00"}]


@pytest.mark.parametrize(
    ("part", "field", "code"),
    [
        ({"price": "1"}, "lines[1].parts[0].what", "required"),
        ({"what": "x", "price": "much"}, "lines[1].parts[0].price", "not_a_number"),
        ({"what": "x", "colour": 1}, "lines[1].parts[0].colour", "unknown_field"),
        ({"what": "x", "line": "y"}, "lines[1].parts[0].line", "readonly"),
        ({"what": "x", "screws": 7}, "lines[1].parts[0].screws", "invalid"),
        ({"what": "x", "screws": [{"what": None}]}, "lines[1].parts[0].screws[0].what", "required"),
        ({"id": "x"}, "lines[1].parts[0].id", "bad_id"),
        ({"_delete": True}, "lines[1].parts[0].id", "required"),
    ],
)
def test_what_is_wrong_deep_inside_is_told_with_its_place(ann, order, part, field, code):
    found = assert_problem(change(ann, order, {"what": "a"}, {"what": "b", "parts": [part]}), 422)
    assert [(error["field"], error["code"]) for error in found["errors"]] == [(field, code)]
    assert read(ann, order)["version"] == 1


def test_what_lives_in_another_line_cannot_be_changed_from_here(ann, order):
    pump, valve = order["lines"]
    sent = {"id": pump["id"], "parts": [{"id": valve["parts"][0]["id"], "price": "1"}]}
    found = assert_problem(change(ann, order, sent), 422)
    assert [error["field"] for error in found["errors"]] == ["lines[0].parts[0].id"]


def test_the_order_is_judged_with_all_that_it_will_hold(ann, order):
    rotor = order["lines"][0]["parts"][0]
    assert change(ann, order, limit=15).status_code == 200
    found = assert_problem(ann.patch(f"/data/part/{rotor['id']}", {"price": "11"}), 422)
    assert "limit" in found["errors"][0]["message"].lower()
    assert read(ann, order)["total"] == "15.00"


@pytest.mark.parametrize(("entity", "path"), [("part", (0, 0)), ("screw", (0, 0, 0))])
def test_a_record_deep_inside_is_changed_by_itself_and_all_around_it_with_it(app, ann, order, entity, path):
    found = order["lines"][path[0]]["parts"][path[1]]
    found = found["screws"][path[2]] if entity == "screw" else found
    answer = ann.patch(f"/data/{entity}/{found['id']}", {"what": "New"})
    assert answer.status_code == 200
    after = versions(app)
    assert (after["First"], after["Pump"], after["New"], after["Valve"]) == (2, 2, 2, 1)


def test_a_record_deep_inside_is_created_deleted_and_restored_by_itself(ann, order):
    line = order["lines"][1]
    made = ann.post("/data/part", {"line": line["id"], "what": "Lever", "price": "2"})
    assert (made.status_code, read(ann, order)["total"]) == (201, "17.00")
    path = f"/data/part/{made.json['id']}"
    assert (ann.delete(path).status_code, read(ann, order)["total"]) == (204, "15.00")
    assert (ann.post(f"{path}/restore").status_code, read(ann, order)["total"]) == (200, "17.00")
    assert read(ann, order)["version"] == 4


def test_who_may_not_change_the_order_changes_nothing_inside_it(app, ann, client, order):
    rotor = order["lines"][0]["parts"][0]
    ben = client(app, app.token("Ben", ["clerk"]))
    assert ben.get(f"/data/part/{rotor['id']}").status_code == 404
    assert ben.get("/data/part").json["data"] == []
    assert ben.patch(f"/data/part/{rotor['id']}", {"what": "x"}).status_code == 404
    records.update(app.system, "order", [Change(UUID(order["id"]), {"status": "closed"})])
    refused = assert_problem(ann.patch(f"/data/part/{rotor['id']}", {"what": "x"}), 403)
    assert "status" in refused["reason"].lower()
    assert ann.delete(f"/data/part/{rotor['id']}").status_code == 403
    assert ann.post("/data/part", {"line": order["lines"][0]["id"], "what": "x"}).status_code == 403
    assert [part["what"] for part in ann.get("/data/part?order=what").json["data"]] == [
        "Disc",
        "Rotor",
        "Seal",
    ]


def test_a_role_narrows_fields_deep_inside(ann, order):
    assert "secret_price" not in order["lines"][0]["parts"][0]
    sent = {"what": "x", "parts": [{"what": "y", "secret_price": 3}]}
    found = assert_problem(change(ann, order, sent), 422)
    assert [(error["field"], error["code"]) for error in found["errors"]] == [
        ("lines[0].parts[0].secret_price", "unknown_field")
    ]


def test_why_somebody_may_not_change_what_lives_deep_inside_is_told_by_the_order(ann, order):
    question = {"entity": "screw", "id": order["lines"][0]["parts"][0]["screws"][0]["id"], "verb": "update"}
    told = ann.post("/explain", question).json
    assert told["allowed"] is True
    assert [clause["expression"] for clause in told["clauses"]] == ['owner == user and status != "closed"']


def test_all_goes_and_comes_back_with_the_order_or_a_line(app, ann, order):
    line = f"/data/line/{order['lines'][0]['id']}"
    assert ann.delete(line).status_code == 204
    assert set(versions(app)) == {"First", "Valve", "Disc"}
    assert ann.post(f"{line}/restore").status_code == 200
    assert names(read(ann, order)) == names(order)
    ann.delete(f"/data/order/{order['id']}")
    assert versions(app) == {}
    ann.post(f"/data/order/{order['id']}/restore")
    assert names(read(ann, order)) == names(order)


def test_all_is_purged_with_the_order(app, order):
    records.delete(app.system, "order", [UUID(order["id"])])
    records.purge(app.system, "order", [UUID(order["id"])])
    assert app.sql("SELECT 1 FROM main.screw UNION ALL SELECT 1 FROM main.part") == []


def test_a_bulk_create_is_undone_with_all_that_came_inside(app, ann, client):
    body = (
        b'{"name": "Second", "lines": [{"what": "a", "parts": [{"what": "b", "screws": [{"what": "c"}]}]}]}\n'
    )
    answer = ann.post("/data/order/bulk?mode=create", data=body, content_type="application/x-ndjson")
    assert answer.status_code == 200
    operation = answer.headers["Fieldstone-Operation"]
    assert set(versions(app)) == {"Second", "a", "b", "c"}
    assert ann.post(f"/operations/{operation}/undo").status_code == 200
    assert versions(app) == {}


def test_all_inside_shares_the_currency_of_the_order(app, ann, order):
    rates = [{"currency_code": "DKK", "rate": "0.1", "valid_from": "2020-01-01"}]
    records.create(app.system, "exchange_rate", rates)
    pump = {"id": order["lines"][0]["id"], "what": "Pump 2"}
    added = {"what": "x", "parts": [{"what": "y", "price": "3"}]}
    assert change(ann, order, pump, added, currency="DKK").json["total"] == "18.00"
    found = app.sql("SELECT DISTINCT currency FROM main.part UNION SELECT currency FROM main.line")
    assert found == [("DKK",)]
    assert app.sql('SELECT total__base FROM main."order"')[0][0] == Decimal("1.80")


def test_the_number_of_statements_does_not_depend_on_how_much_lives_inside(ann):
    def made(many):
        parts = [{"what": "y", "screws": [{"what": "z"}] * many}] * many
        return ann.post("/data/order", {"name": "x", "lines": [{"what": "x", "parts": parts}] * many}).json

    def renamed(order):
        return change(ann, order, *(
            {"id": line["id"], "parts": [
                {"id": part["id"], "what": "w", "screws": [{"what": "v"}]} for part in line["parts"]
            ]} for line in order["lines"]
        ))  # fmt: skip

    made(1)
    with noted_statements() as for_one:
        one = made(1)
    with noted_statements() as for_many:
        many = made(4)
    assert len(for_many) == len(for_one)
    renamed(made(1))
    with noted_statements() as for_one:
        assert renamed(one).status_code == 200
    with noted_statements() as for_many:
        assert renamed(many).status_code == 200
    assert len(for_many) == len(for_one)
