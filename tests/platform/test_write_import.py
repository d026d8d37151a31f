"""Importing rows: each accounted for, the good ones written, states and numbers as they are."""

from __future__ import annotations

import pytest

from fieldstone import records
from fieldstone.errors import Forbidden, Malformed, NotFound
from fieldstone_testing import App, AppFactory

PRODUCTS = """
kind: app
name: sales
label: Sales
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: product
fields:
  code: {type: text, unique: true, required: true, max_length: 10}
  name: {type: text, required: true}
  price: {type: decimal, check: price >= 0}
unique: [[name, price]]
---
kind: role
name: clerk
inherits: [employee]
entities:
  product:
    create: price == null or price < 100
    read: owner == user
    update: owner == user
---
kind: role
name: reader
inherits: [employee]
entities:
  product: {read: true}
"""


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(PRODUCTS)


def stored(app: App) -> list[object]:
    return list(app.sql("SELECT code, name, trim_scale(price)::text FROM main.product ORDER BY code"))


def told(answers: list[records.RowOutcome]) -> list[tuple[object, ...]]:
    return [(answer.action, *sorted((e.field, e.code) for e in answer.errors)) for answer in answers]


def test_refused_rows_are_told_and_the_others_are_written(app: App) -> None:
    rows = [
        {"code": "A", "name": "Pump", "price": "1"},
        {"code": "B", "price": "-1"},
        {"code": "C", "name": "Gold", "price": "1000"},
        {"code": "D", "name": "Valve"},
    ]
    answers = records.import_rows(app.context_for("Cleo", ["clerk"]), "product", rows)
    assert told(answers) == [
        ("created",),
        ("refused", ("name", "required"), ("price", "check")),
        ("refused", (None, "forbidden")),
        ("created",),
    ]
    assert stored(app) == [("A", "Pump", "1"), ("D", "Valve", None)]


def test_unique_values_are_refused_by_row_whether_stored_or_in_the_same_file(app: App) -> None:
    cleo = app.context_for("Cleo", ["clerk"])
    records.create(cleo, "product", [{"code": "A", "name": "Pump", "price": "1"}])
    rows = [
        {"code": "A", "name": "Other"},
        {"code": "B", "name": "Pump", "price": "1.00"},
        {"code": "C", "name": "New"},
        {"code": "C", "name": "Newer"},
    ]
    assert told(records.import_rows(cleo, "product", rows)) == [
        ("refused", ("code", "not_unique")),
        ("refused", ("name", "not_unique")),
        ("created",),
        ("refused", ("code", "not_unique")),
    ]


def test_a_key_finds_records_to_change_and_leaves_alone_what_is_already_so(app: App) -> None:
    cleo = app.context_for("Cleo", ["clerk"])
    rows = [{"code": "A", "name": "Pump"}, {"code": "B", "name": "Valve"}]
    records.import_rows(cleo, "product", rows, key=["code"])
    again = [{"code": "B", "name": "Valve"}, {"code": "A", "name": "Pump 2"}, {"code": "C", "name": "Seal"}]
    answers = records.import_rows(cleo, "product", again, key=["code"])
    assert [(answer.action, answer.version) for answer in answers] == [
        ("unchanged", 1),
        ("updated", 2),
        ("created", 1),
    ]
    assert stored(app) == [("A", "Pump 2", None), ("B", "Valve", None), ("C", "Seal", None)]
    assert records.history(cleo, "product", answers[1].id)[0]["action"] == "import"


def test_a_key_that_occurs_twice_is_created_and_then_changed(app: App) -> None:
    cleo = app.context_for("Cleo", ["clerk"])
    rows = [{"code": "A", "name": "Pump"}, {"code": "A", "name": "Pump 2"}]
    answers = records.import_rows(cleo, "product", rows, key=["code"])
    assert [answer.action for answer in answers] == ["created", "updated"]
    assert stored(app) == [("A", "Pump 2", None)]


def test_a_dry_run_tells_the_same_and_writes_nothing(app: App) -> None:
    cleo = app.context_for("Cleo", ["clerk"])
    records.create(cleo, "product", [{"code": "A", "name": "Pump"}])
    rows = [{"code": "A", "name": "New"}, {"code": "B", "name": "Seal"}, {"code": "C"}]
    answers = records.import_rows(cleo, "product", rows, key=["code"], dry_run=True)
    assert [answer.action for answer in answers] == ["updated", "created", "refused"]
    assert stored(app) == [("A", "Pump", None)]


def test_a_record_of_somebody_else_is_not_changed_by_its_key(app: App) -> None:
    records.create(app.context_for("Cleo", ["clerk"]), "product", [{"code": "A", "name": "Pump"}])
    [answer] = records.import_rows(
        app.context_for("Dan", ["clerk"]), "product", [{"code": "A", "name": "x"}], key=["code"]
    )
    assert told([answer]) == [("refused", (None, "not_found"))]


def test_rows_take_part_in_the_callers_transaction(app: App) -> None:
    cleo = app.context_for("Cleo", ["clerk"])
    with pytest.raises(RuntimeError), app.database.write(app.model.version) as connection:
        records.import_rows(cleo, "product", [{"code": "A", "name": "Pump"}], connection=connection)
        raise RuntimeError
    assert stored(app) == []


def test_who_may_not_create_cannot_import(app: App) -> None:
    with pytest.raises(Forbidden):
        records.import_rows(app.context_for("Rhea", ["reader"]), "product", [{"code": "A"}])
    with pytest.raises(NotFound):
        records.import_rows(app.context_for("Eve", ["employee"]), "product", [{"code": "A"}])


def test_a_key_must_be_a_stored_field(app: App) -> None:
    with pytest.raises(Malformed):
        records.import_rows(app.context_for("Cleo", ["clerk"]), "product", [{"code": "A"}], key=["nonsense"])
