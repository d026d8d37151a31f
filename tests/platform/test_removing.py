"""What is declared no longer goes into the archive, and comes back when it is declared again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.errors import Invalid, Malformed
from fieldstone.publication.apply import NotAccepted, propose
from fieldstone.publication.archive import archived, purge, restore
from fieldstone.publication.arrangements import propose_without
from fieldstone.publication.refusal import PlanRefused
from fieldstone_testing.apps import App, layer_from

HEAD = """
kind: app
name: sales
version: 1.0.0
---
kind: entity
name: account
indexes: [[city, name]]
fields:
  name: {type: text, required: true}
  city: {type: text, index: true}
  worth: {type: money}
  people: {type: references, to: user}
  double: {type: formula, expression: worth * 2, stored: true}
"""
VISIT = """
---
kind: entity
name: visit
order: [-day]
fields:
  account: {type: reference, to: account, inverse: visits, on_delete: cascade}
  subject: {type: text}
  day: {type: date}
  about: {type: reference, to: visit}
"""
APP = HEAD + VISIT
POORER = (
    APP.replace("  worth: {type: money}\n", "")
    .replace("  double: {type: formula, expression: worth * 2, stored: true}\n", "")
    .replace("  people: {type: references, to: user}\n", "")
    .replace("indexes: [[city, name]]", "indexes: [[name, city]]")
)
WITHOUT_CITY = APP.replace("  city: {type: text, index: true}\n", "").replace("indexes: [[city, name]]\n", "")


def fill(app: App) -> None:
    ann = {"id": str(app.user("Ann")), "entity": "user"}
    acme, beta = records.create(
        app.system,
        "account",
        [{"name": "Acme", "city": "Rome", "worth": "5", "people": [ann]}, {"name": "Beta", "worth": "7"}],
    )
    account = {"id": str(acme.id), "entity": "account"}
    (visit,) = records.create(app.system, "visit", [{"account": account, "subject": "Hello"}])
    itself = {"id": str(visit.id), "entity": "visit"}
    records.create(app.system, "comment", [{"body": "Good", "regarding": itself}])
    records.update(app.system, "account", [records.Change(beta.id, {"worth": "8"})])


@pytest.fixture
def sales(app_from) -> App:
    return app_from.of_layers([layer_from(APP)], filled_by=fill)


def by_name(app: App) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in records.list(app.system, "account", records.Query()).data}


def remove(app: App, text: str) -> None:
    app.publish(text, allow_destructive=True)


def test_what_loses_data_is_refused_until_somebody_allows_it(sales):
    with pytest.raises(PlanRefused, match=r"--allow-destructive") as caught:
        sales.publish(POORER)
    assert {refusal.element for refusal in caught.value.refusals} == {
        "field account.currency",
        "field account.people",
        "field account.worth",
    }
    assert sales.sql("SELECT version FROM main_system.current") == [(1,)]


def test_a_plan_tells_how_many_values_go_where_and_what_used_them(sales):
    plan = propose(sales.database, [layer_from(POORER)]).plan
    step = next(step for step in plan.as_json()["steps"] if step["name"] == "account.worth")
    assert (step["action"], step["rows"], step["destructive"]) == ("remove", 2, True)
    assert step["detail"] == "archived as v2__account__worth"
    assert step["uses"] == ["app.yaml:14: field account.double (formula)"]
    assert any("main_archive" in statement for statement in step["sql"])


def test_removed_fields_come_back_with_values_links_formulas_and_past(sales):
    before = by_name(sales)
    remove(sales, POORER)
    assert [(one.element, one.kind, one.rows) for one in archived(sales.database)] == [
        ("account.currency", "columns", 2),
        ("account.people", "links", 1),
        ("account.worth", "columns", 2),
    ]
    sales.publish(APP)
    assert by_name(sales)["Beta"]["worth"] is None
    beta = UUID(before["Beta"]["id"])
    assert all("worth" not in one["changes"] for one in records.history(sales.system, "account", beta))
    outcomes = [
        restore(sales.database, sales.model, f"v2__account__{name}")
        for name in ("people", "currency", "worth")
    ]
    assert [(one.rows, one.left) for one in outcomes] == [(1, 0), (2, 0), (2, 0)]
    after = by_name(sales)
    kept = ("worth", "double", "people")
    assert [[after[n][k] for k in kept] for n in after] == [[before[n][k] for k in kept] for n in before]
    assert records.history(sales.system, "account", beta)[0]["changes"]["worth"] == ["7.00", "8.00"]
    assert archived(sales.database) == []


def test_the_archive_follows_objects_and_fields_that_get_other_names(sales):
    before = by_name(sales)
    remove(sales, POORER)
    sales.publish(APP)
    renamed = APP.replace("  worth: {type: money}", "  value: {was: worth, type: money}")
    renamed = renamed.replace("expression: worth", "expression: value")
    renamed = renamed.replace("name: account\n", "name: client\nwas: account\n").replace(
        "to: account", "to: client"
    )
    sales.publish(renamed)
    assert {one.element for one in archived(sales.database)} >= {"client.value", "client.people"}
    outcomes = [restore(sales.database, sales.model, f"v2__account__{name}") for name in ("worth", "people")]
    assert [(one.rows, one.left) for one in outcomes] == [(2, 0), (1, 0)]
    after = {one["name"]: one for one in records.list(sales.system, "client", records.Query()).data}
    assert [one["value"] for one in after.values()] == [one["worth"] for one in before.values()]
    beta = UUID(before["Beta"]["id"])
    assert records.history(sales.system, "client", beta)[0]["changes"]["value"] == ["7.00", "8.00"]


def test_values_of_now_win_over_those_of_the_archive(sales):
    remove(sales, WITHOUT_CITY)
    sales.publish(APP)
    acme = UUID(by_name(sales)["Acme"]["id"])
    records.update(sales.system, "account", [records.Change(acme, {"city": "Oslo"})])
    outcome = restore(sales.database, sales.model, "v2__account__city")
    assert (outcome.rows, outcome.left) == (0, 1)
    assert by_name(sales)["Acme"]["city"] == "Oslo"
    assert archived(sales.database)[0].rows == 1


def test_a_field_of_another_type_does_not_inherit_what_was_removed(sales):
    remove(sales, WITHOUT_CITY)
    sales.publish(APP.replace("city: {type: text, index: true}", "city: {type: integer}"))
    with pytest.raises(Invalid, match="was text"):
        restore(sales.database, sales.model, "v2__account__city")


def test_a_removed_entity_comes_back_with_records_comments_and_past(sales, client):
    (visit,) = records.list(sales.system, "visit", records.Query()).data
    remove(sales, HEAD)
    assert client(sales, sales.token("Bob", ["admin"])).get("/data/visit").status_code == 404
    assert client(sales, sales.token("Bob", ["admin"])).get("/data/comment").json["data"] == []
    with pytest.raises(Invalid, match="not declared"):
        restore(sales.database, sales.model, "v2__visit")
    sales.publish(APP)
    assert records.list(sales.system, "visit", records.Query()).data == []
    assert restore(sales.database, sales.model, "v2__visit").left == 0
    assert records.list(sales.system, "visit", records.Query()).data == [visit]
    assert len(records.history(sales.system, "visit", UUID(visit["id"]))) == 1
    (comment,) = records.list(sales.system, "comment", records.Query()).data
    assert comment["regarding"]["entity"] == "visit"
    again = propose(sales.database, [layer_from(APP + "# the same\n")]).plan
    assert (again.statements, again.drift) == ((), ())


def test_an_entity_may_be_removed_twice_and_the_archive_emptied(sales):
    remove(sales, HEAD)
    sales.publish(APP)
    records.create(sales.system, "visit", [{"subject": "Second"}])
    remove(sales, HEAD)
    assert [one.name for one in archived(sales.database)] == ["v4__visit", "v2__visit"]
    purge(sales.database, sales.model, "v2__visit")
    assert sales.sql("SELECT count(*) FROM main.comment") == [(0,)]
    assert [one.rows for one in archived(sales.database)] == [1]
    assert sales.sql("SELECT count(*) FROM main_system.history WHERE entity = 'archive:2:visit'") == [(0,)]


def test_what_holds_nothing_goes_without_being_asked(sales):
    sales.publish(APP.replace("  about: {type: reference, to: visit}\n", ""))
    assert sales.sql("SELECT count(*) FROM main_archive.v2__visit__about") == [(0,)]


STOCK = """
kind: app
name: stock
version: 1.0.0
requires: {sales: '*'}
---
kind: entity
name: shelf
fields: {name: {type: text}}
---
kind: entity
name: account
extends: true
fields: {shelves: {type: integer}}
"""


def shelve(app: App) -> None:
    records.create(app.system, "shelf", [{"name": "Upper"}, {"name": "Lower"}])
    records.create(app.system, "account", [{"name": "Acme", "shelves": 3}, {"name": "Beta"}])


def test_taking_an_app_out_names_the_data_that_would_go_and_who_needs_it(app_from):
    app = app_from.of_layers([layer_from(HEAD), layer_from(STOCK)], filled_by=shelve)
    proposal = propose_without(app.database, {"stock"})
    assert [(step.name, step.rows) for step in proposal.plan.steps if step.destructive] == [
        ("shelf", 2),
        ("account.shelves", 1),
    ]
    assert proposal.stopped
    app.publish("kind: view\nname: shelves\nentity: shelf\n")
    with pytest.raises(NotAccepted) as refused:
        propose_without(app.database, {"stock"})
    assert [(problem.layer, problem.line, problem.code) for problem in refused.value.problems] == [
        ("local", 3, "unknown_entity")
    ]


def test_a_plan_tells_the_saved_views_that_use_what_goes_or_gets_another_type(sales):
    view = {"name": "Romans", "shows": "account", "where": 'city == "Rome"', "columns": "name,city"}
    records.create(sales.system, "saved_view", [view])
    gone = propose(sales.database, [layer_from(WITHOUT_CITY)]).plan
    used = next(step.uses for step in gone.steps if step.name == "account.city")
    views = ("saved view “Romans” (columns)", "saved view “Romans” (where)")
    assert used[-2:] == views
    other = propose(sales.database, [layer_from(APP.replace("city: {type: text", "city: {type: date"))]).plan
    uses = next(step.uses for step in other.steps if step.name == "account.city")
    assert uses[-2:] == views
    assert any("entity account (indexes)" in use for use in uses)


def test_a_saved_view_of_a_field_that_is_gone_says_so_and_loses_its_column(sales):
    view = {"name": "Romans", "shows": "account", "where": 'city == "Rome"', "columns": "name,city"}
    records.create(sales.system, "saved_view", [view])
    remove(sales, WITHOUT_CITY)
    with pytest.raises(Malformed, match="city"):
        records.list(sales.system, "account", records.Query(view="Romans"))
    (kept,) = sales.sql('SELECT columns, "where" FROM main.saved_view')
    assert tuple(kept) == ("name", 'city == "Rome"')


def test_a_saved_view_over_a_field_of_another_type_says_what_its_condition_means_no_longer(sales):
    view = {
        "name": "Romans",
        "shows": "account",
        "where": 'city == "Rome"',
        "order": "city",
        "columns": "city",
    }
    records.create(sales.system, "saved_view", [view])
    sales.publish(APP.replace("city: {type: text", "city: {type: integer"), allow_destructive=True)
    with pytest.raises(Malformed, match="integer"):
        records.list(sales.system, "account", records.Query(view="Romans"))
