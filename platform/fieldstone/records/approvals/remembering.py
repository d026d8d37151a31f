"""What the history keeps of approvals: requests, decisions, and how they ended."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.records.approvals.requests import Request
from fieldstone.records.journal import Entry, remark
from fieldstone.records.writing import write

REQUEST, WITHDRAW, RESTART, CLOSE = "request", "withdraw", "restart", "close"


@dataclass(frozen=True)
class Happened:
    """What happened to a request. version: of its record, which stays as it is."""

    request: Request
    version: int
    action: str
    note: str | None = None


def remember(context: Context, connection: sa.Connection, happened: Happened) -> None:
    """Add an entry to the history of the record, in the name of whoever acts."""
    request = happened.request
    entry = Entry(
        entity=request.entity,
        record=request.record,
        version=happened.version,
        action=happened.action,
        changes={},
        transition=request.transition,
        note=happened.note,
    )
    write(connection, context.model, [remark(context, [entry])])
