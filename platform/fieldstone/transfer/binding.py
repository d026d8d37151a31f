"""A mapping tied to a model and to a file's header: what the import works with.

Everything that can be wrong between the three is found here, before the first row is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from fieldstone.fields.texts import ImportFormat
from fieldstone.model.model import Entity, Field, Model
from fieldstone.model.system_fields import ASSIGNABLE
from fieldstone.transfer import mapping as declared
from fieldstone.transfer.csv_file import REJECT_COLUMNS
from fieldstone.transfer.mapping_file import MappingRefused
from fieldstone.transfer.patterns import PatternError, strptime_format
from fieldstone_metadata.nodes import Source
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.suggestions import did_you_mean

NUMBERS = frozenset({"integer", "decimal", "money", "percent"})
"""Types of fields whose values can be multiplied."""


@dataclass(frozen=True, eq=False)
class BoundLookup:
    """A lookup with the entity it searches. key_fields: for each alternative of `by`, the fields compared."""

    declared: declared.Lookup
    target: Entity
    key_fields: tuple[tuple[Field, ...], ...]
    also: tuple[int, ...]
    create: Mapping[str, Any]
    create_from: Mapping[str, tuple[int, str | None]]


@dataclass(frozen=True, eq=False)
class BoundFeed:
    """A column that feeds a field. index: of the column in a row."""

    declared: declared.Feed
    index: int
    field: Field
    format: ImportFormat
    lookup: BoundLookup | None = None

    @property
    def many(self) -> bool:
        """Whether the cell names several records."""
        return self.field.link is not None


@dataclass(frozen=True, eq=False)
class Bound:
    """A mapping that fits model and file. unused: columns that nothing reads."""

    mapping: declared.Mapping
    entity: Entity
    feeds: tuple[BoundFeed, ...]
    constants: Mapping[str, Any]
    columns: tuple[str, ...]
    unused: tuple[str, ...]

    @property
    def own_lookups(self) -> tuple[BoundFeed, ...]:
        """Feeds that refer to records of the imported entity itself: parents that may stand further down."""
        name = self.entity.name
        return tuple(feed for feed in self.feeds if feed.lookup and feed.lookup.target.name == name)


def bind(mapping: declared.Mapping, model: Model, entity: str, columns: tuple[str, ...]) -> Bound:
    """Tie `mapping` to `entity` and the columns of a file.

    Raises `MappingRefused` with every unknown or unfit field, column and pattern at its place.
    """
    report = Report()
    binder = _Binder(mapping, Source("", mapping.path, ""), model, columns, report)
    bound = binder.bind(entity)
    if bound is None or report.problems:
        raise MappingRefused(report.sorted())
    return bound


@dataclass
class _Binder:
    mapping: declared.Mapping
    source: Source
    model: Model
    columns: tuple[str, ...]
    report: Report

    def bind(self, entity_name: str) -> Bound | None:
        entity = self._entity(self.mapping.entity, self.mapping.entity_place)
        if entity is None:
            return None
        if entity.name != entity_name:
            message = f"this mapping is for `{entity.name}`, not for `{entity_name}`"
            self._problem(self.mapping.entity_place, "other_entity", message)
        feeds = [bound for feed in self.mapping.feeds if (bound := self._feed(entity, feed))]
        constants = {
            c.field: c.value for c in self.mapping.constants if self._settable(entity, c.field, c.place)
        }
        self._check_twice(feeds)
        self._check_key(entity, {feed.field.name for feed in feeds} | set(constants))
        used = self.mapping.columns.union(REJECT_COLUMNS, {""})
        unused = tuple(column for column in self.columns if column not in used)
        return Bound(self.mapping, entity, tuple(feeds), constants, self.columns, unused)

    def _problem(self, place: declared.Place, code: str, message: str, hint: str | None = None) -> None:
        self.report.at(self.source, *place, code, message, hint)

    def _entity(self, name: str, place: declared.Place) -> Entity | None:
        entity = self.model.entities.get(name)
        if entity is None:
            hint = did_you_mean(name, self.model.entities)
            self._problem(place, "unknown_entity", f"there is no entity `{name}`", hint)
        return entity

    def _field(self, entity: Entity, name: str, place: declared.Place) -> Field | None:
        field = entity.field(name)
        if field is None:
            known = [*entity.fields, *ASSIGNABLE.intersection(entity.system)]
            message = f"`{entity.name}` has no field `{name}`"
            self._problem(place, "unknown_field", message, did_you_mean(name, known))
        return field

    def _settable(self, entity: Entity, name: str, place: declared.Place) -> Field | None:
        field = self._field(entity, name, place)
        if field is None:
            return None
        if name in entity.system and name not in ASSIGNABLE:
            self._problem(place, "not_importable", f"`{name}` is kept by the platform and cannot be imported")
            return None
        if field.formula is not None:
            message = f"`{name}` is computed and cannot be imported"
            self._problem(place, "not_importable", message)
            return None
        return field

    def _column(self, name: str, place: declared.Place) -> int:
        if name in self.columns:
            return self.columns.index(name)
        message = f"the file has no column `{name}`"
        self._problem(place, "unknown_column", message, did_you_mean(name, filter(None, self.columns)))
        return 0

    def _feed(self, entity: Entity, feed: declared.Feed) -> BoundFeed | None:
        index = self._column(feed.column, feed.column_place)
        field = self._settable(entity, feed.field, feed.place)
        if field is None:
            return None
        if feed.factor is not None and field.declaration.type not in NUMBERS:
            message = f"`{field.name}` is no number: nothing to multiply"
            self._problem(feed.place, "not_a_number", message)
        return BoundFeed(feed, index, field, self._format(feed), self._lookup(feed, field))

    def _format(self, feed: declared.Feed) -> ImportFormat:
        formats = feed.formats
        return ImportFormat(
            date=self._pattern(formats.date, feed.place),
            datetime=self._pattern(formats.datetime, feed.place),
            zone=self._zone(formats.time_zone, feed.place),
            decimal=formats.decimal,
            thousands=formats.thousands,
            true=frozenset(word.casefold() for word in formats.true),
            false=frozenset(word.casefold() for word in formats.false),
            list_separator=formats.separator,
        )

    def _pattern(self, pattern: str | None, place: declared.Place) -> str | None:
        try:
            return None if pattern is None else strptime_format(pattern)
        except PatternError as refused:
            self._problem(place, "bad_pattern", str(refused))
            return None

    def _zone(self, name: str, place: declared.Place) -> ZoneInfo:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            self._problem(place, "unknown_time_zone", f"there is no time zone `{name}`")
            return ZoneInfo("UTC")

    def _lookup(self, feed: declared.Feed, field: Field) -> BoundLookup | None:
        target = field.declaration.target
        lookup = feed.lookup
        if target is None and lookup is not None:
            self._problem(
                lookup.place, "not_a_reference", f"`{field.name}` is no reference: nothing to look up"
            )
        if target is None:
            return None
        if lookup is None:
            message = f"`{field.name}` is a reference: say by which field the record is looked up"
            self._problem(feed.place, "lookup_missing", message, "add `lookup: name`, or `lookup: id`")
            return None
        entity = self._target(lookup, target.entities or ("user",), field)
        return None if entity is None else self._bound_lookup(lookup, entity)

    def _target(self, lookup: declared.Lookup, possible: tuple[str, ...], field: Field) -> Entity | None:
        name = lookup.entity or (possible[0] if len(possible) == 1 else None)
        if name is None:
            message = f"`{field.name}` may refer to {' or '.join(possible)}: say which with `entity`"
            self._problem(lookup.place, "entity_missing", message)
            return None
        if name not in possible:
            message = f"`{field.name}` does not refer to `{name}`"
            self._problem(lookup.place, "wrong_entity", message, did_you_mean(name, possible))
            return None
        return self._entity(name, lookup.place)

    def _bound_lookup(self, lookup: declared.Lookup, target: Entity) -> BoundLookup:
        also = [self._comparable(target, name, lookup.place) for name in lookup.also]
        keys = [self._comparable(target, name, lookup.place) for name in lookup.by]
        create = {n: v for n, v in lookup.create.items() if self._settable(target, n, lookup.place)}
        from_columns = {n: v for n, v in create.items() if isinstance(v, declared.FromColumn)}
        self._check_create(lookup, target)
        return BoundLookup(
            declared=lookup,
            target=target,
            key_fields=tuple((key, *(f for f in also if f)) for key in keys if key),
            also=tuple(self._column(source.column, lookup.place) for source in lookup.also.values()),
            create={n: v for n, v in create.items() if n not in from_columns},
            create_from={
                n: (self._column(v.column, lookup.place), v.template) for n, v in from_columns.items()
            },
        )

    def _comparable(self, target: Entity, name: str, place: declared.Place) -> Field | None:
        field = self._field(target, name, place)
        if field is not None and (len(field.columns) != 1 or not field.type.operators()):
            message = f"`{name}` of `{target.name}` cannot be looked up: it has no single column of its own"
            self._problem(place, "not_comparable", message)
            return None
        return field

    def _check_create(self, lookup: declared.Lookup, target: Entity) -> None:
        if lookup.create and lookup.missing != declared.CREATE:
            self._problem(lookup.place, "create_unused", "`create` is only used with `missing: create`")
        if lookup.missing != declared.CREATE:
            return
        first = target.field(lookup.by[0])
        if first is not None and (lookup.by[0] in target.system or not first.type.writable):
            message = (
                f"`missing: create` needs a field of `{target.name}` that can be set; `{first.name}` cannot"
            )
            self._problem(lookup.place, "not_importable", message)

    def _check_twice(self, feeds: Iterable[BoundFeed]) -> None:
        seen = {constant.field for constant in self.mapping.constants}
        for feed in feeds:
            if feed.field.name in seen:
                message = f"`{feed.field.name}` is fed a second time here"
                self._problem(feed.declared.place, "fed_twice", message)
            seen.add(feed.field.name)

    def _check_key(self, entity: Entity, fed: set[str]) -> None:
        for name in self.mapping.key:
            field = self._field(entity, name, self.mapping.key_place)
            if field is not None and name not in fed:
                message = f"the key `{name}` is fed by no column"
                self._problem(self.mapping.key_place, "key_not_fed", message)
            elif field is not None and len(field.columns) != 1:
                message = f"`{name}` cannot be a key: it has no single column of its own"
                self._problem(self.mapping.key_place, "not_comparable", message)
