"""Where an expression's columns come from: the platform's tables, and the joins that hops need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa

from fieldstone_rules.sql_values import Column


@dataclass(frozen=True)
class Pairs:
    """The pairs of a many-to-many as a statement reads them.

    rows: an alias of the table that holds them. source, target: its columns for the record that declares the
    field, and for the one that it leads to. conditions: which of the rows are pairs.
    """

    rows: sa.FromClause
    source: Column
    target: Column
    conditions: tuple[Column, ...] = ()


def is_there(ended: Column, around: Column | None) -> Column:
    """Whether what ended at an instant is live, or went to the recycle bin with the record around it.

    around: when that ended; None: it is live, or what belongs to it does not go with it.
    """
    live = ended.is_(None)
    return live if around is None else sa.or_(live, ended == around)


class Tables(Protocol):
    """What the platform tells about its tables."""

    def table(self, entity: str) -> sa.FromClause:
        """The table of an entity."""

    def column(self, source: sa.FromClause, entity: str, field: str) -> Column:
        """A plain field of an alias of the table; of a reference the id, whatever entity it names."""

    def target(self, source: sa.FromClause, entity: str, field: str, target: str) -> Column:
        """The id in a reference to several entities, where it names a record of `target`; null otherwise."""

    def link(self, entity: str, field: str, ended: Column | None = None) -> Pairs:
        """The pairs of a many-to-many field of `entity`, under an alias of their own.

        ended: when the record whose pairs they are went to the recycle bin, where it may lie there and pairs
        went there with it: these are among them.
        """

    def readable(self, source: sa.FromClause, entity: str, field: str | None) -> Column | None:
        """The viewer's right to a field, or (None) to the record: a predicate, or None for no restriction."""


Path = tuple[str, ...]


class SqlScope:
    """The source of one statement and the joins that its expressions need; shared by them, so hops join
    once.

    live: whether the statement leaves out the records of the source that are in the recycle bin, so that
    nobody needs to look for what went there with them.
    """

    def __init__(self, tables: Tables, entity: str, source: sa.FromClause, *, live: bool = False) -> None:
        self.tables = tables
        self.entity = entity
        self.source = source
        self.live = live
        self._hops: dict[Path, tuple[str, sa.FromClause]] = {(): (entity, source)}
        self.joins: list[tuple[sa.FromClause, Column]] = []

    def at(self, path: Path) -> tuple[str, sa.FromClause]:
        """The entity and alias that a path has led to."""
        return self._hops[path]

    def hop(self, path: Path, field: str, target: str, *, several: bool) -> Path:
        """Follow a reference from a path; gives the longer path, whose alias is joined once."""
        step = f"{field}:{target}" if several else field
        longer = (*path, step)
        if longer not in self._hops:
            self._join(path, longer, field, target, several)
        return longer

    def _join(self, path: Path, longer: Path, field: str, target: str, several: bool) -> None:
        entity, source = self._hops[path]
        alias = self.tables.table(target).alias()
        key = self._key(source, entity, field, target, several)
        # Whoever may not read the reference, or the record that it names, finds nothing there.
        rights = (self.tables.readable(source, entity, field), self.tables.readable(alias, target, None))
        conditions = [self.tables.column(alias, target, "id") == key, *rights]
        self.joins.append((alias, sa.and_(*(one for one in conditions if one is not None))))
        self._hops[longer] = (target, alias)

    def _key(self, source: sa.FromClause, entity: str, field: str, target: str, several: bool) -> Column:
        if several:
            return self.tables.target(source, entity, field, target)
        return self.tables.column(source, entity, field)

    def apply(self, base: sa.FromClause) -> sa.FromClause:
        """`base LEFT JOIN …` with every join that the expressions lowered so far need."""
        joined = base
        for alias, condition in self.joins:
            joined = sa.outerjoin(joined, alias, condition)
        return joined

    def sources(self) -> list[sa.FromClause]:
        """The source and every joined alias."""
        return [self.source, *(alias for alias, _ in self.joins)]
