"""Records that somebody may know of but not read, and what it would take to read them.

Who asks for a record that may not be read is told that there is none, unless one of these is so. Then the
conditions of the own roles are told, and no value of the record:

- the caller holds the capability `explain`;
- the caller created or changed the record at some time, as its history says;
- a record that the caller may read refers to it, in a field that the caller may read.

Where a role of the caller denies reading anything of this kind, the answer stays that there is none: that no
grant holds would not be certain then, and which one does would tell of the record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.clauses import DENY, GRANT, RoleClause, role_clauses
from fieldstone.access.predicates import clause, readable_pairs
from fieldstone.context import Context
from fieldstone.fields.any_reference import entity_column
from fieldstone.model.model import Entity, Field, Model
from fieldstone.records import rows
from fieldstone.records.batch import find_entity
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.environment import evaluator
from fieldstone.records.explaining import OTHERS_VIEW
from fieldstone.records.labels import text_of
from fieldstone.records.referrers import CASCADE, CLEAR, RESTRICT, referrers
from fieldstone.records.request_values import request_values
from fieldstone.records.rows import TITLE
from fieldstone.records.sentences import Teller, is_own
from fieldstone.records.source import Viewer
from fieldstone.records.statements import Statement, kept
from fieldstone_rules import Expression
from fieldstone_rules.tree import USER, Binding, Equal, Node, Or, UserTeams, Within

Column = sa.ColumnElement[bool]
_RECORD, _READER = "fs_record", "fs_reader"
_TEAMS_NAMED = 3
OWNER, TEAM, OTHER = "owner", "team", "other"


@dataclass(frozen=True)
class Unmet:
    """A condition under which the record could be read. kind: about its "owner", its "team", or something

    "other". note: what is known of the reader, not of the record.
    """

    words: str
    kind: str = OTHER
    note: str = ""


@dataclass(frozen=True)
class Hidden:
    """Why a record cannot be read. conditions: any would be enough. roles: the labels of those who say so."""

    conditions: tuple[Unmet, ...]
    roles: tuple[str, ...]


def why_hidden(context: Context, entity: str, id_: UUID) -> Hidden | None:
    """Why the caller cannot read a record that is there; None if it can be read, or is not to be known of.

    Raises NotFound if there is no such entity for the caller.
    """
    found = find_entity(context, entity)
    clauses = role_clauses(context.model, context.principal, entity, "read")
    denied = any(one.effect == DENY for one in clauses)
    if denied or context.principal.limits is not None or found.about or found.parent:
        return None
    if not _is_hidden(context, found, id_) or not _may_know(context, found, id_):
        return None
    told = _told(context, found, [one for one in clauses if one.effect == GRANT])
    return told if told.conditions else None


def _is_hidden(context: Context, entity: Entity, id_: UUID) -> bool:
    """Whether there is a live record that the caller cannot read."""
    with context.database.read() as connection:
        record = rows.load(connection, context.model, entity, [id_]).get(id_)
        if record is None or record["deleted_at"] is not None:
            return False
        judge = evaluator(context, connection, [record])
        return not CallerRights(context, entity).may("read", judge, record)


# -- who may know


def _may_know(context: Context, entity: Entity, id_: UUID) -> bool:
    if OTHERS_VIEW in context.principal.capabilities:
        return True
    viewer = Viewer(context.model, context.principal.access_key)
    key = (__name__, viewer.access_key, entity.name)
    statement = kept(context.model).get(key, lambda: _statement(context, viewer, entity))
    own = {_RECORD: id_, _READER: context.principal.user}
    return statement.run(context.database, request_values(context, statement, own)).at(0, 0) == b"true"


def _statement(context: Context, viewer: Viewer, entity: Entity) -> Statement:
    ways = [_worked_on(context, entity), *_referring(viewer, entity), *_linking(viewer, entity)]
    return Statement(sa.select(sa.cast(sa.or_(*ways), sa.Text)))


def _worked_on(context: Context, entity: Entity) -> Column:
    """The reader has written it, and not only as a consequence of writing something else."""
    table = context.database.system.history
    return sa.exists().where(
        table.c.entity == entity.name,
        table.c.record == _record_id(),
        table.c.actor == sa.bindparam(_READER, type_=sa.Uuid()),
        table.c.cause.is_(None),
    )


def _referring(viewer: Viewer, entity: Entity) -> Iterator[Column]:
    for one in referrers(viewer.model, entity.name, RESTRICT, CLEAR, CASCADE):
        source = one.entity.table.alias()
        seen = _seen(viewer, one.entity, one.field, source)
        if seen is not None:
            yield sa.exists().where(source.c[one.column.name] == _record_id(), *seen)
    for owner in viewer.model.entities.values():
        yield from _referring_anywhere(viewer, owner, entity)


def _referring_anywhere(viewer: Viewer, owner: Entity, entity: Entity) -> Iterator[Column]:
    """References to any entity: a notification about the record makes it known to whom it was sent."""
    for field in (field for field in owner.fields.values() if field.leads_anywhere):
        source = owner.table.alias()
        seen = _seen(viewer, owner, field, source)
        if seen is not None:
            of_entity = source.c[entity_column(field.name)] == entity.name
            yield sa.exists().where(source.c[field.name] == _record_id(), of_entity, *seen)


def _linking(viewer: Viewer, entity: Entity) -> Iterator[Column]:
    for owner, field in _links_to(viewer.model, entity):
        assert field.link is not None
        source, pairs = owner.table.alias(), readable_pairs(viewer.model, viewer.access_key, field.link)
        seen = _seen(viewer, owner, field, source)
        if seen is not None:
            linked = (pairs.target == _record_id(), pairs.source == source.c.id, *pairs.conditions)
            yield sa.exists().where(*linked, *seen)


def _links_to(model: Model, entity: Entity) -> Iterator[tuple[Entity, Field]]:
    for owner in model.entities.values():
        yield from (
            (owner, field)
            for field in owner.fields.values()
            if field.link is not None and field.link.entity == entity.name
        )


def _seen(viewer: Viewer, entity: Entity, field: Field, source: sa.FromClause) -> list[Column] | None:
    """That a live record and its field can be read; None if they never can."""
    granted = viewer.access(entity.name)
    decisions = (granted.read, granted.field_read(field.name))
    if any(decision.constant is False for decision in decisions):
        return None
    rights = [clause(viewer.model, decision, entity.name, source, live=True) for decision in decisions]
    return [source.c.deleted_at.is_(None), *(right for right in rights if right is not None)]


def _record_id() -> sa.BindParameter[UUID]:
    return sa.bindparam(_RECORD, type_=sa.Uuid())


# -- what is told


def _told(context: Context, entity: Entity, grants: list[RoleClause]) -> Hidden:
    """The conditions of the reader's roles: none of them holds, or the record could be read."""
    locale = context.principal.locale
    giving = [one for one in grants if isinstance(one.condition, Expression)]
    found: dict[str, Unmet] = {}
    for one in giving:
        for condition in _conditions(context, entity, one.condition):
            found.setdefault(condition.words, condition)
    if any(condition.kind == TEAM for condition in found.values()):
        note = _own_teams(context)
        found = {w: Unmet(w, c.kind, note) if c.kind == TEAM else c for w, c in found.items()}
    roles = dict.fromkeys(text_of(one.role.label, locale) for one in giving)
    return Hidden(tuple(found.values()), tuple(roles))


def _conditions(context: Context, entity: Entity, condition: bool | Expression) -> Iterator[Unmet]:
    """The parts of a grant of which one is enough."""
    assert isinstance(condition, Expression)
    teller = Teller(context.model, entity, context.principal.locale, condition.source)
    for node in _alternatives(condition.tree):
        kind = _kind(node)
        yield Unmet(teller.tell(node), kind, "it is not yours" if kind == OWNER else "")


def _alternatives(node: Node) -> Iterator[Node]:
    if isinstance(node, Or):
        for item in node.items:
            yield from _alternatives(item)
    else:
        yield node


def _kind(node: Node) -> str:
    if isinstance(node, Within) and isinstance(node.items, UserTeams) and is_own(node.item, "team"):
        return TEAM
    if isinstance(node, Equal):
        sides = (node.left, node.right)
        about_user = any(isinstance(side, Binding) and side.name == USER for side in sides)
        if about_user and any(is_own(side, "owner") for side in sides):
            return OWNER
    return OTHER


def _own_teams(context: Context) -> str:
    """Which teams the reader has, by name."""
    ids, entity = context.principal.teams[:_TEAMS_NAMED], context.model.entities["team"]
    with context.database.read() as connection:
        known = rows.load(connection, context.model, entity, ids)
    names = [str(known[one][TITLE]) for one in ids if one in known]
    more = len(context.principal.teams) - len(names)
    if not names:
        return "you are in no team"
    return f"yours: {', '.join(names)}{f' and {more} more' if more > 0 else ''}"
