"""When an organisation works: what a `calendar` document declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fieldstone_metadata.declarations import Label, Origin

Hours = tuple[tuple[time, time], ...]
"""From … to …, in their order; none on a day off."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class WorkCalendar:
    """Working hours and holidays, as `fieldstone_rules.Calendar` wants them.

    week: weekday → hours. days: `2026-12-24`, or `12-24` for every year, → the hours of that day instead.
    """

    name: str
    label: Label
    week: Mapping[str, Hours]
    days: Mapping[str, Hours]
    origin: Origin | None = field(default=None, compare=False)

    def hours(self, day: date) -> Hours:
        """The working hours of a day, in order; none on a day off. A full date goes before a yearly one."""
        written = day.isoformat()
        for special in (written, written[5:]):
            if special in self.days:
                return self.days[special]
        return self.week.get(WEEKDAYS[day.weekday()], ())
