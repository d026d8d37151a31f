"""A record as a statement reads it for a viewer: its columns, and what lies behind its references.

Joins are shared: the title of an account and its name come from one join. A record that the viewer may not
read does not join, so that its title and all its fields are null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.access.grants import Access, AccessKey, access_for_key
from fieldstone.access.predicates import clause, readable_pairs
from fieldstone.fields import json_text
from fieldstone.fields.any_reference import entity_column
from fieldstone.fields.file import CONTENTS
from fieldstone.model.model import Entity, Field, Link, Model
from fieldstone.model.rule_columns import computed, computed_amount, kept_column
from fieldstone.model.system_fields import TITLE, outline
from fieldstone_metadata.names import FILE
from fieldstone_rules import Pairs

Column = sa.ColumnElement[Any]
JoinKey = tuple[str, ...]


@dataclass(frozen=True)
class Viewer:
    """Whose rights a statement is built for."""

    model: Model
    access_key: AccessKey

    def access(self, entity: str) -> Access:
        """What the viewer may do with an entity."""
        return access_for_key(self.model, self.access_key, entity)


@dataclass
class Joins:
    """The joins of one statement, in their order.

    titles: whether the titles that references show are joined too, which runs sooner. Looked up one by one
    they are planned sooner: of joins the planner weighs every order.
    """

    titles: bool = True
    found: dict[JoinKey, RecordSource] = field(default_factory=dict)
    conditions: list[tuple[sa.FromClause, Column]] = field(default_factory=list)

    def apply(self, base: sa.FromClause) -> sa.FromClause:
        """`base LEFT JOIN …`."""
        joined = base
        for target, condition in self.conditions:
            joined = sa.outerjoin(joined, target, condition)
        return joined


class RecordSource:
    """The record at `rows` (an alias of its entity's table, or a subquery with its columns).

    about: the entity of what it is about, where only such records are read: only that is looked into.
    """

    def __init__(
        self,
        viewer: Viewer,
        entity: Entity,
        rows: sa.FromClause,
        joins: Joins,
        place: JoinKey = (),
        *,
        about: str | None = None,
    ) -> None:
        self.viewer = viewer
        self.entity = entity
        self.rows = rows
        self.joins = joins
        self._place = place
        self._about = about

    def column(self, name: str) -> Column:
        """A column of the record's table."""
        return kept_column(self.viewer.model, self.entity.name, self.rows, name)

    def readable(self, field: Field) -> Column | None:
        """The right to see a field in this record; None where there is no restriction."""
        decision = self.viewer.access(self.entity.name).field_read(field.name)
        return clause(self.viewer.model, decision, self.entity.name, self.rows)

    def hop(self, field: Field, target: str) -> RecordSource:
        """The record of the entity `target` that a reference names."""
        columns: Mapping[str, str] = getattr(field.type, "targets", {})
        return self._joined(target, self.column(columns[target]), (field.name, target), self.readable(field))

    def reference(self, targets: Mapping[str, Column]) -> Column:
        """`{"id", "entity", "title"}` as JSON text of the one target that is set."""
        cases = [(key.is_not(None), self._described(target, key)) for target, key in targets.items()]
        return sa.case(*cases, else_=json_text.NULL)

    def any_reference(self, field: str) -> Column:
        """`{"id", "entity", "title"}` as JSON text; a title is looked up in the one table that applies."""
        key, entity = self.column(field), self.column(entity_column(field))
        titles = {
            target.name: self._looked_up(target, key)
            for target in self._any_of(field)
            if self.viewer.access(target.name).read.constant is not False
        }
        nothing: Column = sa.cast(sa.null(), sa.Text)
        title = sa.case(titles, value=entity, else_=nothing) if titles else nothing
        described = json_text.assembled(
            json_text.constant('{"id":"'), key, json_text.constant('","entity":'), json_text.escaped(entity),
            json_text.constant(',"title":'), json_text.escaped(title), json_text.constant("}"),
        )  # fmt: skip  # reads as the JSON does
        return sa.case((key.is_not(None), described), else_=json_text.NULL)

    def _any_of(self, field: str) -> Iterable[Entity]:
        """The entities of which a reference to any may lead to a record."""
        about, all_of_them = self.entity.about, self.viewer.model.with_activities
        if self._about is None or about is None or about.name != field:
            return all_of_them
        return (entity for entity in all_of_them if entity.name == self._about)

    def _looked_up(self, entity: Entity, key: Column) -> Column:
        """The title of a record that the viewer may read."""
        model, read = self.viewer.model, self.viewer.access(entity.name).read
        plain = read.constant is True and (entity.name, TITLE) not in model.filling
        rows = (outline(entity.name, model.schema) if plain else entity.table).alias()
        right = clause(model, read, entity.name, rows)
        conditions = [rows.c.id == key, *(() if right is None else (right,))]
        title = kept_column(model, entity.name, rows, TITLE)
        return sa.select(title).where(*conditions).correlate(self.rows).scalar_subquery()

    def title(self, targets: Mapping[str, Column]) -> Column:
        """The title of the one target that is set."""
        titles = [self._title(target, key) for target, key in targets.items()]
        return titles[0] if len(titles) == 1 else sa.func.coalesce(*titles, type_=sa.Text())

    def linked(self, field: str) -> Column:
        """The live records behind a many-to-many that the viewer may read, by title, as a JSON array."""
        link = self.entity.fields[field].link
        assert link is not None
        if self.viewer.access(link.entity).read.constant is False:
            return json_text.constant("[]")
        pairs, target = self.pairs(link), self._table(link.entity).alias()
        title = kept_column(self.viewer.model, link.entity, target, TITLE)
        listed = _joined_by_title(_reference_json(target.c.id, link.entity, title), title, target)
        found = (
            sa.select(json_text.assembled(json_text.constant("["), listed, json_text.constant("]")))
            .select_from(sa.join(pairs.rows, target, target.c.id == pairs.target))
            .where(pairs.source == self.rows.c.id, target.c.deleted_at.is_(None), *pairs.conditions)
            .correlate(self.rows)
        )
        decision = self.viewer.access(link.entity).read
        allowed = clause(self.viewer.model, decision, link.entity, target, live=True)
        return (found if allowed is None else found.where(allowed)).scalar_subquery()

    def pairs(self, link: Link) -> Pairs:
        """The pairs of a many-to-many of this record that the viewer may know of."""
        along = link.through is not None and link.through.with_near
        ended = self.rows.c.deleted_at if along else None
        return readable_pairs(self.viewer.model, self.viewer.access_key, link, ended)

    def file(self, key: Column) -> Column:
        """The link to a file of this record; who may read the field may read its file."""
        file = self._table(FILE).alias()
        found = sa.select(self._file_json(file)).where(file.c.id == key).correlate(self.rows)
        return sa.func.coalesce(found.scalar_subquery(), json_text.NULL)

    def files(self, field: str) -> Column:
        """The links to the files of a field of this record, by name, as a JSON array."""
        link = self.entity.fields[field].link
        assert link is not None
        pairs, file = self.pairs(link), self._table(FILE).alias()
        title = kept_column(self.viewer.model, FILE, file, TITLE)
        listed = _joined_by_title(self._file_json(file), title, file)
        found = (
            sa.select(json_text.assembled(json_text.constant("["), listed, json_text.constant("]")))
            .select_from(sa.join(pairs.rows, file, file.c.id == pairs.target))
            .where(pairs.source == self.rows.c.id, file.c.deleted_at.is_(None), *pairs.conditions)
            .correlate(self.rows)
        )
        return found.scalar_subquery()

    def _file_json(self, file: sa.FromClause) -> Column:
        """A link; without what is told of the file where a token is not for files."""
        shown = self.viewer.access(FILE).read.constant is not False
        name = json_text.escaped(file.c.name) if shown else json_text.NULL
        return json_text.assembled(
            json_text.constant('{"id":"'), file.c.id,
            json_text.constant(f'","entity":"{FILE}","title":'), name,
            json_text.constant(',"name":'), name,
            json_text.constant(',"size":'), json_text.bare(file.c.size) if shown else json_text.NULL,
            json_text.constant(',"media_type":'),
            json_text.escaped(file.c.media_type) if shown else json_text.NULL,
            json_text.constant(f',"url":"{CONTENTS}/'), file.c.id, json_text.constant('"}'),
        )  # fmt: skip  # reads as the JSON does

    def formula(self, field: str) -> Column:
        """The value of an unstored formula, computed with the system's rights."""
        rule = self.entity.fields[field].formula
        assert rule is not None
        return computed(self.viewer.model, self.entity.name, self.rows, rule.expression)

    def formula_amount(self, field: str) -> Column:
        """The value of a money formula in the organisation's currency, computed with the system's rights."""
        rule = self.entity.fields[field].formula
        assert rule is not None
        return computed_amount(self.viewer.model, self.entity.name, self.rows, rule.expression)

    def _table(self, entity: str) -> sa.Table:
        return self.viewer.model.entities[entity].table

    def _described(self, target: str, key: Column) -> Column:
        if self.joins.titles or self.viewer.access(target).read.constant is False:
            return _reference_json(key, target, self._title(target, key))
        return _reference_json(key, target, self._looked_up(self.viewer.model.entities[target], key))

    def _title(self, target: str, key: Column) -> Column:
        if self.viewer.access(target).read.constant is False:
            return sa.cast(sa.null(), sa.Text)
        name = getattr(key, "name", None)
        own = name is not None and name in self.rows.c
        step = f"column {name}" if own else f"join {len(self.joins.conditions)}"
        return self._joined(target, key, (step, target)).column(TITLE)

    def _joined(self, target: str, key: Column, step: JoinKey, allowed: Column | None = None) -> RecordSource:
        place = (*self._place, *step)
        if place not in self.joins.found:
            rows = self._table(target).alias()
            right = clause(self.viewer.model, self.viewer.access(target).read, target, rows)
            conditions = [rows.c.id == key, *(c for c in (right, allowed) if c is not None)]
            self.joins.conditions.append((rows, sa.and_(*conditions)))
            entity = self.viewer.model.entities[target]
            self.joins.found[place] = RecordSource(self.viewer, entity, rows, self.joins, place)
        return self.joins.found[place]


def _reference_json(key: Column, entity: str, title: Column) -> Column:
    return json_text.assembled(
        json_text.constant('{"id":"'),
        key,
        json_text.constant(f'","entity":"{entity}","title":'),
        json_text.escaped(title),
        json_text.constant("}"),
    )


def _joined_by_title(entry: Column, title: Column, target: sa.FromClause) -> Column:
    """The entries with commas between them, ordered by title."""
    separator: Column = postgresql.aggregate_order_by(sa.literal_column("','"), title, target.c.id)
    return sa.func.string_agg(entry, separator)
