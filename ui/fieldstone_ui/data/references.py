"""References to records, as forms offer, read and compare them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from fieldstone import records
from fieldstone.errors import NotFound
from fieldstone.model.model import Entity
from fieldstone.model.system_fields import TITLE
from fieldstone_rules import Expression
from fieldstone_ui.data.reader import Record, context, readable_entities
from fieldstone_ui.presentation.formats import parse_instant

LONGEST_SEARCH = 200
MOST_ALIKE = 20


def lookup(name: str, typed: str, most: int, where: Expression | None = None) -> list[Record]:
    """References to the records of an entity that hold all words typed, best first."""
    if name not in readable_entities():
        return []
    found = records.lookup(context(), name, typed[:LONGEST_SEARCH] or None, most, where)
    return [{"entity": hit.entity, "id": str(hit.id), "title": hit.title} for hit in found]


def search(typed: str, most: int, without: frozenset[str]) -> list[records.Found]:
    """Records of all entities but some that hold all words typed, best first: at most so many of each."""
    names = [name for name in records.searchable(context()) if name not in without]
    return records.search_everywhere(context(), names, typed[:LONGEST_SEARCH], most)


def search_one(owner: Entity, typed: str, most: int) -> list[records.Found]:
    """Records of one entity that hold all words typed, best first, or similar words if there are none."""
    return records.search_everywhere(context(), [owner.name], typed[:LONGEST_SEARCH], most)


def pickable(
    owner: Entity, identity: UUID | None, values: Mapping[str, Any], place: str, typed: str
) -> list[Record]:
    """References to the records that a limited reference of a record may lead to, best first.

    values: what a form holds so far. place: the reference, as `field_states` names it.
    """
    q = typed[:LONGEST_SEARCH] or None
    found = records.pickable(context(), owner.name, identity, values, place, q)
    return [{"entity": hit.entity, "id": str(hit.id), "title": hit.title} for hit in found]


def by_title(name: str, title: str) -> list[Record]:
    """At most a few records of an entity with exactly this title."""
    found = lookup(name, title, MOST_ALIKE)
    return [hit for hit in found if hit["title"].casefold() == title.casefold()]


def reference(name: str, record: Mapping[str, Any]) -> Record:
    """A record as the value of a reference."""
    return {"entity": name, "id": record["id"], "title": record[TITLE]}


def described(token: str) -> Record | None:
    """The reference behind `account:0198…` with its title; None if there is none that the reader may see."""
    name, _, identity = token.partition(":")
    if name not in readable_entities():
        return None
    try:
        record = records.get(context(), name, UUID(identity), [TITLE])
    except (ValueError, NotFound):
        return None
    return reference(name, record)


def with_title(value: Any, parts: Mapping[str, Sequence[str]]) -> Any:
    """A value that was read from a form, with the titles of references, so that it can be shown."""
    if isinstance(value, dict) and value.keys() == {"entity", "id"}:
        typed = (parts.get("text") or [""])[0]
        return {**value, "title": typed} if typed else described(f"{value['entity']}:{value['id']}")
    if isinstance(value, list):
        return [with_title(item, {}) for item in value]
    return value


def same(one_value: Any, other: Any) -> bool:
    """Whether two values in the API's form are the same, titles and trailing zeros aside."""
    if isinstance(one_value, dict) and isinstance(other, dict) and "id" in one_value:
        return one_value.get("id") == other.get("id") and one_value.get("entity") == other.get("entity")
    if isinstance(one_value, list) and isinstance(other, list):
        return len(one_value) == len(other) and all(same(a, b) for a, b in zip(one_value, other, strict=True))
    return one_value == other or (number(one_value) is not None and number(one_value) == number(other))


def number(value: Any) -> Decimal | None:
    """A decimal of the API's form; None for anything else."""
    try:
        return Decimal(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
    except InvalidOperation:
        return None


def instant(text: str) -> datetime:
    """The API's form of an instant."""
    return parse_instant(text)
