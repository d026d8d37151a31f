"""Calendars: working hours and holidays, and every mistake in them at its place."""

from __future__ import annotations

from datetime import date, time

import pytest

OFFICE = """
kind: calendar
name: organisation
hours:
  monday: [09:00-12:30, 13:30-18:00]
  friday: [09:00-15:00]
holidays:
  - 2026-04-06
  - {date: 12-25, label: Christmas Day}
  - {date: 2026-12-18, label: Party, hours: [09:00-11:00]}
"""


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2026, 3, 30), ((time(9), time(12, 30)), (time(13, 30), time(18)))),
        (date(2026, 3, 31), ()),
        (date(2026, 4, 3), ((time(9), time(15)),)),
        (date(2026, 4, 6), ()),
        (date(2026, 12, 25), ()),
        (date(2028, 12, 25), ()),
        (date(2026, 12, 18), ((time(9), time(11)),)),
    ],
)
def test_a_calendar_says_when_people_work_on_a_day(application, day, hours):
    assert application(OFFICE).calendars["organisation"].hours(day) == hours


@pytest.mark.parametrize(
    ("old", "new", "code", "at"),
    [
        ("monday:", "mondy:", "unknown_key", "mondy"),
        ("09:00-15:00", "9-15", "wrong_type", "9-15"),
        ("09:00-15:00", "24:00-25:00", "wrong_type", "24:00"),
        ("09:00-15:00", "15:00-09:00", "bad_bounds", "15:00"),
        ("13:30-18:00", "12:00-18:00", "bad_bounds", "12:00"),
        ("2026-04-06", "2026-02-30", "bad_value", "2026-02-30"),
        ("12-25", "13-25", "bad_value", "13-25"),
        ("12-25", "2026-04-06", "repeated_value", "2026-04-06"),
        ("2026-04-06", "easter", "wrong_type", "easter"),
        ("{date: 12-25, label", "{label", "key_missing", "{label"),
    ],
)
def test_a_wrong_calendar_is_shown_at_its_place(old, new, code, at, check_text):
    text = OFFICE.replace(old, new)
    (problem,) = check_text(text).problems
    assert text.split("\n")[problem.line - 1][problem.column - 1 :].startswith(at)
    assert problem.code == code


def test_a_calendar_in_which_nobody_works_is_refused(check_text):
    (problem,) = check_text("kind: calendar\nname: x\nhours: {monday: []}\n").problems
    assert problem.code == "no_working_time"


def test_the_organisation_chooses_a_calendar_that_exists(check_text):
    chosen = "kind: app\nname: core\nextends: true\nsettings: {calendar: {default: %s}}\n---\n"
    assert check_text(chosen % "organisation" + OFFICE).problems == ()
    (problem,) = check_text(chosen % "organisaton" + OFFICE).problems
    assert (problem.code, problem.hint) == ("unknown_calendar", "did you mean `organisation`?")
