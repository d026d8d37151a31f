"""Working days and working hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Protocol

from fieldstone_rules.durations import Duration, OutOfRange, to_local, to_utc

Hours = Sequence[tuple[time, time]]

_MOST_DAYS = 40_000


class Calendar(Protocol):
    """When people work. What a `calendar` document says, or the plain week."""

    def hours(self, day: date) -> Hours:
        """The working hours of a day, in order; none on a day off."""


class PlainWeek:
    """Monday to Friday, 9 to 17 o'clock, without holidays."""

    def hours(self, day: date) -> Hours:
        """Eight hours on a weekday."""
        return ((time(9), time(17)),) if day.isoweekday() <= 5 else ()


def _checked(steps: int) -> int:
    if abs(steps) > _MOST_DAYS:
        raise OutOfRange
    return steps


def add_days(day: date, count: int, calendar: Calendar) -> date:
    """The working day that is `count` working days after `day` (before, when negative).

    Zero gives the day itself if it is a working day, otherwise the next one. Raises OutOfRange.
    """
    step = timedelta(days=1 if count >= 0 else -1)
    left, idle = abs(_checked(count)), 0
    while left or not calendar.hours(day):
        try:
            day += step
        except OverflowError:
            raise OutOfRange from None
        worked = bool(calendar.hours(day))
        left -= worked and left > 0
        idle = 0 if worked else _checked(idle + 1)
    return day


def add_to_moment(moment: datetime, span: Duration, zone: tzinfo, calendar: Calendar) -> datetime:
    """A moment moved by working days (keeping the clock) or by working hours. Raises OutOfRange."""
    if span.business_days:
        local = to_local(moment, zone)
        moment = to_utc(
            datetime.combine(add_days(local.date(), span.business_days, calendar), local.time()), zone
        )
    if span.business_seconds < 0:
        raise OutOfRange
    return _add_seconds(moment, timedelta(seconds=span.business_seconds), zone, calendar)


def _add_seconds(moment: datetime, left: timedelta, zone: tzinfo, calendar: Calendar) -> datetime:
    if not left:
        return moment
    day = to_local(moment, zone).date()
    for _ in range(_MOST_DAYS):
        for start, end in _periods(day, zone, calendar):
            worked = max(end - max(start, moment), timedelta())
            if left <= worked:
                return max(start, moment) + left
            left -= worked
        day = _next(day)
    raise OutOfRange


def seconds_between(start: datetime, end: datetime, zone: tzinfo, calendar: Calendar) -> timedelta:
    """The working time from `start` to `end`, negative when `end` is earlier. Raises OutOfRange."""
    if end < start:
        return -seconds_between(end, start, zone, calendar)
    day, last, total = to_local(start, zone).date(), to_local(end, zone).date(), timedelta()
    _checked((last - day).days)
    while day <= last:
        for begin, finish in _periods(day, zone, calendar):
            total += max(min(finish, end) - max(begin, start), timedelta())
        if day == last:
            break
        day = _next(day)
    return total


def _periods(day: date, zone: tzinfo, calendar: Calendar) -> list[tuple[datetime, datetime]]:
    return [
        (to_utc(datetime.combine(day, begin), zone), to_utc(datetime.combine(day, end), zone))
        for begin, end in calendar.hours(day)
    ]


def _next(day: date) -> date:
    try:
        return day + timedelta(days=1)
    except OverflowError:
        raise OutOfRange from None
