"""Who a comment mentions: the people behind `@Ann Keller` or `@Ann` who may read the record it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.access.principals import principals_of
from fieldstone.fields.stored_text import UNICODE
from fieldstone.model.model import Entity, Model
from fieldstone.records import links
from fieldstone.records.batch import Batch, Item
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.environment import evaluator
from fieldstone.records.readers import readers
from fieldstone.records.rows import Values, read_columns, read_row
from fieldstone_rules.types import Ref

COMMENT, BODY, MENTIONS, ABOUT = "comment", "body", "mentions", "regarding"
MOST_PEOPLE = 100
"""As many people as bear the names written in one batch are looked at."""

_WORD = r"\w[\w'\u2019.-]*"
_AFTER_AT = re.compile(rf"(?<![\w@])@({_WORD}(?: {_WORD}){{0,4}})")
_ENDING = ".,;:!?'\u2019-"

Names = Sequence[str]
"""What may be a name behind one `@`, in lower case, the longest first."""


def find(batch: Batch) -> None:
    """Set the mentions of comments whose text is new; at most six statements more, however many comments.

    A first name alone is enough where only one person bears it.
    """
    if batch.entity.name != COMMENT:
        return
    written = [item for item in batch.items if item.new.get(BODY) not in {None, item.old.get(BODY)}]
    names = {item.id: list(_names(item.new[BODY])) for item in written}
    _know_old(batch, [item for item in written if not item.is_new])
    people = _people(batch, {name for found in names.values() for group in found for name in group})
    meant = {
        item.id: sorted({id_ for group in names[item.id] for id_ in _meant(group, people)})
        for item in written
    }
    _set_readers(batch, written, meant)


def _names(text: str) -> Iterator[Names]:
    for match in _AFTER_AT.finditer(text):
        words = match[1].lower().split(" ")
        yield [" ".join(words[:many]).rstrip(_ENDING) for many in range(len(words), 0, -1)]


def _know_old(batch: Batch, items: Sequence[Item]) -> None:
    link = batch.entity.fields[MENTIONS].link
    if items and link is not None:
        found = links.pairs_of(batch.connection, link, [item.id for item in items])
        for item in items:
            item.old[MENTIONS] = found.get(item.id, ())


def _people(batch: Batch, names: Iterable[str]) -> Mapping[UUID, str]:
    """Active users called like one of `names`, whom the caller may read: id → name in lower case."""
    wanted, user = sorted(names), batch.model.entities["user"]
    if not wanted:
        return {}
    chosen = batch.connection.execute(_called(batch.model, user, wanted)).mappings()
    found = [read_row(user, dict(row)) for row in chosen]
    rights, judge = CallerRights(batch.context, user), evaluator(batch.context, batch.connection, found)
    return {row["id"]: row["name"].lower() for row in found if rights.may("read", judge, row)}


def _called(model: Model, user: Entity, names: Sequence[str]) -> sa.Select[Any]:
    table = user.table
    wanted = sa.bindparam(None, list(names), type_=postgresql.ARRAY(sa.Text()))
    name = sa.func.lower(table.c.name.collate(UNICODE), type_=sa.Text())
    first = sa.func.split_part(name, " ", 1, type_=sa.Text())
    live = sa.and_(table.c.deleted_at.is_(None), table.c.active.is_(True))
    called = sa.or_(name == sa.any_(wanted), first == sa.any_(wanted))
    return sa.select(*read_columns(model, user)).where(live, called).order_by(table.c.id).limit(MOST_PEOPLE)


def _meant(names: Names, people: Mapping[UUID, str]) -> Iterable[UUID]:
    """Who is meant by one `@`: whoever has that name, or the only one with that first name."""
    for name in names:
        full = [id_ for id_, known in people.items() if known == name]
        if full:
            return full
    first = [id_ for id_, known in people.items() if known.split(" ")[0] == names[-1]]
    return first if len(first) == 1 else ()


def _set_readers(batch: Batch, items: Iterable[Item], meant: Mapping[UUID, Sequence[UUID]]) -> None:
    """Mention those who are meant and may read what the comment is about."""
    everybody = sorted({user for users in meant.values() for user in users})
    principals = principals_of(batch.connection, batch.model, everybody)
    for item in items:
        about: Ref | None = item.new.get(ABOUT)
        known = [user for user in meant[item.id] if user in principals]
        allowed = [] if about is None else readers(batch.context, batch.related, about, principals, known)
        item.new[MENTIONS] = tuple(Ref("user", id_) for id_ in allowed)


def added(item: Item) -> list[Ref]:
    """The people whom a comment mentions now and did not mention before."""
    before: Values = item.old
    return [ref for ref in item.new.get(MENTIONS, ()) if ref not in before.get(MENTIONS, ())]
