"""What an organisation has settled for everybody: its currency, its working time, its time zone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from fieldstone.model.model import Model
from fieldstone_rules import Calendar, PlainWeek


def organisation_currency(model: Model) -> str:
    """The currency that amounts are converted to."""
    return str(model.settings.get("core", {}).get("currency") or "EUR")


def organisation_calendar(model: Model) -> Calendar:
    """When the organisation works: the calendar that `core.calendar` names, else `organisation`, if any."""
    chosen = model.settings.get("core", {}).get("calendar") or "organisation"
    return model.application.calendars.get(chosen) or PlainWeek()


def organisation_zone(model: Model) -> ZoneInfo:
    """The time zone in which the organisation's days begin."""
    return ZoneInfo(model.settings.get("core", {}).get("timezone") or "UTC")
