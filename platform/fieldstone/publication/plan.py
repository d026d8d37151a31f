"""A plan: what publishing documents would do to the database that is there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from fieldstone.database.database import Database
from fieldstone.model.model import Field, Model
from fieldstone.publication.afterwards.builds import set_apart
from fieldstone.publication.afterwards.unfinished import TABLE, unfinished
from fieldstone.publication.alone.in_use import Needed
from fieldstone.publication.changes.conversions import FieldConversion, conversions_between
from fieldstone.publication.changes.ended_limits import ended_limits
from fieldstone.publication.changes.expressed import ExpressedField, expressed_between
from fieldstone.publication.changes.given_values import giving
from fieldstone.publication.changes.locks import Lock, lock_of, needed_tables
from fieldstone.publication.changes.names_in_data import renamed_data
from fieldstone.publication.changes.removals import Removal, archived_names, removals_between, with_archived
from fieldstone.publication.changes.renamed_tables import TableMove, renamed_model
from fieldstone.publication.changes.renamed_views import renamed_views
from fieldstone.publication.changes.renames import Renames, renames_between
from fieldstone.publication.changes.statements import Statement, sql_text
from fieldstone.publication.changes.table_change import ORDER, Example, Preview, TableChange
from fieldstone.publication.changes.tables import stored_otherwise, table_changes
from fieldstone.publication.changes.uses_in_data import UsesInData
from fieldstone.publication.counts import Counts
from fieldstone.publication.elements import Change, changes
from fieldstone.publication.refusal import Refusal
from fieldstone.publication.refusals import refusals
from fieldstone.publication.store import checksum
from fieldstone_metadata import Layer
from fieldstone_metadata.upgrade_conflicts import UpgradeConflict
from fieldstone_metadata.uses.elements import ENTITY, FIELD, MESSAGE, ROLE, VIEW, Element, Use
from fieldstone_metadata.uses.index import used_in, uses


@dataclass(frozen=True)
class Step:
    """One line of a plan.

    action: "create", "change", "rename" or "remove". rows: how many exist in what it touches. destructive:
    data goes into the archive. uses: what uses the element in the documents in force and in saved views, of
    what is renamed or removed or gets another type. lost: how many values do not convert; examples: the first
    of them. previews: what an expression makes of the first records. lock: what others wait for meanwhile;
    None where nobody does.
    """

    action: str
    kind: str
    name: str
    detail: str
    rows: int
    statements: tuple[Statement, ...] = ()
    destructive: bool = False
    uses: tuple[str, ...] = ()
    lost: int = 0
    examples: tuple[Example, ...] = ()
    previews: tuple[Preview, ...] = ()
    lock: Lock | None = None

    @property
    def element(self) -> str:
        """What people call what it touches."""
        return f"{self.kind} {self.name}"

    @property
    def sql(self) -> tuple[str, ...]:
        """The statements as PostgreSQL gets them; made when somebody looks."""
        return tuple(map(sql_text, self.statements))


@dataclass(frozen=True)
class Plan:
    """What publishing would do. base: the version that it would follow.

    steps: for people. statements: what is executed, in order. refusals: if there is any, nothing can be
    applied.
    drift: tables and columns that somebody made behind the platform's back; they are left alone.
    drifting: the tables that they are or stand in.
    unchanged: the documents are those in force, so there is nothing to do.
    conflicts: changes of higher layers whose base changes underneath, and nobody has decided yet; nothing can
    be applied. needed: the tables that nobody may use meanwhile. later: those of which something is built
    afterwards. early: the indexes that are built before. building: what earlier publications left to be
    built, for people; computing: what this one leaves to be computed.
    """

    base: int
    steps: tuple[Step, ...]
    statements: tuple[Statement, ...]
    refusals: tuple[Refusal, ...]
    drift: tuple[str, ...]
    drifting: frozenset[str]
    unchanged: bool
    conflicts: tuple[UpgradeConflict, ...] = ()
    needed: tuple[Needed, ...] = ()
    later: frozenset[str] = frozenset()
    early: tuple[TableChange, ...] = ()
    building: tuple[str, ...] = ()
    computing: tuple[str, ...] = ()

    @property
    def destructive(self) -> tuple[Refusal, ...]:
        """Why it is refused unless somebody allows it: what loses data."""
        return tuple(_not_allowed(step) for step in self.steps if step.destructive)

    def as_json(self) -> dict[str, Any]:
        """The plan as plain values, for `--json` and the API."""
        return {
            "base": self.base,
            "unchanged": self.unchanged,
            "steps": [
                {
                    "action": step.action,
                    "kind": step.kind,
                    "name": step.name,
                    "detail": step.detail,
                    "rows": step.rows,
                    "destructive": step.destructive,
                    "uses": list(step.uses),
                    "lock": None if step.lock is None else vars(step.lock),
                    "lost": step.lost,
                    "examples": [vars(example) for example in step.examples],
                    "preview": [vars(preview) for preview in step.previews],
                    "sql": list(step.sql),
                }
                for step in self.steps
            ],
            "refusals": [vars(refusal) for refusal in self.refusals],
            "destructive": bool(self.destructive),
            "drift": list(self.drift),
            "building": list(self.building),
            "computing": list(self.computing),
            "conflicts": [conflict.as_json() for conflict in self.conflicts],
        }


def _not_allowed(step: Step) -> Refusal:
    if step.lost:
        return _not_converted(step)
    message = (
        f"{step.rows:,} rows would lose what they hold; it goes into the archive. Allow it with "
        "`--allow-destructive`, or declare it as it was; a field is put out of sight by `visible: false`."
    )
    return Refusal(step.element, "destructive", message)


def _not_converted(step: Step) -> Refusal:
    more = ", …" if step.lost > len(step.examples) else ""
    message = (
        f"{step.lost:,} of its values do not convert: {', '.join(map(str, step.examples))}{more}. Change "
        "them first, or have them become empty with `--allow-destructive`; they go into the archive."
    )
    return Refusal(step.element, "not_convertible", message)


@dataclass(frozen=True)
class Difference:
    """What separates the documents of two models, `old` (in force, if anything is) and `new`.

    changes: element by element. renames: what goes on under another name. stored: `old` with its tables
    called as they will be; moves: what that renames. removals: what is declared no longer. conversions: what
    gets another type; expressed: what gets its values from an expression. It is found without a database,
    once for each publication.
    """

    old: Model | None
    new: Model
    changes: tuple[Change, ...]
    renames: Renames
    stored: Model | None
    moves: tuple[TableMove, ...]
    removals: tuple[Removal, ...]
    conversions: tuple[FieldConversion, ...]
    expressed: tuple[ExpressedField, ...] = ()

    def used(self, change: Change) -> Element | None:
        """What a change renames, removes or gives another type, by its name in force."""
        if (
            change.action not in {"rename", "remove"}
            and f"{change.kind} {change.name}" not in self._converted
        ):
            return None
        if change.kind not in _USED:
            return None
        first, *field = change.name.split(".")
        path = [self.renames.entity_before(first) if change.kind in {ENTITY, FIELD} else first, *field]
        path[-1] = change.was or (self.renames.field_before(first, path[-1]) if field else path[-1])
        return Element(change.kind, tuple(path))

    def uses_of(self, change: Change) -> tuple[str, ...]:
        """What uses it in the documents in force."""
        element = self.used(change)
        return () if element is None else tuple(map(str, used_in(self._uses, element)))

    @cached_property
    def _converted(self) -> frozenset[str]:
        converted = {each.element for each in self.conversions}
        return frozenset(converted | {each.element for each in self.expressed})

    @cached_property
    def _uses(self) -> Mapping[Element, frozenset[Use]]:
        return uses(self.old.application) if self.old is not None else {}

    @property
    def entities(self) -> frozenset[str]:
        """The entities whose tables may differ, by their old and new names, those that are gone included."""
        told = _entities_told(self.changes)
        return told | self.renames.entities.keys() | stored_otherwise(self.old, self.new)


_USED = frozenset({ENTITY, FIELD, ROLE, VIEW, MESSAGE})
"""Kinds of elements of which the documents know what uses them."""


def _entities_told(found: Sequence[Change]) -> frozenset[str]:
    return frozenset(change.name.split(".")[0] for change in found if change.kind in {"entity", "field"})


def difference(old: Model | None, new: Model) -> Difference:
    """What separates two models."""
    before = old.application if old else None
    renames = renames_between(before, new.application)
    found = tuple(changes(before, new.application, renames))
    stored, moves = (None, ()) if old is None else renamed_model(old, new, renames, _entities_told(found))
    changed = _entities_told(found) | stored_otherwise(old, new)
    expressed = expressed_between(old, new, renames, changed)
    removals = removals_between(old, new, renames, expressed)
    converted = conversions_between(old, stored, new, renames, changed, {each.new for each in expressed})
    return Difference(old, new, found, renames, stored, moves, removals, converted, expressed)


def make_plan(
    connection: sa.Connection,
    database: Database,
    between: Difference,
    layers: Sequence[Layer],
    old_checksum: str | None,
    *,
    large_table: int | None = None,
) -> Plan:
    """What brings the database from one model to the other, whose documents are `layers`.

    large_table: a table of more rows is large; None: as the installation says.
    """
    old, new, system = between.old, between.new, database.system
    counts = Counts(connection, new.schema)
    found = table_changes(
        connection,
        system,
        between.stored,
        new,
        changed=between.entities,
        moves=between.moves,
        removals=between.removals,
        conversions=between.conversions,
        counts=counts,
    )
    found += giving(connection, database, old, new, between.expressed) if old is not None else ()
    names = with_archived(between.renames, archived_names(between.removals, between.renames, new.version))
    found += renamed_data(system, old, new, names)
    found += renamed_views(connection, old, new, names)
    found += ended_limits(connection, system, old, new, between.renames)
    waiting = [one for one in unfinished(connection, system) if one.kind == TABLE]
    names_waiting = [name for one in waiting for name in one.names]
    most = database.large_table if large_table is None else large_table
    found = set_apart(found, counts, most, between.moves, names_waiting)
    found.sort(key=lambda change: ORDER[change.action])
    return Plan(
        base=old.version if old else 0,
        steps=tuple(_steps(connection, between, found, counts)),
        statements=tuple(_statements(found, {each.element for each in between.expressed})),
        refusals=tuple(refusals(old, new, between.renames, found, counts, between.expressed)),
        drift=tuple(change.element for change in found if change.unknown),
        drifting=frozenset(change.table for change in found if change.unknown),
        unchanged=checksum(layers) == old_checksum,
        early=tuple(change for change in found if change.early),
        building=tuple(map(str, waiting)),
        later=frozenset(change.table for change in found if change.later),
        needed=needed_tables(new.schema, found, between.moves, between.removals),
    )


def _statements(found: list[TableChange], expressed: Collection[str]) -> Iterator[Statement]:
    """What is executed. expressed: the elements that get their values from an expression."""
    for change in found:
        yield from change.statements
        new = change.action == "add" and change.element not in expressed
        if new and change.field is not None and change.statements:
            yield from _fill(change.field, str(change.column))


def _fill(field: Field, column: str) -> Iterator[Statement]:
    """Records that exist get the plain default of a new field; an expression is meant for new ones only."""
    default = field.declaration.default
    if default is not None and default.expression is None:
        row = field.type.to_row(field.type.read(default.value))
        yield sa.update(field.columns[0].table).values({column: row[column]})


def _steps(
    connection: sa.Connection, between: Difference, found: list[TableChange], counts: Counts
) -> Iterator[Step]:
    of: dict[str, list[TableChange]] = {}
    for change in found:
        if change.action != "names":
            of.setdefault(_shown_as(change.element, between), []).append(change)
    tables = {move.after: move.before for move in between.moves}
    uses_in_data = UsesInData(connection, between.old)
    for told in between.changes:
        changes = of.pop(f"{told.kind} {told.name}", [])
        table = changes[0].table if changes else _table_of(told.kind, told.name, between.new) or ""
        there = counts.rows(tables.get(table, table))
        rows = _rows(changes, there)
        detail = ", ".join(filter(None, [_detail(told, between.new), *_details(changes)]))
        destructive = any(change.destructive for change in changes)
        used = (*between.uses_of(told), *uses_in_data.of(between.used(told)))
        lost = next((change for change in changes if change.lost), _NOTHING)
        previews = next((change.previews for change in changes if change.previews), ())
        yield Step(
            told.action, told.kind, told.name, detail, rows, _all(changes), destructive, used, lost.lost,
            lost.examples, previews, lock_of(changes, there),
        )  # fmt: skip  # the arguments on as few lines
    # What the documents do not show: indexes and columns that follow from them, or that somebody removed.
    for element, changes in of.items():
        if any(change.statements or change.later for change in changes):
            kind, name = element.split(" ", 1)
            action = _action(changes)
            table = changes[0].table
            there = counts.rows(tables.get(table, table))
            rows = _rows(changes, there)
            destructive = any(change.destructive for change in changes)
            detail = ", ".join([f"on {table}", *_details(changes)])
            lock = lock_of(changes, there)
            yield Step(action, kind, name, detail, rows, _all(changes), destructive=destructive, lock=lock)
    yield from _names_step([change for change in found if change.action == "names"])


_NOTHING = TableChange("convert", "", "")


def _action(found: Sequence[TableChange]) -> str:
    """What happens to an element that the documents do not name."""
    actions = {change.action for change in found}
    return (
        {"rename": "rename", "drop": "remove"}.get(min(actions), "create") if len(actions) == 1 else "change"
    )


def _rows(found: Sequence[TableChange], otherwise: int) -> int:
    told = [change.rows for change in found if change.rows is not None]
    return sum(told) if told else otherwise


def _details(found: Sequence[TableChange]) -> Iterator[str]:
    return (change.detail for change in found if change.detail and (change.statements or change.later))


def _names_step(found: list[TableChange]) -> Iterator[Step]:
    if found:
        tables = ", ".join(dict.fromkeys(change.table for change in found))
        yield Step("rename", "names", "in rows", f"where they stand in {tables}", 0, _all(found))


def _all(found: list[TableChange]) -> tuple[Statement, ...]:
    return tuple(statement for change in found for statement in (*change.statements, *change.later))


def _shown_as(element: str, between: Difference) -> str:
    """The fields of a new entity are told with the entity."""
    kind, name = element.split(" ", 1)
    entity, old = name.split(".")[0], between.old
    is_new = old is None or between.renames.entity_before(entity) not in old.entities
    return f"entity {entity}" if kind == "field" and is_new and entity in between.new.entities else element


def _table_of(kind: str, name: str, new: Model) -> str | None:
    if kind not in {"entity", "field"}:
        return None
    entity = new.entities.get(name.split(".", maxsplit=1)[0])
    return entity.table.name if entity else None


def _detail(told: Change, new: Model) -> str:
    if told.action == "rename":
        return f"was {told.was}"
    if told.action == "remove":
        return ""
    if told.kind == "entity":
        entity = new.entities[told.name]
        return ", ".join(entity.fields) if told.action == "create" else "its own keys"
    if told.kind == "field":
        entity_name, field = told.name.split(".")
        return new.entities[entity_name].fields[field].declaration.type
    return ""
