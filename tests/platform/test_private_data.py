"""Personal data: `private: true`, for whoever lacks the capability `private_data` no field at all."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.context import Context
from fieldstone.errors import Invalid, Malformed
from fieldstone.records import Change, Measure, Query
from fieldstone.records.explaining import Question, explain
from fieldstone_testing import App, AppFactory
from fieldstone_testing.clients import ApiClient

STAFF = """
kind: app
name: staff
label: Staff
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: person
title: name
search: [name, diagnosis]
order: [salary]
fields:
  name: {type: text, required: true}
  diagnosis: {type: text, private: true}
  salary: {type: integer, private: true}
  badge: {type: text, unique: true, private: true}
  mentor: {type: reference, to: person, inverse: pupils, private: true}
---
kind: entity
name: visit
title: note
fields:
  note: {type: text}
  person: {type: reference, to: person, inverse: visits}
---
kind: role
name: clerk
inherits: [employee]
capabilities: [export, import]
entities:
  person: {create: true, read: true, update: true, delete: true}
  visit: {create: true, read: true}
---
kind: role
name: officer
inherits: [clerk]
capabilities: [private_data]
"""
PRIVATE = {"diagnosis", "salary", "badge", "mentor"}


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    app = module_app_from(STAFF)
    [ann] = records.create(
        app.system, "person", [{"name": "Ann", "diagnosis": "flu", "salary": 100, "badge": "A1"}]
    )
    bob = {"name": "Bob", "diagnosis": "gout", "salary": 50, "badge": "B2", "mentor": str(ann.id)}
    records.create(app.system, "person", [bob])
    records.create(app.system, "visit", [{"note": "first", "person": str(ann.id)}])
    return app


@pytest.fixture(scope="module")
def clerk(app: App) -> Context:
    return app.context_for("Cleo", ["clerk"])


@pytest.fixture(scope="module")
def officer(app: App) -> Context:
    return app.context_for("Olaf", ["officer"])


def names(context: Context, **query: object) -> list[str]:
    return [record["name"] for record in records.list(context, "person", Query(**query)).data]


def test_who_holds_the_capability_reads_and_asks_for_everything(officer: Context) -> None:
    assert names(officer, where="salary > 60") == ["Ann"]
    assert names(officer, q="gout") == ["Bob"]
    assert names(officer) == ["Bob", "Ann"]
    assert records.list(officer, "person", Query()).data[0].keys() >= PRIVATE


def test_a_record_shows_nothing_of_it_to_others(clerk: Context) -> None:
    shown = records.list(clerk, "person", Query()).data
    assert all(not PRIVATE & record.keys() for record in shown)


@pytest.mark.parametrize(
    "asked",
    [
        {"where": "salary > 60"},
        {"where": "diagnosis == 'flu'"},
        {"where": "mentor.name == 'Ann'"},
        {"where": "exists(pupils where name == 'Bob')"},
        {"order": ("salary",)},
        {"order": ("-mentor.name",)},
        {"fields": ("salary",)},
        {"fields": ("mentor.name",)},
    ],
    ids=str,
)
def test_nothing_can_be_asked_of_it(clerk: Context, asked: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        names(clerk, **asked)


def test_nothing_can_be_asked_of_it_behind_a_reference(clerk: Context) -> None:
    with pytest.raises(Malformed):
        records.list(clerk, "visit", Query(where="person.salary > 60"))


def test_a_search_finds_nobody_by_it(clerk: Context) -> None:
    assert names(clerk, q="flu") == []
    assert names(clerk, q="ann") == ["Ann"]


def test_the_usual_order_does_not_sort_by_it(clerk: Context) -> None:
    assert names(clerk) == ["Bob", "Ann"]  # the newest first, though Bob's salary would say the same
    assert names(clerk, order=("name",)) == ["Ann", "Bob"]


@pytest.mark.parametrize(
    ("group", "measures"),
    [
        (("diagnosis",), None),
        ((), {"most": Measure("max", "salary")}),
        ((), {"n": Measure("count", "badge")}),
        (("mentor",), None),
    ],
)
def test_nothing_is_counted_or_summed_by_it(
    clerk: Context, group: tuple[str, ...], measures: dict[str, Measure] | None
) -> None:
    with pytest.raises(Malformed):
        records.aggregate(clerk, "person", Query(), group, measures)


def test_the_history_leaves_it_out(app: App, clerk: Context, officer: Context) -> None:
    [made] = records.create(app.system, "person", [{"name": "Dan", "salary": 1}])
    records.update(app.system, "person", [Change(made.id, {"salary": 2, "name": "Dana"})])
    told = [set(entry["changes"]) for entry in records.history(clerk, "person", made.id)]
    whole = [set(entry["changes"]) for entry in records.history(officer, "person", made.id)]
    records.delete(app.system, "person", [made.id])
    assert told == [{"name"}, {"name", "owner"}]
    assert whole[0] == {"name", "salary"}


def test_it_cannot_be_written_unseen(app: App, clerk: Context) -> None:
    [bob] = records.list(app.system, "person", Query(where="name == 'Bob'")).data
    with pytest.raises(Invalid) as changed:
        records.update(clerk, "person", [Change(UUID(bob["id"]), {"salary": 50})])
    with pytest.raises(Invalid) as made:
        records.create(clerk, "person", [{"name": "Eve", "badge": "A1"}])
    assert [error.code for error in (*changed.value.errors, *made.value.errors)] == ["unknown_field"] * 2


def test_a_key_of_an_import_does_not_tell_whether_a_guess_is_right(clerk: Context) -> None:
    for badge in ("A1", "none"):
        with pytest.raises(Malformed):
            records.import_rows(
                clerk, "person", [{"name": "Eve", "badge": badge}], key=["badge"], dry_run=True
            )


def test_an_explanation_names_the_capability(app: App, officer: Context) -> None:
    cleo = app.user("Cleo")
    asking = app.context_for("Ada", ["admin"])
    told = explain(asking, "person", Question(verb="read", field="salary", user=cleo))
    assert (told.allowed, told.reason) == (
        False,
        "It is personal data, which needs the capability private_data.",
    )
    assert explain(officer, "person", Question(verb="read", field="salary")).allowed is True


def test_the_api_knows_no_such_field(app: App, client: Callable[..., ApiClient]) -> None:
    api = client(app, app.token("Cleo", ["clerk"]))
    exported = api.get("/data/person/export?order=name").text
    document = api.get("/openapi.json").text
    assert "Ann" in exported
    assert not any(name in exported + document for name in PRIVATE)
    guess = api.put("/data/person/by/badge/A1", json={"name": "Eve"})
    assert guess.status_code == api.put("/data/person/by/badge/none", json={"name": "Eve"}).status_code == 400
    assert api.get("/data/person/export?fields=salary").status_code == 400
