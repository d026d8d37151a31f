"""Notifications, as values for their template."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """One notification. about: the title of the record, empty where the reader may not see it (any more)."""

    who: str
    subject: str
    about: str
    at: str
    ago: str
    unread: bool
    open_url: str
