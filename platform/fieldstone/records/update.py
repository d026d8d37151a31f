"""Changing records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.records import links, loading, saving, state_changes, validation
from fieldstone.records.approvals.needing import refuse_unapproved
from fieldstone.records.batch import Batch, Item, Written, find_entity
from fieldstone.records.inside import sent as inside

Sent = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """What to change in a record: values in the API's form, of what lives inside it too; version: the one
    the caller saw, or None.
    """

    id: UUID
    values: Sent
    version: int | None = None


def update(context: Context, entity: str, changes: Sequence[Change]) -> list[Written]:
    """Change records, all or none; in the order sent. What is already so is no change and makes no new
    version.

    A value for the field under a workflow is the one transition to that state which the caller may take.

    Raises:
        NotFound: there is no such record, or the caller may not read it.
        Forbidden: the caller may not change the record, as it is or as it would be, or a field of it.
        VersionConflict: somebody else changed the record since the version given.
        Invalid: values were refused.
        Conflict: a value that must be unique is taken, or a transition is ambiguous.
    """

    def work(connection: sa.Connection) -> list[Written]:
        batch = start(context, connection, entity, changes)
        state_changes.choose(batch)
        return finish(batch)

    return context.database.run_write(context.model.version, work) if changes else []


def start(context: Context, connection: sa.Connection, entity: str, changes: Sequence[Change]) -> Batch:
    """A batch with its records locked, found readable, and what was sent read."""
    items = [Item(position, change.id) for position, change in enumerate(changes)]
    batch = Batch(context, connection, find_entity(context, entity), items)
    loading.load(batch, [change.version for change in changes])
    read_sent(batch, [change.values for change in changes])
    return batch


def read_sent(batch: Batch, values: Sequence[Sent] | Mapping[int, Sent]) -> None:
    """Read what was sent for each record, by its position, and drop what is already so."""
    for item in batch.items:
        item.sent = validation.read_values(batch, item, values[item.position])
        links.sort(item.sent)
    links.load(batch)
    links.keep_unseen(batch)
    validation.drop_unchanged(batch)
    inside.read(batch)


def check_and_merge(batch: Batch) -> None:
    """Check the rights on the stored records, and make the records as the caller wants them."""
    for one in reversed(batch.together):
        stored = [item for item in one.items if not item.is_new]
        if stored:
            one.rights.check_stored(one)
            validation.check_readonly(one)
        for item in stored:
            item.new = {**item.old, **item.sent}
    inside.complete(batch)


def finish(batch: Batch, *, approved: bool = False) -> list[Written]:
    """Check rights and values of a batch that knows what was sent and which transitions it takes, and write
    it. approved: whoever must agree to its transitions has agreed.
    """
    items = list(batch.items)
    check_and_merge(batch)
    saving.judge(batch)
    if not approved:
        refuse_unapproved(batch)
    saving.change(batch)
    return [item.written for item in items]
