"""Looking at one record outside of a save, with the means of a save."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.model.model import Entity
from fieldstone.records import loading
from fieldstone.records.batch import Batch, Item
from fieldstone.records.rows import Lock


def peek(context: Context, connection: sa.Connection, entity: Entity, id_: UUID) -> Batch:
    """A batch of one live record, not locked. Raises `NotFound` if it is not there or not readable."""
    batch = Batch(context, connection, entity, [Item(0, id_)])
    loading.load(batch, [None], Lock.NONE)
    return batch
