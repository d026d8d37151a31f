"""Records, lists and their sums, and what the reader may do with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import IO, Any
from uuid import UUID

from fieldstone import records
from fieldstone.errors import NotFound
from fieldstone.model.model import Entity, Field, Inverse
from fieldstone.model.system_fields import TITLE
from fieldstone.records import Query, branches, bulk
from fieldstone.records.operations import Operation
from fieldstone.transfer import export
from fieldstone_rules import Ref
from fieldstone_ui.data.reader import Record, context, entity, may, may_read_field, readable_entities

MOST_TITLES = 200


def page(owner: Entity, query: Query) -> records.Page:
    """A page of records in the API's form; each also has its title under `_title`."""
    fields = tuple(dict.fromkeys([TITLE, *(query.fields or readable(owner))]))
    return records.list(context(), owner.name, replace(query, fields=fields))


def one(owner: Entity, identity: UUID, *, deleted: bool = False) -> Record:
    """A record in the API's form with what lives inside it, its title under `_title`, and its entity's name.

    Raises NotFound.
    """
    names = [*readable(owner), *owner.lines, *(["deleted_at"] if deleted else [])]
    record = records.get(context(), owner.name, identity, [TITLE, *names], deleted=deleted)
    return record | {"entity": owner.name}


def require_readable(owner: Entity, identity: UUID) -> None:
    """Raise NotFound for a record that is not there, or not for the reader."""
    records.get(context(), owner.name, identity, ())


def readable(owner: Entity) -> list[str]:
    """The fields of an entity that the reader may see in at least some records."""
    names = [*owner.fields, *(name for name in owner.system if name != "deleted_at")]
    return [name for name in names if may_read_field(owner, name)]


def total(owner: Entity, query: Query, sums: Sequence[str]) -> Mapping[str, Any]:
    """`count`, and the sum of each field, over the records of a query."""
    (whole,) = records.aggregate(context(), owner.name, query, (), measures(sums))
    return whole.measures


def counts(owner: Entity, conditions: Sequence[str], most: int) -> list[int]:
    """How many records fit each filter, at most `most + 1`; all with one statement."""
    return records.counts(context(), owner.name, [condition or None for condition in conditions], most)


def totals(owner: Entity, query: Query, group: str, sums: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The same for each value of the field `group`."""
    found = records.aggregate(context(), owner.name, query, (group,), measures(sums))
    return {str(part.by[group]): part.measures for part in found}


def below(owner: Entity, query: Query, field: str, ids: Sequence[str]) -> dict[str, int]:
    """How many records of a query stand directly below each of `ids` in the tree that a field makes."""
    if not ids:
        return {}
    found = records.aggregate(context(), owner.name, directly_below(query, field, ids), (field,))
    return {part.by[field]["id"]: part.measures["count"] for part in found if part.by[field]}


def directly_below(query: Query, field: str, ids: Sequence[str]) -> Query:
    """The records of a query that stand directly below some."""
    named = ", ".join(f'"{one}"' for one in ids)
    part = f"{field}.id in [{named}]"
    return replace(query, where=f"({query.where}) and {part}" if query.where else part)


def tree_fields(owner: Entity) -> list[Field]:
    """The references of an entity that make trees, as far as the reader may know them."""
    return [field for field in branches.tree_fields(owner) if may_read_field(owner, field.name)]


def measures(sums: Sequence[str]) -> dict[str, records.Measure]:
    """Names of measures: `count`, and each summed field by its name with `sum_` before it."""
    return {
        "count": records.Measure("count"),
        **{f"sum_{name}": records.Measure("sum", name) for name in sums},
    }


def related(
    owner: Entity, identity: UUID, inverse: Inverse, fields: Sequence[str], limit: int
) -> records.Page:
    """The first records of an inverse collection."""
    target = context().model.entities[inverse.entity]
    extra = ["currency"] if "currency" in target.system and may_read_field(target, "currency") else []
    query = Query(
        fields=(*fields, *extra),
        limit=limit,
        related=(inverse.field, Ref(owner.name, identity)),
        count="estimate",
    )
    return page(target, query)


def field_states(
    owner: Entity, identity: UUID | None, values: Mapping[str, Any]
) -> Mapping[str, records.FieldState]:
    """Field → visible, required, readonly for the record with these values typed."""
    return records.field_states(context(), owner.name, identity, values)


def why_hidden(owner: Entity, identity: UUID) -> records.Hidden | None:
    """Why the reader cannot see a record that he may know of; None for all others."""
    return records.why_hidden(context(), owner.name, identity)


def rights_on(owner: Entity) -> records.Rights:
    """What the reader may do with some record of an entity."""
    return records.rights(context(), owner.name)


def may_act_on_all() -> bool:
    """Whether the reader may change all records of a filter at once."""
    return bulk.may_act_on_all(context())


def may_export() -> bool:
    """Whether the reader may export lists."""
    return export.may_export(context())


def csv_of(owner: Entity, query: Query) -> IO[bytes]:
    """The records of a query as CSV under the labels of their fields. Raises Forbidden."""
    return export.as_csv(context(), owner.name, query, labels=True)


def rights(owner: Entity, identity: UUID) -> records.Rights:
    """What the reader may do with a record."""
    return records.rights(context(), owner.name, identity)


def titles(name: str, identities: Iterable[UUID]) -> dict[UUID, str]:
    """What those records of an entity are called that the reader may see, with one statement at most."""
    ids = ", ".join(f'"{identity}"' for identity in sorted(identities))
    if not ids or name not in readable_entities():
        return {}
    query = Query(where=f"id in [{ids}]", fields=("id", TITLE), limit=MOST_TITLES)
    return {UUID(record["id"]): record[TITLE] or "" for record in page(entity(name), query).data}


def operation(identity: UUID) -> Operation:
    """What one call did to many records. Raises NotFound for that of somebody else."""
    return records.require_operation(context(), identity)


def recent_operations(most: int, only: UUID | None = None) -> list[records.Recent]:
    """What the reader last did to many records at once."""
    return records.recent_operations(context(), most, only)


def several(owner: Entity, identities: Sequence[UUID], fields: Iterable[str]) -> list[Record]:
    """Records in the order of their ids. Raises NotFound if one is not there, or not for the reader."""
    ids = ", ".join(f'"{identity}"' for identity in identities)
    query = Query(where=f"id in [{ids}]", fields=("id", *fields), limit=len(identities))
    found = {UUID(record["id"]): record for record in page(owner, query).data}
    if len(found) < len(identities):
        raise NotFound("One of these records is not there, or you may not see it.")
    return [found[identity] for identity in identities]


def may_merge(owner: Entity) -> bool:
    """Whether the reader may merge at least some records of an entity."""
    return records.is_mergeable(owner) and may("update", owner.name) and may("delete", owner.name)


def preview_merge(owner: Entity, identities: Sequence[UUID]) -> Mapping[UUID, Sequence[records.Concerned]]:
    """What refers to each of the records that are to be merged."""
    return records.preview_merge(context(), owner.name, identities)


def alike(owner: Entity, identity: UUID | None, values: Mapping[str, Any]) -> list[records.Alike]:
    """The records that count as the same as one with these values typed."""
    return records.alike(context(), owner.name, identity, values)
