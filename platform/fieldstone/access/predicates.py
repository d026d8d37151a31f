"""Decisions as SQL: a permission is part of the statement, so nothing that reads can forget it.

Conditions of roles read with the system's rights (rules.md, "Whose rights").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from fieldstone.access.decisions import Decision, Follows, OfParent, Part, Shared
from fieldstone.access.grants import AccessKey, access_for_key, decided, decided_field
from fieldstone.access.shared_predicates import shared_clause
from fieldstone.fields.any_reference import entity_column
from fieldstone.model.model import Entity, Link, Model, Rule
from fieldstone.model.rule_columns import KEPT_TITLE, SystemColumns, computed
from fieldstone.model.system_fields import outline
from fieldstone_rules import Pairs, SqlScope, lower
from fieldstone_rules.schema import BASE_SUFFIX
from fieldstone_rules.sql.constants import RequestConstants

Column = sa.ColumnElement[Any]


def joined_clause(
    model: Model, decision: Decision, scope: SqlScope, about: str | None = None
) -> Column | None:
    """The clause of a decision for the record of `scope`, whose joins it may extend; None: always allowed.

    about: the entity of what the record is about, where the statement only asks for such comments or files.
    """
    return _clause(model, decision, scope.source, lambda rule: lower(rule.expression, scope), about)


def clause(
    model: Model, decision: Decision, entity: str, source: sa.FromClause, *, live: bool = False
) -> Column | None:
    """The clause of a decision for the record at `source`, without joins; None: always allowed.

    live: whether the statement leaves out what is in the recycle bin there.
    """

    def lowered(rule: Rule) -> Column:
        return computed(model, entity, source, rule.expression, live=live)

    return _clause(model, decision, source, lowered)


def _clause(
    model: Model,
    decision: Decision,
    source: sa.FromClause,
    lowered: Callable[[Rule], Column],
    about: str | None = None,
) -> Column | None:
    if decision.constant is not None:
        return None if decision.constant else sa.false()

    def of(condition: Part) -> Column:
        if isinstance(condition, Follows):
            return _followed(model, condition, source, about)
        if isinstance(condition, OfParent):
            return _of_parent(model, condition, source)
        if isinstance(condition, Shared):
            return shared_clause(model, condition, source)
        return lowered(condition) if isinstance(condition, Rule) else sa.literal(condition)

    granted = [sa.and_(*(of(condition) for condition in part)) for part in decision.grants if part]
    parts = [sa.or_(*granted)] if len(granted) == len(decision.grants) else []
    parts += [of(denial).is_(sa.false()) for denial in decision.denials]
    return sa.and_(*parts)


def _of_parent(model: Model, condition: OfParent, source: sa.FromClause) -> Column:
    """What a condition comes to for the record that the one at `source` lives inside."""
    outside = model.entities[condition.entity].table.alias()
    asked = condition.asked
    if isinstance(asked, OfParent):
        value = _of_parent(model, asked, outside)
    elif isinstance(asked, Follows):
        value = _followed(model, asked, outside)
    elif isinstance(asked, Shared):
        value = shared_clause(model, asked, outside)
    else:
        value = computed(model, condition.entity, outside, asked.expression)
    found = sa.select(value).where(outside.c.id == source.c[condition.field])
    return found.correlate(source).scalar_subquery()


def _followed(model: Model, condition: Follows, source: sa.FromClause, only: str | None = None) -> Column:
    """Whether the record that a reference to any entity names is live and may be read (or changed).

    PostgreSQL plans each branch by itself and runs only the one that applies. only: the entity that it names.
    """
    led_to = (entity for entity in _led_to(model, condition) if only in {None, entity.name})
    granted = ((e, access_for_key(model, condition.access_key, e.name)) for e in led_to)
    branches = {
        entity.name: _allowed_target(model, condition, entity, source)
        for entity, access in granted
        if decided(access, condition.verb).constant is not False
    }
    kind = source.c[entity_column(condition.field)]
    allowed = sa.case(branches, value=kind, else_=sa.false()) if branches else sa.false()
    if condition.within is None:
        return allowed
    alone = source.c.created_by == RequestConstants.user
    return sa.case((source.c[condition.field].is_(None), alone), else_=allowed)


def _led_to(model: Model, condition: Follows) -> Iterable[Entity]:
    return model.with_activities if condition.within is None else model.with_files


def _allowed_target(model: Model, condition: Follows, entity: Entity, source: sa.FromClause) -> Column:
    access = access_for_key(model, condition.access_key, entity.name)
    decision = decided(access, condition.verb)
    alike = decision.constant is True and not (condition.within and entity.holding_files)
    target = (outline(entity.name, model.schema) if alike else entity.table).alias()
    right = clause(model, decision, entity.name, target, live=True)
    conditions = [target.c.id == source.c[condition.field], target.c.deleted_at.is_(None)]
    conditions += [] if right is None else [right]
    if condition.within is not None:
        conditions.append(_allowed_field(model, condition, entity, (source, target)))
    one: Column = sa.literal_column("1")
    return sa.select(one).where(*conditions).correlate(source).exists()


def _allowed_field(
    model: Model, condition: Follows, entity: Entity, tables: tuple[sa.FromClause, sa.FromClause]
) -> Column:
    """Whether the field that holds a file may be read (or changed); what is attached is in no field."""
    source, target = tables
    access = access_for_key(model, condition.access_key, entity.name)
    rights = {
        field.name: clause(model, decided_field(access, condition.verb, field.name), entity.name, target)
        for field in entity.holding_files
    }
    named = source.c[str(condition.within)]
    allowed = {name: sa.true() if right is None else right for name, right in rights.items()}
    held = sa.case(allowed, value=named, else_=sa.false()) if allowed else sa.false()
    return sa.or_(named.is_(None), held)


class ViewerColumns(SystemColumns):
    """The tables as the holder of an access key sees them: unreadable records and values are null.

    For one statement: a right that it asks for at many places is made once.
    """

    def __init__(self, model: Model, access_key: AccessKey) -> None:
        super().__init__(model)
        self._access_key = access_key
        self._rights: dict[tuple[sa.FromClause, str | None], Column | None] = {}

    def readable(self, source: sa.FromClause, entity: str, field: str | None) -> Column | None:
        """The right to a record (field None) or to one of its fields in a record that may be read."""
        asked = (source, field)
        if asked not in self._rights:
            self._rights[asked] = self._right(source, entity, field)
        return self._rights[asked]

    def _right(self, source: sa.FromClause, entity: str, field: str | None) -> Column | None:
        granted = access_for_key(self.model, self._access_key, entity)
        if field is None:
            return clause(self.model, granted.read, entity, source)
        if field == KEPT_TITLE:
            return None
        right = granted.field_read(field.removesuffix(BASE_SUFFIX))
        return clause(self.model, right, entity, source)

    def link(self, entity: str, field: str, ended: Column | None = None) -> Pairs:
        """The pairs of a many-to-many field that the holder may know of."""
        found = self.model.entities[entity].fields[field].link
        assert found is not None
        return readable_pairs(self.model, self._access_key, found, ended)


def readable_pairs(model: Model, access_key: AccessKey, link: Link, ended: Column | None = None) -> Pairs:
    """The pairs of a many-to-many of which somebody may know. ended: as of `Tables.link`.

    Where they are records of a declared entity, these must be readable too, with both their references.
    """
    pairs = link.pairs(ended)
    return replace(pairs, conditions=(*pairs.conditions, *link_rights(model, access_key, link, pairs.rows)))


def link_rights(model: Model, access_key: AccessKey, link: Link, rows: sa.FromClause) -> list[Column]:
    """The rights that somebody needs to know of a link at `rows`; none where it is but a pair."""
    if link.through is None:
        return []
    entity = link.through.entity
    granted = access_for_key(model, access_key, entity)
    decisions = (granted.read, granted.field_read(link.through.near), granted.field_read(link.through.far))
    rights = (clause(model, decision, entity, rows) for decision in dict.fromkeys(decisions))
    return [right for right in rights if right is not None]
