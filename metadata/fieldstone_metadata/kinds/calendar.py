"""Calendars: the hours of a week, and the days that are different."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time

from fieldstone_metadata.calendars import Hours, WorkCalendar
from fieldstone_metadata.documents import Document
from fieldstone_metadata.names import label_of
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.workspace import Workspace, origin_of

SETTING = "calendar"
"""The setting of `core` that names the organisation's calendar."""

_LEAP_YEAR = "2024-"


def build_calendar(document: Document, workspace: Workspace) -> WorkCalendar:
    """The declaration of a calendar; what makes no sense in it is reported."""
    root, report = document.root, workspace.report
    week = {day: _hours(node, report) for day, node in root.value["hours"].items()}
    if not any(week.values()):
        report.error(root.value["hours"], "no_working_time", "nobody ever works in this calendar")
    label = label_of(root.plain("label"), document.name)
    return WorkCalendar(
        document.name,
        label,
        week,
        _special_days(root.list_under("holidays"), report),
        origin_of(root),
    )


def check_chosen(workspace: Workspace) -> None:
    """Reports a setting `core.calendar` that names no calendar."""
    core = workspace.of_kind("app").get("core")
    settings = core.root.get("settings") if core is not None else None
    setting = settings.get(SETTING) if settings is not None else None
    chosen = setting.get("default") if setting is not None else None
    if chosen is not None and chosen.value not in workspace.of_kind("calendar"):
        workspace.unknown(chosen, "unknown_calendar", "calendar", workspace.of_kind("calendar"))


def _special_days(nodes: Sequence[Node], report: Report) -> Mapping[str, Hours]:
    found: dict[str, Hours] = {}
    for node in nodes:
        written = node.get("date") if isinstance(node.value, dict) else node
        if written is None or not _is_day(str(written.value), written, report):
            continue
        if written.value in found:
            report.error(written, "repeated_value", f"`{written.value}` stands here twice")
        hours = node.get("hours") if isinstance(node.value, dict) else None
        found[str(written.value)] = _hours(hours, report) if hours is not None else ()
    return found


def _is_day(written: str, node: Node, report: Report) -> bool:
    """Whether a text is a day: of one year, or of every year."""
    try:
        date.fromisoformat(written if len(written) == 10 else _LEAP_YEAR + written)
    except ValueError:
        report.error(node, "bad_value", f"`{written}` is no day of the calendar")
        return False
    return True


def _hours(node: Node, report: Report) -> Hours:
    """The periods of a day, which follow each other without overlapping."""
    periods: list[tuple[time, time]] = []
    for child in node.value:
        begin, end = (time.fromisoformat(part.strip()) for part in str(child.value).split("-"))
        if begin >= end or (periods and begin < periods[-1][1]):
            message = f"`{child.value}` ends before it begins, or begins before the period before it ends"
            report.error(child, "bad_bounds", message)
        periods.append((begin, end))
    return tuple(periods)
