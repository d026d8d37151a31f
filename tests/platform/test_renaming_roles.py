"""Roles that get another name: whoever holds them keeps them."""

from __future__ import annotations

from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.publication.apply import propose
from fieldstone_testing.apps import App, layer_from

APP = """
kind: app
name: sales
version: 1.0.0
---
kind: entity
name: deal
fields: {name: {type: text}}
---
kind: role
name: seller
inherits: [employee]
entities: {deal: {create: true, read: owner == user, share: true}}
---
kind: role
name: chief
inherits: [seller]
entities: {deal: {read: true}}
"""
RENAMED = APP.replace("name: seller\n", "name: rep\nwas: seller\n").replace("[seller]", "[rep]")


def fill(app: App) -> None:
    records.create(app.context_for("Ann", ["seller"]), "deal", [{"name": "Big"}])


@pytest.fixture
def sales(app_from) -> App:
    return app_from.of_layers([layer_from(APP)], filled_by=fill)


def deals_of(app: App, name: str) -> list[str]:
    return [one["name"] for one in records.list(app.context_for(name), "deal", records.Query()).data]


def test_who_holds_a_role_holds_it_under_its_new_name(sales):
    sales.publish(RENAMED)
    assert deals_of(sales, "Ann") == ["Big"]
    assert sales.context_for("Ann").principal.roles >= {"rep"}
    held = records.list(sales.system, "role_assignment", records.Query(where='role == "rep"')).data
    past = records.history(sales.system, "role_assignment", UUID(held[0]["id"]))
    assert past[-1]["changes"]["role"] == [None, "rep"]
    assert sales.sql("SELECT _title FROM main.role_assignment WHERE role = 'rep'") == [("rep",)]


def test_what_is_shared_with_a_role_stays_shared(sales):
    (deal,) = sales.sql("SELECT id FROM main.deal")
    records.share(sales.context_for("Ann"), "deal", deal[0], records.Sharing(None, "chief"))
    sales.publish(APP.replace("name: chief\n", "name: boss\nwas: chief\n"))
    assert sales.sql("SELECT role FROM main_system.share") == [("boss",)]


def test_a_plan_tells_a_renamed_role_and_its_uses_and_going_back_takes_it_back(sales):
    (step, *_) = [
        one for one in propose(sales.database, [layer_from(RENAMED)]).plan.steps if one.name == "rep"
    ]
    assert (step.action, step.kind, step.detail) == ("rename", "role", "was seller")
    assert [use.split(": ")[1] for use in step.uses[:-1]] == ["role chief (inherits)"]
    assert step.uses[-1] == "1 user or team holds it"
    sales.publish(RENAMED)
    sales.publish(APP)
    assert deals_of(sales, "Ann") == ["Big"]


def test_a_role_that_goes_tells_who_holds_it(sales):
    without = APP.split("---\nkind: role", maxsplit=1)[0]
    steps = {step.name: step for step in propose(sales.database, [layer_from(without)]).plan.steps}
    assert steps["seller"].uses[-1] == "1 user or team holds it"
