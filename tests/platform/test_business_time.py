"""Business time in a save follows the calendar of the organisation."""

from __future__ import annotations

import pytest

from fieldstone import records
from fieldstone_testing import AppFactory

APP = """
kind: app
name: desk
version: 1.0.0
---
kind: app
name: core
extends: true
settings:
  timezone: {default: Europe/Berlin}
---
kind: calendar
name: organisation
hours: {monday: [09:00-17:00], thursday: [10:00-12:00]}
holidays: [2026-04-06]
---
kind: calendar
name: support
hours: {sunday: [00:00-06:00]}
---
kind: entity
name: request
fields:
  name: {type: text, required: true}
  opened: {type: date, required: true}
  asked_at: {type: datetime, required: true}
  due: {type: date}
  due_at: {type: datetime}
  waited: {type: decimal, precision: 9, scale: 2}
"""
RULES = """trigger due on request before create {
  set due = opened + 2 business days
  set due_at = asked_at + 3 business hours
  set waited = business_hours_between(asked_at, asked_at + 14 days)
}"""
CHOSEN = "  calendar: {default: support}\n---\nkind: calendar\nname: organisation"


@pytest.mark.parametrize(
    ("text", "due", "due_at", "waited"),
    [
        (APP, "2026-04-13", "2026-04-09T09:00:00Z", "12.00"),
        (
            APP.replace("---\nkind: calendar\nname: organisation", CHOSEN),
            "2026-04-12",
            "2026-04-05T01:00:00Z",
            "12.00",
        ),
    ],
    ids=["organisation", "chosen by a setting"],
)
def test_business_time_follows_the_calendar(
    app_from: AppFactory, text: str, due: str, due_at: str, waited: str
) -> None:
    app = app_from(text, requests_rules=RULES)
    values = {"name": "x", "opened": "2026-04-02", "asked_at": "2026-04-02T08:00:00Z"}
    records.create(app.system, "request", [values])
    (found,) = records.list(app.system, "request", records.Query()).data
    assert (found["due"], found["due_at"], found["waited"]) == (due, due_at, waited)
