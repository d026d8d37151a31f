"""Business days and hours: a calendar with breaks and holidays, across days on which the clocks turn."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fieldstone_rules import Environment, Kind, Purpose, RuleError, Scope, check_expression, compile_closure
from fieldstone_rules.types import simple

from .world import WORLD

BERLIN = ZoneInfo("Europe/Berlin")
VARIABLES = {"day": simple(Kind.DATE), "start": simple(Kind.DATETIME), "end": simple(Kind.DATETIME)}


class Office:
    """Monday to Saturday 9 to 12 and 13 to 17, Sundays 0 to 6, but not on 6 April 2026."""

    def hours(self, day: date) -> tuple[tuple[time, time], ...]:
        if day == date(2026, 4, 6):
            return ()
        if day.isoweekday() == 7:
            return ((time(0), time(6)),)
        return ((time(9), time(12)), (time(13), time(17)))


class Closed:
    """Nobody ever works."""

    def hours(self, _day: date) -> tuple[tuple[time, time], ...]:
        return ()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def value(source: str, calendar: Any, **variables: Any) -> Any:
    expression = check_expression(source, Scope(WORLD, variables=VARIABLES))
    facts = Environment(zone=BERLIN, calendar=calendar, variables={**dict.fromkeys(VARIABLES), **variables})
    return compile_closure(expression)(facts)


@pytest.mark.parametrize(
    ("source", "start", "found"),
    [
        ("start + 1 business hour", "2026-03-02T09:30", "2026-03-02T10:30"),
        ("start + 1 business hour", "2026-03-02T11:30", "2026-03-02T13:30"),
        ("start + 8 business hours", "2026-03-02T16:00", "2026-03-03T17:00"),
        ("start + 1 business hour", "2026-04-06T10:00", "2026-04-07T10:00"),
        ("start + 5 business hours", "2026-03-29T00:30", "2026-03-30T09:30"),
        ("start + 6 business hours", "2026-10-25T00:00", "2026-10-25T05:00"),
        ("start + 1 business day", "2026-04-05T23:15", "2026-04-07T23:15"),
        ("start + 1 business day", "2026-03-28T02:30", "2026-03-29T03:30"),
    ],
)
def test_working_time_is_added_on_the_clock_of_the_organisation(source: str, start: str, found: str) -> None:
    assert value(source, Office(), start=at(start)) == at(found)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-03-02T09:00", "2026-03-02T17:00", 7),
        ("2026-03-28T16:00", "2026-03-30T10:00", 7),
        ("2026-10-24T16:00", "2026-10-26T10:00", 9),
        ("2026-04-06T00:00", "2026-04-07T00:00", 0),
        ("2026-03-02T12:15", "2026-03-02T12:45", 0),
        ("2026-03-02T10:00", "2026-03-02T09:00", -1),
    ],
)
def test_hours_between_count_what_the_clock_skips_and_repeats(start: str, end: str, hours: int) -> None:
    assert value("business_hours_between(start, end)", Office(), start=at(start), end=at(end)) == hours


def test_days_count_working_days_only() -> None:
    assert value("day + 2 business days", Office(), day=date(2026, 4, 4)) == date(2026, 4, 7)
    assert value("add_business_days(day, -2)", Office(), day=date(2026, 4, 8)) == date(2026, 4, 5)
    assert value("add_business_days(day, 0)", Office(), day=date(2026, 4, 6)) == date(2026, 4, 7)


@pytest.mark.parametrize(
    "source", ["day + 1 business day", "start + 1 business hour", "add_business_days(day, 1)"]
)
def test_where_nobody_works_no_time_is_found(source: str) -> None:
    with pytest.raises(Exception, match="too large"):
        value(source, Closed(), day=date(2026, 4, 4), start=at("2026-04-04T10:00"))


@pytest.mark.parametrize("source", ["start + 1 business hour == end", "add_business_days(day, 1) == day"])
def test_business_time_is_no_filter(source: str) -> None:
    with pytest.raises(RuleError, match="cannot be used in a filter"):
        check_expression(source, Scope(WORLD, purpose=Purpose.FILTER, variables=VARIABLES))
