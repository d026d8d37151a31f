"""Many-to-many fields whose links are records of a declared entity: what a save makes of those.

A value that a save gives such a field becomes links to create and to remove, which are saved together with
the records that have the field, by the rules and under the rights of their own entity. What callers send
about a link (`{"id": …, "link": {"role": "buyer"}}`) becomes fields of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fieldstone.errors import Conflict
from fieldstone.model.model import Field, Link
from fieldstone.records import beginning, links, state_changes, validation
from fieldstone.records.batch import Batch, Item
from fieldstone.records.ids import new_ids
from fieldstone.records.labels import entity_label, field_label
from fieldstone.records.link_records import Stored, may_know, stored_links
from fieldstone.records.rows import Values
from fieldstone.records.shape import shape_of
from fieldstone_rules import Through
from fieldstone_rules.types import Ref


@dataclass(frozen=True, eq=False)
class _Wanted:
    """A link that is to be, or to be changed. values: what was sent about it; path: its place there."""

    item: Item
    target: Ref
    values: Mapping[str, Any]
    path: str
    stored: Values | None


def prepare(whole: Batch) -> None:
    """Add the links that follow from the values of many-to-many fields to what is saved together.

    One statement for each field whose value is given to stored records, however many there are.
    """
    found = False
    for batch in list(whole.together):
        for field in shape_of(batch.entity).links:
            items = [item for item in batch.items if _is_given(item, field)]
            if items and field.link is not None and field.link.through is not None:
                _Linking(batch, field, field.link, field.link.through).prepare(items)
                found = True
    if found:
        whole.forget_wanted()


def _is_given(item: Item, field: Field) -> bool:
    """Whether a save gives the field a value; what is stored is known then."""
    if field.name not in item.new or not (item.is_new or field.name in item.old):
        return False
    return bool(item.nested.get(field.name)) or item.new[field.name] != item.old.get(field.name, ())


class _Linking:
    """What becomes of the links of one field of a batch."""

    def __init__(self, batch: Batch, field: Field, link: Link, through: Through) -> None:
        self._batch = batch
        self._field = field
        self._inside = link.inside
        self._through = through
        self._entity = batch.model.entities[through.entity]

    def prepare(self, items: Sequence[Item]) -> None:
        """Find what is to be created, changed and removed, and take it as far as the other records are."""
        if self._inside:
            self._refuse_twice(items)
        known = [item.id for item in items if not item.is_new]
        stored = stored_links(self._batch, self._entity, self._through, known)
        wanted = [one for item in items for one in self._wanted(item, stored.get(item.id, {}))]
        self._create([one for one in wanted if one.stored is None])
        self._change([one for one in wanted if one.stored is not None and one.values])
        self._remove(items, stored)

    def _refuse_twice(self, items: Sequence[Item]) -> None:
        """Refuse links that live inside a record where they were sent as such too: which counts?"""
        lines = self._batch.entity.lines
        name = next(name for name, inverse in lines.items() if inverse.entity == self._entity.name)
        for item in items:
            if name in item.nested:
                message = f"`{self._field.name}` and `{name}` are the same links; send one of them."
                self._batch.refuse(item, self._field.name, "contradiction", message)

    def _wanted(self, item: Item, stored: Mapping[UUID, Values]) -> Iterable[_Wanted]:
        sent: Mapping[UUID, tuple[int, Mapping[str, Any]]] = item.nested.get(self._field.name, {})
        for ref in item.new[self._field.name]:
            place, values = sent.get(ref.id, (0, {}))
            path = f"{self._field.name}[{place}].link"
            yield _Wanted(item, ref, values, path, stored.get(ref.id))

    def _create(self, wanted: Sequence[_Wanted]) -> None:
        if not wanted:
            return
        ids = new_ids(len(wanted))
        items = [
            Item(place, id_, outside=one.item, path=one.path)
            for place, (id_, one) in enumerate(zip(ids, wanted, strict=True))
        ]
        batch = self._together(items, wanted)
        for item, one in zip(items, wanted, strict=True):
            item.sent = self._read(batch, item, one)
            item.sent[self._through.near] = Ref(self._batch.entity.name, one.item.id)
            item.sent[self._through.far] = one.target
        beginning.complete(batch)
        self._save(batch)

    def _change(self, wanted: Sequence[_Wanted]) -> None:
        if not wanted:
            return
        items = [
            Item(place, one.stored["id"], old=one.stored, outside=one.item, path=one.path)
            for place, one in enumerate(wanted)
            if one.stored is not None
        ]
        batch = self._together(items, wanted)
        self._refuse_unknown(batch)
        for item, one in zip(items, wanted, strict=True):
            item.sent = self._read(batch, item, one)
        links.load(batch)
        links.keep_unseen(batch)
        validation.drop_unchanged(batch)
        state_changes.choose(batch)
        batch.rights.check_stored(batch)
        validation.check_readonly(batch)
        batch.items = [item for item in items if item.sent]
        for item in batch.items:
            item.new = {**item.old, **item.sent}
        self._save(batch)

    def _refuse_unknown(self, batch: Batch) -> None:
        """Of a link that the caller may not know of nothing is said, and none is made beside it."""
        kind = entity_label(self._entity, batch.context.principal.locale)
        message = f"The two are linked already, by a {kind} that you may not see."
        for item in batch.items:
            if not may_know(batch.rights, batch.stored, self._through, item.old):
                batch.refusals.add(item.position, None, "not_unique", message, kind=Conflict)

    def _save(self, batch: Batch) -> None:
        """Have links saved together with the records that they belong to, which change with them."""
        for item in batch.items:
            if item.outside is not None:
                item.outside.hold()
        if batch.items:
            self._batch.lines.append(batch)

    def _remove(self, items: Sequence[Item], stored: Stored) -> None:
        going = [
            (item, row)
            for item in items
            for id_, row in stored.get(item.id, {}).items()
            if id_ not in {ref.id for ref in item.new[self._field.name]}
        ]
        if not going:
            return
        removed = [
            Item(place, row["id"], old=row, new=row | {"deleted_at": self._batch.context.now}, outside=item)
            for place, (item, row) in enumerate(going)
        ]
        wanted = [_Wanted(item, row[self._through.far], {}, self._field.name, row) for item, row in going]
        batch = self._together(removed, wanted)
        if not self._inside:
            batch.rights.check_delete(batch)
        for item, _ in going:
            item.hold()
        self._batch.removed.append(batch)

    def _read(self, batch: Batch, item: Item, one: _Wanted) -> Values:
        """What was sent about a link; the two records that it links are known."""
        ends = (self._through.near, self._through.far)
        for name in ends:
            if name in one.values:
                label = field_label(self._entity.fields[name], batch.context.principal.locale)
                message = f"{label} is one of the two records that are linked; leave it out."
                one_place = f"{one.path}.{name}"
                self._batch.refuse(one.item, one_place, "readonly", message)
        return validation.read_values(batch, item, {k: v for k, v in one.values.items() if k not in ends})

    def _together(self, items: list[Item], wanted: Sequence[_Wanted]) -> Batch:
        """A batch of links that is saved together with the records that they belong to."""
        ends = (None, self._through.near, self._through.far)

        def path_to(path: str, name: str | None) -> str:
            return self._field.name if name in ends else f"{path}.{name}"

        places = [(one.item.position, one.path) for one in wanted]
        return self._batch.holding(self._entity, items, places, path_to)
