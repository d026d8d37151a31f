"""Renames inside the JSON that history and requests keep: field → value, or field → [before, after].

Values of records that live inside others stand in those of the outer one (see `records.inside.told`), so what
is rewritten follows the collections of the model in force, as deep as they go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

import orjson
import sqlalchemy as sa

from fieldstone.model.model import Entity, Field, Model
from fieldstone.publication.changes.renames import Names, Renames
from fieldstone.publication.changes.statements import Statement
from fieldstone_rules import Kind


@dataclass(frozen=True)
class JsonNames:
    """How the JSON of records changes. pairs: each field has two values, before and after."""

    old: Model
    new: Model
    renames: Renames
    pairs: bool

    def concerned(self) -> Iterator[str]:
        """The entities (new names) in whose JSON something is renamed."""
        gone = (name for name in self.renames.entities.values() if name not in self.new.entities)
        return (name for name in (*self.new.entities, *gone) if self._keys(name))

    def statement(self, table: sa.Table, column: sa.Column[object], entity: str) -> Statement:
        """Rewrites `column` in the rows of an entity."""
        name, keys = f'"{column.name}"', _listed(self._keys(entity))
        rewritten = self._rewritten(entity, name, 0)
        return sa.text(
            _escaped(
                f'UPDATE "{table.schema}"."{table.name}" SET {name} = {rewritten} '  # noqa: S608  # checked names
                f"WHERE entity = {_text(entity)} AND jsonb_exists_any({name}, ARRAY[{keys}])"
            )
        )

    def history(self, table: sa.Table, column: sa.Column[object]) -> Statement:
        """Rewrites the rows of all entities at once, their own names included: each row is written once, and
        entities may exchange their names.
        """
        name = f'"{column.name}"'
        told = [(self._told(entity, name), self._rewritten(entity, name, 0)) for entity in self.concerned()]
        named = [(f"entity = {_text(old)}", _text(new)) for old, new in self.renames.entities.items()]
        conditions = " OR ".join(condition for condition, _ in (*told, *named))
        return sa.text(
            _escaped(
                f'UPDATE "{table.schema}"."{table.name}" SET {name} = {_chosen(told, name)}, '  # noqa: S608  # checked names
                f"entity = {_chosen(named, 'entity')} WHERE {conditions or 'false'}"
            )
        )

    def _told(self, entity: str, name: str) -> str:
        """The rows of an entity, before it is renamed, in which something is."""
        keys = _listed(self._keys(entity))
        before = _text(self.renames.entity_before(entity))
        return f"entity = {before} AND jsonb_exists_any({name}, ARRAY[{keys}])"

    @staticmethod
    def of_values(
        table: sa.Table, column: sa.Column[object], entity: str, field: str, values: Names
    ) -> Statement:
        """Rewrites the values before and after of one field in the rows of an entity."""
        name, key = f'"{column.name}"', _text(field)
        formed = _of_each(f"{name} -> {key}", "s", _renamed_values("s", values, 0))
        rewritten = f"jsonb_set({name}, ARRAY[{key}], {formed})"
        return sa.text(
            _escaped(
                f'UPDATE "{table.schema}"."{table.name}" SET {name} = {rewritten} '  # noqa: S608  # checked names
                f"WHERE entity = {_text(entity)} AND jsonb_exists({name}, {key})"
            )
        )

    def _keys(self, entity: str) -> list[str]:
        """The keys (as they are now) whose name or value changes."""
        names = self.renames.fields.get(entity, {})
        values = {self.renames.field_before(entity, field) for field in self._options(entity)}
        return sorted({*names, *values, *self._inside(entity), *self._referring(entity)})

    def _referring(self, entity: str) -> tuple[str, ...]:
        """The fields, by their old names, whose values may name an entity that is renamed."""
        before = self._before(entity)
        renamed = {*self.renames.entities, *self.renames.entities.values()}
        if before is None or not renamed:
            return ()
        return tuple(_leading_to(renamed, before.fields.values()))

    def _options(self, entity: str) -> Mapping[str, Names]:
        return {field: names for (of, field), names in self.renames.options.items() if of == entity}

    def _inside(self, entity: str) -> Mapping[str, str]:
        """The collections of what lives inside, of which something is renamed: name → entity (new name)."""
        before = self._before(entity)
        if before is None:
            return {}
        inside = {name: self.renames.entity(line.entity) for name, line in before.lines.items()}
        return {name: of for name, of in inside.items() if self._keys(of)}

    def _before(self, entity: str) -> Entity | None:
        return self.old.entities.get(self.renames.entity_before(entity)) or self.old.entities.get(entity)

    def _rewritten(self, entity: str, value: str, depth: int) -> str:
        """The JSON object `value` of a record, at a depth inside others, with new names."""
        pairs = self.pairs and depth == 0
        key, cell = f"k{depth}", f"v{depth}"
        names = "".join(
            f" WHEN {_text(old)} THEN {_text(new)}"
            for old, new in self.renames.fields.get(entity, {}).items()
        )
        values = "".join(
            f" WHEN {_text(name)} THEN {form}"
            for name, form in self._value_forms(entity, cell, depth, pairs=pairs)
        )
        named = f"CASE {key}{names} ELSE {key} END" if names else key
        formed = f"CASE {key}{values} ELSE {cell} END" if values else cell
        return (
            f"(SELECT coalesce(jsonb_object_agg({named}, {formed}), '{{}}') "  # noqa: S608  # checked names
            f"FROM jsonb_each({value}) e{depth}({key}, {cell}))"
        )

    def _value_forms(self, entity: str, cell: str, depth: int, *, pairs: bool) -> Iterator[tuple[str, str]]:
        """Key → the new form of its value, where it has one."""
        for field, names in self._options(entity).items():
            inner = f"s{depth}" if pairs else cell
            form = _renamed_values(inner, names, depth)
            yield self.renames.field_before(entity, field), _of_each(cell, inner, form) if pairs else form
        for field in self._referring(entity):
            inner = f"s{depth}" if pairs else cell
            form = _renamed_references(inner, self.renames.entities, depth)
            yield field, _of_each(cell, inner, form) if pairs else form
        for name, of in self._inside(entity).items():
            one, side = f"o{depth}", f"s{depth}" if pairs else cell
            form = _of_each(side, one, self._rewritten(of, one, depth + 1))
            yield name, _of_each(cell, side, form) if pairs else form


def _leading_to(renamed: Set[str], fields: Iterable[Field]) -> Iterator[str]:
    """Those of the fields whose values may be references to some entities."""
    for field in fields:
        target = field.declaration.target
        type_ = field.formula.expression.type if field.formula is not None else None
        refers = target is not None or (type_ is not None and type_.kind is Kind.REFERENCE)
        entities = target.entities if target is not None else type_.entities if type_ is not None else ()
        if refers and (not entities or not renamed.isdisjoint(entities)):
            yield field.name


def _chosen(forms: Iterable[tuple[str, str]], otherwise: str) -> str:
    """The form of the first condition that holds."""
    cases = "".join(f" WHEN {condition} THEN {form}" for condition, form in forms)
    return f"CASE{cases} ELSE {otherwise} END" if cases else otherwise


def _renamed_references(value: str, names: Names, depth: int) -> str:
    """A reference (`{"id", "entity"}`), or each of a list of them, with its entity renamed."""
    known, one = _mapping(names), f"x{depth}"
    form = {
        name: f"coalesce(jsonb_set({name}, '{{entity}}', {known} -> ({name} ->> 'entity')), {name})"
        for name in (value, one)
    }
    return (
        f"CASE jsonb_typeof({value}) WHEN 'object' THEN {form[value]} "
        f"WHEN 'array' THEN {_of_each(value, one, form[one])} ELSE {value} END"
    )


def _mapping(names: Names) -> str:
    return f"CAST({_text(orjson.dumps(dict(names)).decode())} AS jsonb)"


def _renamed_values(value: str, names: Names, depth: int) -> str:
    """A text, or each of a list of texts, renamed."""
    known, one = _mapping(names), f"x{depth}"
    renamed = {name: f"coalesce({known} -> ({name} #>> '{{}}'), {name})" for name in (value, one)}
    return (
        f"CASE jsonb_typeof({value}) WHEN 'string' THEN {renamed[value]} "
        f"WHEN 'array' THEN {_of_each(value, one, renamed[one])} ELSE {value} END"
    )


def _of_each(value: str, one: str, form: str) -> str:
    """The JSON list `value` with `form` of each item, called `one` there; anything else as it is."""
    return (
        f"CASE jsonb_typeof({value}) WHEN 'array' THEN "  # noqa: S608  # checked names
        f"(SELECT coalesce(jsonb_agg({form} ORDER BY n_{one}), "
        f"'[]') FROM jsonb_array_elements({value}) WITH ORDINALITY a_{one}({one}, n_{one})) ELSE {value} END"
    )


def _text(value: str) -> str:
    """A name as a literal; no name has a quote."""
    assert "'" not in value
    return f"'{value}'"


def _listed(names: list[str]) -> str:
    return ", ".join(map(_text, names))


def _escaped(statement: str) -> str:
    """For `text()`, to which a colon begins a parameter."""
    return statement.replace(":", r"\:")
