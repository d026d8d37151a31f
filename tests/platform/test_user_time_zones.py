"""Days and hours of the acting user: `user.timezone` named in what documents and callers write."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fieldstone import records
from fieldstone.records import Change
from fieldstone_testing import ApiClient, App, AppFactory

APP = """
kind: app
name: calls
label: Calls
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: visit
fields:
  name: {type: text, required: true}
  at: {type: datetime, required: true}
  my_hour: {type: formula, expression: "hour(at, user.timezone)"}
  next_day: {type: datetime, default: "=shift(at, 1 day, user.timezone)"}
---
kind: role
name: rep
entities:
  visit: {create: true, read: "hour(at, user.timezone) < 12", update: true}
"""
VISITS = [
    {"name": "Early", "at": "2026-03-07T15:00:00Z"},
    {"name": "Late", "at": "2026-03-07T20:00:00Z"},
]


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    app = module_app_from(APP)
    for name, zone in (("Ann", "America/New_York"), ("Bob", "Asia/Tokyo"), ("Eve", None)):
        user = app.user(name, ["rep", "admin"] if name == "Ann" else ["rep"])
        records.update(app.system, "user", [Change(user, {"timezone": zone})])
    records.create(app.context_for("Ann", ["admin"]), "visit", VISITS)
    return app


def names(api: ApiClient, query: str = "") -> list[str]:
    answer = api.get(f"/data/visit?order=name{query}")
    assert answer.status_code == 200, answer.json
    return [visit["name"] for visit in answer.json["data"]]


@pytest.mark.parametrize(("name", "seen"), [("Bob", ["Early", "Late"]), ("Eve", [])])
def test_a_permission_counts_hours_on_the_clock_of_the_user(
    app: App, client: Callable[..., ApiClient], name: str, seen: list[str]
) -> None:
    assert names(client(app, app.token(name, ["rep"]))) == seen


def test_a_formula_and_a_filter_read_the_clock_of_the_caller(
    app: App, client: Callable[..., ApiClient]
) -> None:
    ann, bob = (client(app, app.token(name)) for name in ("Ann", "Bob"))
    assert [visit["my_hour"] for visit in ann.get("/data/visit?order=name").json["data"]] == [10, 15]
    assert [visit["my_hour"] for visit in bob.get("/data/visit?order=name").json["data"]] == [0, 5]
    assert names(ann, "&where=hour(at, user.timezone) == 15") == ["Late"]
    assert names(bob, "&where=date(at, user.timezone) == date('2026-03-08')") == ["Early", "Late"]
    assert names(bob, "&where=format(at, 'HH', user.timezone) == '05'") == ["Late"]
    assert names(ann, "&where=date(at, user.timezone) == date('2026-03-08')") == []


def test_a_default_takes_a_day_as_a_step_on_the_calendar_of_the_user(app: App) -> None:
    kept = app.sql("SELECT next_day FROM main.visit WHERE name = 'Early'")
    assert [row[0].isoformat() for row in kept] == ["2026-03-08T14:00:00+00:00"]
