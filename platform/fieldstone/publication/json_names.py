"""Renames inside the JSON that history and requests keep: field → value, or field → [before, after].

Values of records that live inside others stand in those of the outer one (see `records.inside.told`), so what
is rewritten follows the collections of the model in force, as deep as they go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson
import sqlalchemy as sa

from fieldstone.model.model import Entity, Model
from fieldstone.publication.renames import Names, Renames
from fieldstone.publication.statements import Statement

_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_MARK = "~"


@dataclass(frozen=True)
class JsonNames:
    """How the JSON of records changes. pairs: each field has two values, before and after."""

    old: Model
    new: Model
    renames: Renames
    pairs: bool

    def concerned(self) -> Iterator[str]:
        """The entities (new names) in whose JSON something is renamed."""
        return (entity.name for entity in self.new.entities.values() if self._keys(entity.name))

    def statement(self, table: sa.Table, column: sa.Column[object], entity: str) -> Statement:
        """Rewrites `column` in the rows of an entity."""
        name, keys = f'"{column.name}"', _listed(self._keys(entity))
        rewritten = self._rewritten(entity, name, 0, pairs=self.pairs)
        return sa.text(
            _escaped(
                f'UPDATE "{table.schema}"."{table.name}" SET {name} = {rewritten} '  # noqa: S608  # checked names
                f"WHERE entity = {_text(entity)} AND jsonb_exists_any({name}, ARRAY[{keys}])"
            )
        )

    @staticmethod
    def of_references(table: sa.Table, column: sa.Column[object], names: Names) -> list[Statement]:
        """Rewrites the entity in references (`{"id", "entity"}`), wherever they stand in `column`.

        The text of `jsonb` is always written alike, and quotes inside of texts are escaped, so nothing else
        looks like a reference.
        """
        set_ = f'UPDATE "{table.schema}"."{table.name}" SET "{column.name}" = '  # noqa: S608  # checked names
        name = f'CAST("{column.name}" AS text)'
        pairs = [(f'{old}"\\}}', f'{_MARK}{new}"}}', f'{old}"}}') for old, new in names.items()]
        found = [*pairs, (_MARK, "", _MARK)]
        before = f'(\\{{"id": "{_UUID}", "entity": ")'
        statements = [
            f"{set_} CAST(regexp_replace({name}, '{before}{old}', '\\1{new}', 'g') AS jsonb) "
            f'WHERE position(\'"entity": "{literal}\' in {name}) > 0'
            for old, new, literal in found
        ]
        return [sa.text(_escaped(statement)) for statement in statements]

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
        return sorted({*names, *values, *self._inside(entity)})

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
        return self.old.entities.get(self.renames.entity_before(entity))

    def _rewritten(self, entity: str, value: str, depth: int, *, pairs: bool) -> str:
        """The JSON object `value` of a record with new names."""
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
        for name, of in self._inside(entity).items():
            one, side = f"o{depth}", f"s{depth}" if pairs else cell
            form = _of_each(side, one, self._rewritten(of, one, depth + 1, pairs=False))
            yield name, _of_each(cell, side, form) if pairs else form


def _renamed_values(value: str, names: Names, depth: int) -> str:
    """A text, or each of a list of texts, renamed."""
    known = f"CAST({_text(orjson.dumps(dict(names)).decode())} AS jsonb)"
    one = f"x{depth}"
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
