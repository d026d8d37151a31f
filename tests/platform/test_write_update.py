"""Changing records: rights, conditions on fields, versions, and two writers at once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from fieldstone import records
from fieldstone.errors import Forbidden, Invalid, NotFound, VersionConflict
from fieldstone.records import Change
from fieldstone_testing import App, AppFactory

DEALS = """
kind: app
name: sales
label: Sales
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  amount: {type: integer}
  discount: {type: percent, default: 0}
  status: {type: choice, options: [open, closed], default: open}
  reason: {type: text, visible: status == "closed"}
  price: {type: integer, readonly: status == "closed"}
  contacts: {type: references, to: contact, inverse: deals}
  margin: {type: integer}
  extra: {type: json}
---
kind: entity
name: contact
fields:
  name: {type: text, required: true}
---
kind: role
name: rep
inherits: [employee]
entities:
  contact: {create: true, read: true}
  deal:
    create: true
    read: owner == user or team in user.teams
    update: owner == user and status != "closed"
    fields:
      discount: {update: discount <= 20}
      margin: {read: false}
---
kind: role
name: helper
inherits: [employee]
entities:
  deal: {read: true, update: true}
  contact: {create: true, read: true}
---
kind: role
name: manager
inherits: [employee]
entities:
  deal: {create: true, read: true, update: true, delete: true, assign: true}
  contact: {create: true, read: true, update: true}
"""


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(DEALS)


def deal(app: App, **values: object) -> object:
    ann = app.context_for("Ann", ["rep"], ["North"])
    return records.create(ann, "deal", [{"name": "Pump", **values}])[0].id


def stored(app: App, columns: str) -> tuple[object, ...]:
    return tuple(app.sql(f"SELECT {columns} FROM main.deal")[0])


def test_a_change_raises_the_version_and_says_who_and_when(app: App) -> None:
    found, later = deal(app), datetime.now(UTC) + timedelta(hours=1)
    mia = app.context_for("Mia", ["manager"], now=later)
    [written] = records.update(mia, "deal", [Change(found, {"name": "Valve", "amount": 3})])
    assert written.version == 2
    assert stored(app, "name, amount, version, updated_by, updated_at, _title") == (
        "Valve", 3, 2, mia.principal.user, later, "Valve",
    )  # fmt: skip


def test_what_is_already_so_makes_no_new_version(app: App) -> None:
    found = deal(app, amount=3, extra={"a": 1})
    ann = app.context_for("Ann")
    [written] = records.update(
        ann, "deal", [Change(found, {"amount": "3", "extra": {"a": 1}, "reason": None})]
    )
    assert written.version == 1
    assert stored(app, "version") == (1,)


def test_true_is_not_one_inside_json(app: App) -> None:
    found = deal(app, extra={"a": 1})
    [written] = records.update(app.context_for("Ann"), "deal", [Change(found, {"extra": {"a": True}})])
    assert written.version == 2


def test_several_records_change_each_in_its_own_fields(app: App) -> None:
    ann = app.context_for("Ann", ["rep"])
    one, other = records.create(ann, "deal", [{"name": "A", "amount": 1}, {"name": "B", "amount": 2}])
    written = records.update(ann, "deal", [Change(other.id, {"amount": 5}), Change(one.id, {"name": "AA"})])
    assert [entry.id for entry in written] == [other.id, one.id]
    assert app.sql("SELECT name, amount FROM main.deal ORDER BY id") == [("AA", 1), ("B", 5)]


def test_a_record_that_the_caller_may_not_read_is_not_found(app: App) -> None:
    found = deal(app)
    stranger = app.context_for("Sam", ["rep"], ["South"])
    with pytest.raises(NotFound):
        records.update(stranger, "deal", [Change(found, {"name": "Mine"})])
    with pytest.raises(NotFound):
        records.update(stranger, "deal", [Change(uuid4(), {"name": "Mine"})])


def test_a_readable_record_that_may_not_be_changed_is_refused_with_what_it_needs(app: App) -> None:
    found = deal(app)
    colleague = app.context_for("Cora", ["rep"], ["North"])
    with pytest.raises(Forbidden) as caught:
        records.update(colleague, "deal", [Change(found, {"name": "Mine"})])
    reason = (
        "It is possible only if you are its owner, and “Status” is not Closed (as Rep), "
        "or with the role Helper or Manager."
    )
    assert caught.value.details["reason"] == reason
    assert stored(app, "name, version") == ("Pump", 1)


def test_a_record_may_not_be_changed_into_one_that_the_caller_may_not_change(app: App) -> None:
    found = deal(app)
    with pytest.raises(Forbidden, match="into what it would be"):
        records.update(app.context_for("Ann"), "deal", [Change(found, {"status": "closed"})])


def test_a_condition_on_a_field_right_holds_before_and_after(app: App) -> None:
    found, ann = deal(app), app.context_for("Ann")
    with pytest.raises(Forbidden) as caught:
        records.update(ann, "deal", [Change(found, {"discount": 25})])
    assert [error.field for error in caught.value.errors] == ["discount"]
    assert "“Discount” is at most 20" in caught.value.details["reason"]
    records.update(ann, "deal", [Change(found, {"discount": 20})])
    records.update(app.context_for("Mia", ["manager"]), "deal", [Change(found, {"discount": 30})])
    with pytest.raises(Forbidden):
        records.update(ann, "deal", [Change(found, {"discount": 10})])


def test_a_field_that_the_caller_may_never_read_cannot_be_written(app: App) -> None:
    found = deal(app)
    with pytest.raises(Invalid) as caught:
        records.update(app.context_for("Ann"), "deal", [Change(found, {"margin": 1})])
    assert [(error.field, error.code) for error in caught.value.errors] == [("margin", "unknown_field")]


def test_the_owner_changes_only_with_the_right_to_assign(app: App) -> None:
    found = deal(app)
    ben = app.context_for("Ben", ["rep"]).principal.user
    helper, mia = app.context_for("Hal", ["helper"]), app.context_for("Mia", ["manager"])
    with pytest.raises(Forbidden):
        records.update(helper, "deal", [Change(found, {"owner": str(ben)})])
    records.update(mia, "deal", [Change(found, {"owner": str(ben)})])
    assert stored(app, "owner") == (ben,)


def test_readonly_is_judged_on_the_record_as_it_was(app: App) -> None:
    found, mia = deal(app, price=1), app.context_for("Mia", ["manager"])
    records.update(mia, "deal", [Change(found, {"status": "closed", "price": 2})])
    with pytest.raises(Invalid) as caught:
        records.update(mia, "deal", [Change(found, {"status": "open", "price": 3})])
    assert [(error.field, error.code) for error in caught.value.errors] == [("price", "readonly")]
    assert stored(app, "price, status") == (2, "closed")


def test_visible_is_judged_on_the_record_as_it_will_be(app: App) -> None:
    found, mia = deal(app), app.context_for("Mia", ["manager"])
    with pytest.raises(Invalid) as caught:
        records.update(mia, "deal", [Change(found, {"reason": "x"})])
    assert [(error.field, error.code) for error in caught.value.errors] == [("reason", "hidden")]
    records.update(mia, "deal", [Change(found, {"reason": "x", "status": "closed"})])
    records.update(mia, "deal", [Change(found, {"status": "open", "reason": "x"})])
    assert stored(app, "reason") == ("x",)


def test_links_are_replaced_as_a_set_and_count_as_a_change_of_the_record(app: App) -> None:
    ann = app.context_for("Ann", ["rep"])
    one, two, three = (entry.id for entry in records.create(ann, "contact", [{"name": n} for n in "abc"]))
    found = deal(app, contacts=[str(two), str(one)])
    [same] = records.update(ann, "deal", [Change(found, {"contacts": [str(one), str(two)]})])
    [written] = records.update(ann, "deal", [Change(found, {"contacts": [str(three), {"id": str(two)}]})])
    assert (same.version, written.version) == (1, 2)
    assert app.sql("SELECT target FROM main.deal__contacts ORDER BY target") == [(two,), (three,)]
    newest = records.history(ann, "deal", found)[0]
    told = [[part["title"] for part in value] for value in newest["changes"]["contacts"]]
    assert told == [["a", "b"], ["b", "c"]]


def test_a_stale_version_is_told_with_who_changed_what(app: App) -> None:
    found = deal(app, amount=1)
    mia = app.context_for("Mia", ["manager"])
    records.update(mia, "deal", [Change(found, {"amount": 2, "margin": 7}, 1)])
    records.update(mia, "deal", [Change(found, {"amount": 3}, 2)])
    with pytest.raises(VersionConflict) as caught:
        records.update(app.context_for("Ann"), "deal", [Change(found, {"name": "Valve"}, 1)])
    details = caught.value.details
    assert details["version"] == 3
    assert details["changed_by"]["title"] == "Mia"
    assert details["changes"] == {"amount": [1, 3]}
    assert stored(app, "name") == ("Pump",)


def test_of_two_writers_at_once_with_the_same_version_one_wins(app: App) -> None:
    found = deal(app, amount=0)
    contexts = [app.context_for("Ann"), app.context_for("Mia", ["manager"])]
    outcomes: list[object] = []
    start = threading.Barrier(2)

    def write(number: int) -> None:
        start.wait()
        try:
            outcomes.append(
                records.update(contexts[number], "deal", [Change(found, {"amount": number + 10}, 1)])
            )
        except VersionConflict as conflict:
            outcomes.append(conflict)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["VersionConflict", "list"]
    assert stored(app, "version") == (2,)


def test_crossing_batches_neither_deadlock_nor_lose_a_change(app: App) -> None:
    ann = app.context_for("Ann", ["rep"])
    ids = [
        entry.id for entry in records.create(ann, "deal", [{"name": f"d{n}", "amount": 0} for n in range(20)])
    ]
    mia = app.context_for("Mia", ["manager"])

    def write(context: object, order: list[object], field: str) -> None:
        for number in range(1, 6):
            records.update(context, "deal", [Change(found, {field: number}) for found in order])

    threads = [
        threading.Thread(target=write, args=(ann, ids, "amount")),
        threading.Thread(target=write, args=(mia, ids[::-1], "price")),
    ]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert app.sql("SELECT DISTINCT amount, price, version FROM main.deal") == [(5, 5, 11)]


def test_naming_a_record_twice_in_one_call_is_refused(app: App) -> None:
    found = deal(app)
    with pytest.raises(Invalid) as caught:
        records.update(
            app.context_for("Ann"), "deal", [Change(found, {"amount": 1}), Change(found, {"amount": 2})]
        )
    assert caught.value.errors[0].record == 1
