"""Which kept values a publication computes itself, and which it leaves to be computed afterwards.

Those of large tables come afterwards, so that nobody waits for them; until then they are computed on read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace

import sqlalchemy as sa

from fieldstone.database.database import Database
from fieldstone.model.model import Entity, Model
from fieldstone.publication.afterwards.kept_values import bring_up_to_date, following, outdated_values
from fieldstone.publication.afterwards.unfinished import computing, leave_values, renamed, unfinished
from fieldstone.publication.changes.filling import fill_required
from fieldstone.publication.changes.names_in_data import ROLE_ASSIGNMENT
from fieldstone.publication.plan import Difference
from fieldstone.records.kept.plan import Key, plan_of

_SMALLEST_ROW = 40
"""Bytes: a row has a head and an id. A table of less cannot be large, whatever its statistics say."""
_ANY_LARGE = """
    SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relkind = 'r' AND pg_relation_size(c.oid) > :least)
"""


def fill(connection: sa.Connection, database: Database, between: Difference) -> Model:
    """Bring what records hold in line with the new model, in the transaction of the publication.

    Fields that are required from now on get their default, and kept values that mean something else are
    computed again: here, or later. Gives the new model, which knows what comes later.
    Raises PlanRefused where a default or a stored formula has no value for a record.
    """
    going_on = renamed(unfinished(connection, database.system), between.renames)
    waiting = {(entity, name) for entity, one in going_on.items() for name in one.names}
    outdated = outdated_values(between) | following(between.new, _with_other_values(between))
    model = _while_filling(between.new, waiting | outdated)
    outdated |= following(model, fill_required(connection, database, replace(between, new=model)))
    later = frozenset(_later(connection, database, model, outdated))
    model = _while_filling(between.new, (waiting - outdated) | later)
    bring_up_to_date(connection, database, model, outdated - later)
    keys: dict[str, set[str]] = defaultdict(set)
    for entity, name in model.filling:
        keys[entity].add(name)
    stay = {entity: one for entity, one in going_on.items() if not _begins_anew(entity, later, waiting)}
    leave_values(connection, database.system, model.version, keys, stay)
    return model


def _with_other_values(between: Difference) -> set[Key]:
    """The fields whose values the statements of the plan have changed."""
    renames = between.renames
    changed = {(each.entity, each.new.name) for each in between.conversions}
    changed |= {(each.entity, each.new.name) for each in between.expressed}
    roles = {(ROLE_ASSIGNMENT, "role")} if renames.roles else set()
    return changed | renames.options.keys() | roles


def computed_later(connection: sa.Connection, database: Database, between: Difference) -> tuple[str, ...]:
    """What `fill` would leave to be computed afterwards, for people; nothing where no table is large."""
    size = {"schema": database.schema, "least": database.large_table * _SMALLEST_ROW}
    if between.old is None or not connection.scalar(sa.text(_ANY_LARGE), size):
        return ()
    converted = {(each.entity, each.new.name) for each in between.conversions}
    names: dict[str, set[str]] = defaultdict(set)
    for entity, name in outdated_values(between) | following(between.new, converted):
        names[entity].add(name)
    return tuple(
        computing(entity, sorted(found - _told_apart(between.new.entities[entity])))
        for entity, found in sorted(names.items())
        if (old := between.old.entities.get(between.renames.entity_before(entity))) is not None
        and found - _told_apart(between.new.entities[entity])
        and is_large(connection, old.table, database.large_table)
    )


def _while_filling(model: Model, keys: Collection[Key]) -> Model:
    return model.while_filling(frozenset(keys & plan_of(model).values.keys()))


def _begins_anew(entity: str, later: Collection[Key], waiting: Collection[Key]) -> bool:
    return any(key[0] == entity for key in later) or not any(key[0] == entity for key in waiting)


def _later(
    connection: sa.Connection, database: Database, model: Model, outdated: Collection[Key]
) -> set[Key]:
    """The values of large tables, but those of which no two records may have the same."""
    large = {
        name
        for name in sorted({entity for entity, _ in outdated})
        if is_large(connection, model.entities[name].table, database.large_table)
    }
    alike = {name: _told_apart(model.entities[name]) for name in large}
    return {(entity, name) for entity, name in outdated if entity in large and name not in alike[entity]}


def is_large(connection: sa.Connection, table: sa.Table, most: int) -> bool:
    """Whether a table has more than `most` rows; it is not counted further than that."""
    some = sa.select(sa.literal(1)).select_from(table).limit(most + 1).subquery()
    return (connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0) > most


def _told_apart(entity: Entity) -> frozenset[str]:
    """The fields by which records are told apart: other records are looked for by their columns."""
    alone = {field.name for field in entity.fields.values() if field.declaration.unique}
    together = {name for names in entity.declaration.unique for name in names}
    same = {name for rule in entity.declaration.duplicates for name in rule.match}
    return frozenset(alone | together | same)
