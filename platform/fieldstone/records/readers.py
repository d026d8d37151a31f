"""Who may read a record: the question of rights asked for other people than the caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from fieldstone.access.principals import principals_of
from fieldstone.context import Context, Principal
from fieldstone.records.batch import find_entity
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.environment import Evaluator, RelatedRecords
from fieldstone.records.peeking import peek
from fieldstone_rules.types import Ref


def who_may_read(context: Context, entity: str, id_: UUID, users: Sequence[UUID]) -> list[UUID]:
    """Those of `users` who are active and may read a live record, in their order; at most six statements.

    Raises:
        NotFound: if there is no such record for the caller.
    """
    found = find_entity(context, entity)
    with context.database.read() as connection:
        batch = peek(context, connection, found, id_)
        batch.related.learn(entity, [batch.items[0].old])
        principals = principals_of(connection, context.model, users)
        known = [user for user in users if user in principals]
        return readers(context, batch.related, Ref(entity, id_), principals, known)


def readers(
    context: Context,
    related: RelatedRecords,
    record: Ref,
    principals: Mapping[UUID, Principal],
    users: Sequence[UUID],
) -> list[UUID]:
    """Those of `users` who may read a live record, in their order. principals: of all of them."""
    found = related.record(record)
    entity = context.model.entities.get(record.entity)
    if found is None or entity is None or found["deleted_at"] is not None:
        return []

    def may_read(user: UUID) -> bool:
        theirs = replace(context, principal=principals[user], acting=None)
        judge = Evaluator(theirs, related)
        return CallerRights(theirs, entity).may("read", judge, found)

    return [user for user in users if may_read(user)]
