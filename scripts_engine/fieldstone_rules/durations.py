"""Spans of time with calendar parts: a month has no fixed length, a day is a step of the calendar.

The arithmetic is PostgreSQL's for `interval` and `timestamptz` (manual, 9.9 "Date/Time Functions and
Operators"),
so that both evaluators take the same step: months first (clamped at the end of the month), then days, each
on the
local calendar, then the exact part.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

MICROSECONDS_A_DAY = 86_400_000_000
_DAYS_IN_400_YEARS = 146_097
EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, tzinfo=UTC)
FARTHEST = 36_000 * 30 * MICROSECONDS_A_DAY


class OutOfRange(Exception):
    """A value left the range that the language can hold."""


@dataclass(frozen=True, slots=True)
class Duration:
    """`months` and `days` are calendar steps, `microseconds` an exact length; all may be negative.

    business_days: working days instead of days; business_seconds: working time. Such durations stand alone.
    """

    months: int = 0
    days: int = 0
    microseconds: int = 0
    business_days: int = 0
    business_seconds: int = 0

    def __add__(self, other: Duration) -> Duration:
        return Duration(*(mine + theirs for mine, theirs in zip(self.parts(), other.parts(), strict=True)))

    def __neg__(self) -> Duration:
        return Duration(*(-part for part in self.parts()))

    def parts(self) -> tuple[int, int, int, int, int]:
        """All parts, in the order of the fields."""
        return self.months, self.days, self.microseconds, self.business_days, self.business_seconds

    def length(self) -> int:
        """Microseconds for comparing, with months of 30 days and days of 24 hours, as PostgreSQL compares."""
        return (self.months * 30 + self.days) * MICROSECONDS_A_DAY + self.microseconds

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Duration):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[int, int, int]:
        return self.length(), self.business_days, self.business_seconds


UNITS: dict[str, Duration] = {
    "second": Duration(microseconds=1_000_000),
    "minute": Duration(microseconds=60_000_000),
    "hour": Duration(microseconds=3_600_000_000),
    "day": Duration(days=1),
    "week": Duration(days=7),
    "month": Duration(months=1),
    "year": Duration(months=12),
}


def times(number: int, duration: Duration) -> Duration:
    """`number` times a duration."""
    return Duration(*(number * part for part in duration.parts()))


def unit(name: str) -> Duration | None:
    """One of a unit, in singular or plural (`day`, `days`); None when there is no such unit."""
    return UNITS.get(name.removesuffix("s"))


def add_months(day: date, months: int) -> date:
    """The same day of another month, or its last day if it has fewer days. Raises OutOfRange."""
    return _from_ordinal(_moved_ordinal(day, months))


def _moved_ordinal(day: date, months: int) -> int:
    """The number of the day `months` later, also beyond the years that `date` knows: 400 years repeat
    themselves.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    cycles, year_in_cycle = divmod(year - 1, 400)
    last = calendar.monthrange(year_in_cycle + 1, month + 1)[1]
    moved = date(year_in_cycle + 1, month + 1, min(day.day, last))
    return moved.toordinal() + cycles * _DAYS_IN_400_YEARS


def _from_ordinal(number: int) -> date:
    if not 1 <= number <= date.max.toordinal():
        raise OutOfRange
    return date.fromordinal(number)


def add_to_date(day: date, duration: Duration) -> date:
    """A date moved by a duration; exact parts count from midnight and whole days of them move the date."""
    _check_reach(duration)
    days = duration.days + duration.microseconds // MICROSECONDS_A_DAY
    return _from_ordinal(_moved_ordinal(day, duration.months) + days)


def add_to_datetime(moment: datetime, duration: Duration, zone: tzinfo) -> datetime:
    """A moment (UTC) moved by calendar steps in `zone` and then by the exact part. Raises OutOfRange."""
    _check_reach(duration)
    try:
        if duration.months:
            local = to_local(moment, zone)
            moment = to_utc(datetime.combine(add_months(local.date(), duration.months), local.time()), zone)
        if duration.days:
            moment = to_utc(to_local(moment, zone) + timedelta(days=duration.days), zone)
        return in_range(moment + timedelta(microseconds=duration.microseconds))
    except (OverflowError, ValueError):
        raise OutOfRange from None


def to_local(moment: datetime, zone: tzinfo) -> datetime:
    """The clock on the wall of `zone` at a moment, without zone."""
    try:
        return moment.astimezone(zone).replace(tzinfo=None, fold=0)
    except (OverflowError, ValueError):
        raise OutOfRange from None


def to_utc(local: datetime, zone: tzinfo) -> datetime:
    """The moment of a clock on the wall.

    Where the clock is turned, PostgreSQL takes the smaller offset: a skipped time counts as before the
    turn, a
    repeated time as after it.
    """
    offsets = [local.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1)]
    try:
        return in_range((local - min(offsets)).replace(tzinfo=UTC))
    except OverflowError:
        raise OutOfRange from None


def in_range(moment: datetime) -> datetime:
    """The moment itself, if it is a day away from the ends of the calendar in every zone. Raises
    OutOfRange.
    """
    if not EARLIEST <= moment < LATEST:
        raise OutOfRange
    return moment


def _check_reach(duration: Duration) -> None:
    if abs(duration.length()) > FARTHEST:
        raise OutOfRange
