"""What the history of links that are records tells of the records that they link, on either side.

A link has a history of its own. In that of the two records it stands who was linked and who no longer is, as
far as the reader may read the link and the other record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.access.grants import access
from fieldstone.access.predicates import clause, link_rights
from fieldstone.access.shared_predicates import RECEIVERS
from fieldstone.context import Context
from fieldstone.model.model import Entity, Field
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.environment import environment, evaluator
from fieldstone.records.journal import CREATE, DELETE, IMPORT, RESTORE, UPDATE
from fieldstone.records.rows import Values
from fieldstone.records.shape import shape_of
from fieldstone_rules import parameters

Changes = dict[str, list[Any]]
_COME, _GONE = (CREATE, IMPORT, RESTORE), (DELETE,)


@dataclass(frozen=True, eq=False)
class LinkEntry:
    """What one call did to the links of a record, as an entry of the history of that.

    It looks like a row of the history. id: the first of those that it stands for. version: None, as it gave
    the record none. changes: collection → [who no longer is in it, who came], as references.
    """

    id: int
    at: datetime
    actor: UUID
    source: str
    note: str | None
    changes: Changes
    action: str = UPDATE
    version: int | None = None
    transition: str | None = None


@dataclass(frozen=True)
class Page:
    """Which entries are wanted: at most so many, older than the entry `before` if there is one."""

    before: int | None
    most: int


@dataclass(frozen=True, eq=False)
class _Side:
    """A collection of linked records, as the records on one side have it.

    name: what it is called there. owner: the entity that declares the field. other: that of the records in
    the collection. backwards: it is the way back.
    """

    name: str
    owner: Entity
    field: Field
    other: Entity
    backwards: bool


class LinkHistory:
    """The links of one record, as far as their history may be read."""

    def __init__(self, context: Context, connection: sa.Connection, entity: Entity, record: Values) -> None:
        self._context = context
        self._connection = connection
        self._entity = entity
        self._record = record
        self._sides = [side for side in _sides(context, entity) if self._may_see(side)]

    def alone(self, page: Page) -> list[LinkEntry]:
        """What calls did to links that did not change the record, newest first; a statement for each side."""
        found = []
        for side in self._sides:
            statement = self._statement(side, ~self._own().exists()).limit(page.most)
            if page.before is not None:
                statement = statement.having(sa.func.min(self._history.c.id) < page.before)
            found += [_entry(side, row) for row in self._run(statement)]
        return sorted(found, key=lambda entry: entry.id, reverse=True)

    def changes(self, moments: Sequence[datetime]) -> dict[datetime, Changes]:
        """What became of links at moments at which the record changed; a statement for each side."""
        found: dict[datetime, Changes] = {}
        for side in self._sides if moments else ():
            at = sa.bindparam(None, list(moments), type_=postgresql.ARRAY(sa.DateTime(timezone=True)))
            chosen = sa.and_(self._history.c.at == sa.any_(at), self._own().exists())
            for row in self._run(self._statement(side, chosen)):
                found.setdefault(row.at, {}).update(_entry(side, row).changes)
        return found

    @property
    def _history(self) -> sa.Table:
        return self._context.database.system.history

    def _run(self, statement: sa.Select[Any]) -> Sequence[Any]:
        values = parameters(environment(self._context)) | {RECEIVERS: list(self._context.principal.receivers)}
        return self._connection.execute(statement, values).all()

    def _own(self) -> sa.Select[Any]:
        """The entries of the record itself by the same call."""
        own = self._history.alias("own")
        one: sa.ColumnElement[Any] = sa.literal_column("1")
        same = (own.c.at == self._history.c.at, own.c.actor == self._history.c.actor)
        of_record = (own.c.entity == self._entity.name, own.c.record == self._record["id"])
        return sa.select(one).where(*of_record, *same).correlate(self._history)

    def _may_see(self, side: _Side) -> bool:
        """Whether the field of the record may be read; on the way back, the other records decide."""
        if side.backwards:
            return True
        judge = evaluator(self._context, self._connection, [self._record])
        return CallerRights(self._context, side.owner).may_field("read", side.name, judge, self._record)

    def _statement(self, side: _Side, chosen: sa.ColumnElement[bool]) -> sa.Select[Any]:
        """The entries of links of which the reader may read the link and the other record, call by call."""
        link, history = side.field.link, self._history
        assert link is not None
        assert link.through is not None
        pairs, others = link.pairs(), side.other.table.alias()
        mine, theirs = (pairs.target, pairs.source) if side.backwards else (pairs.source, pairs.target)
        far = link.through.near if side.backwards else link.through.far
        model, key = self._context.model, self._context.principal.access_key
        # Links in the recycle bin have a history too, so that the conditions of live ones do not count here.
        rights = [*link_rights(model, key, link, pairs.rows), *_rights(self._context, side, others)]
        moved = sa.and_(history.c.action == UPDATE, sa.func.jsonb_exists(history.c.changes, far))
        step = sa.func.jsonb_build_array(history.c.action, theirs, history.c.changes[far])
        steps = sa.func.jsonb_agg(postgresql.aggregate_order_by(step, history.c.id), type_=postgresql.JSONB)
        call = (history.c.at, history.c.actor, history.c.source, history.c.note)
        linked = history.join(pairs.rows, pairs.rows.c.id == history.c.record)
        return (
            sa.select(sa.func.min(history.c.id).label("id"), *call, steps.label("steps"))
            .select_from(linked.join(others, others.c.id == theirs))
            .where(history.c.entity == link.through.entity, mine == self._record["id"], chosen, *rights)
            .where(sa.or_(history.c.action.in_((*_COME, *_GONE)), moved))
            .group_by(*call)
            .order_by(sa.func.min(history.c.id).desc())
        )


def _sides(context: Context, entity: Entity) -> Iterator[_Side]:
    """The collections of links that the history of a record tells of. What lives inside it is told there."""
    for owner in context.model.entities.values():
        for field in shape_of(owner).links:
            if field.link is None or field.link.through is None:
                continue
            other = context.model.entities[field.link.entity]
            inverse = field.declaration.target.inverse if field.declaration.target else None
            if owner is entity and not field.link.inside:
                yield _Side(field.name, owner, field, other, backwards=False)
            if other is entity and inverse is not None:
                yield _Side(inverse, owner, field, owner, backwards=True)


def _rights(context: Context, side: _Side, others: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    """The right to read the other record; on the way back, also the field there that makes the collection."""
    granted = access(context.model, context.principal, side.other.name)
    decisions = [granted.read, *([granted.field_read(side.field.name)] if side.backwards else [])]
    found = [clause(context.model, decision, side.other.name, others) for decision in decisions]
    return [right for right in found if right is not None]


def _entry(side: _Side, row: Any) -> LinkEntry:
    pair: list[list[Any]] = [[], []]
    for step in row.steps:
        for ids, place in zip(_ends(*step), pair, strict=True):
            place += [{"id": id_, "entity": side.other.name} for id_ in ids]
    return LinkEntry(row.id, row.at, row.actor, row.source, row.note, {side.name: pair})


def _ends(action: str, other: str, moved: list[Any] | None) -> tuple[list[str], list[str]]:
    """Who no longer is linked, and who came. moved: the other record before and after, where it was told."""
    before, after = (None if one is None else str(one["id"]) for one in moved or (None, None))
    if action == UPDATE:
        return [before] if before else [], [after] if after else []
    return ([other], []) if action in _GONE else ([], [after or other])
