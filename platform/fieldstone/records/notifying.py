"""Telling people what concerns them: notifications, written in the transaction of what they tell of.

A notification holds no text of the record or comment: whoever may not read that any more learns nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from fieldstone.access.system_user import in_the_name_of_caller
from fieldstone.context import Context
from fieldstone.records import defaults
from fieldstone.records.batch import Batch, Item
from fieldstone.records.ids import new_ids
from fieldstone.records.mentions import ABOUT, COMMENT, added
from fieldstone.records.rows import Values
from fieldstone.records.rules.transaction import RuleRun

NOTIFICATION = "notification"


def tell(batch: Batch) -> None:
    """Notify whom the written comments mention, but for their authors."""
    told = list(_told(batch)) if batch.entity.name == COMMENT else []
    notify(batch.context, batch.connection, told, batch.run)


def notify(
    context: Context, connection: sa.Connection, told: Sequence[Values], run: RuleRun | None = None
) -> None:
    """Write notifications in the name of whoever acts. told: `subject`, `recipient`, perhaps `regarding`."""
    from fieldstone.records import saving  # noqa: PLC0415  saving tells people itself

    if not told:
        return
    items = [
        Item(position, id_, sent=dict(told[position])) for position, id_ in enumerate(new_ids(len(told)))
    ]
    entity = context.model.entities[NOTIFICATION]
    inner = Batch(in_the_name_of_caller(context, "system"), connection, entity, items, run=run or RuleRun())
    defaults.fill(inner)
    for item in items:
        # Nobody sent these values, so nothing that binds callers binds them.
        item.sent = {}
    saving.judge(inner)
    saving.insert(inner)


def _told(batch: Batch) -> Iterator[Values]:
    author = batch.context.acting or batch.context.principal
    for item in batch.items:
        for ref in added(item):
            if ref.id != author.user:
                subject = f"{author.name[:120]} mentioned you in a comment"
                yield {"subject": subject, "recipient": ref, ABOUT: item.new[ABOUT]}
