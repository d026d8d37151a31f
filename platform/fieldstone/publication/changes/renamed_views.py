"""Saved views in which something is renamed: what they show, their conditions, columns and orders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from fieldstone.model.model import Model
from fieldstone.publication.changes.renames import ARCHIVED, Renames
from fieldstone.publication.changes.table_change import TableChange
from fieldstone.records.saved_views import ENTITY, names
from fieldstone_metadata.uses.elements import ENTITY as AN_ENTITY
from fieldstone_metadata.uses.elements import FIELD, OPTION
from fieldstone_metadata.uses.expressions import used_by
from fieldstone_rules import Purpose, RuleError, Scope, check_expression
from fieldstone_rules.tree import Collection

_PATHS = ("order", "columns", "group")


def renamed_views(
    connection: sa.Connection, old: Model | None, new: Model, renames: Renames
) -> Iterator[TableChange]:
    """The changes of the views that people saved, each as far as it could be read before."""
    if old is None or not renames or ENTITY not in old.entities:
        return
    table, renaming = old.entities[ENTITY].table, _Renaming(old, new, renames)
    chosen = [table.c[name] for name in ("id", "shows", "where", *_PATHS)]
    for view in connection.execute(sa.select(*chosen).order_by(table.c.id)).mappings():
        changed = renaming.of_view(dict(view))
        if changed:
            shown = changed.get("shows", view["shows"])
            statement = (
                sa.update(table)
                .where(table.c.id == view["id"])
                .values(version=table.c.version + 1, **changed)
            )
            yield TableChange("names", f"entity {shown}", table.name, (statement,))


@dataclass(frozen=True)
class _Renaming:
    old: Model
    new: Model
    renames: Renames

    def of_view(self, view: Mapping[str, Any]) -> dict[str, str]:
        """What changes of a view, column by column."""
        shown = str(view["shows"])
        if shown not in self.old.entities:
            return {}
        wanted = {"shows": self.renames.entity(shown)}
        wanted |= {part: self._paths(shown, view[part]) for part in _PATHS if view[part]}
        if view["where"]:
            wanted["where"] = self._condition(shown, view["where"])
        return {name: value for name, value in wanted.items() if value != view[name]}

    def _paths(self, entity: str, listed: str) -> str:
        found = names(listed)
        paths = ["-" * path.startswith("-") + self._path(entity, path.removeprefix("-")) for path in found]
        renamed = [path for path in paths if ARCHIVED not in path]
        return listed if tuple(renamed) == found else ",".join(renamed)

    def _path(self, entity: str, path: str) -> str:
        """A path of fields, followed through the references of the model in force."""
        renamed, at = [], entity
        for name in path.split("."):
            renamed.append(self.renames.field(self.renames.entity(at), name) if at else name)
            field = self.old.entities[at].field(name) if at else None
            target = field.declaration.target if field is not None else None
            at = target.entities[0] if target is not None and len(target.entities) == 1 else ""
        return ".".join(renamed)

    def _condition(self, entity: str, source: str) -> str:
        """The condition in new names; as it is where the model in force does not understand it."""
        scope = Scope(self.old.rules_schema, entity, Purpose.FILTER)
        try:
            expression = check_expression(source, scope)
        except RuleError:
            return source
        edits = {
            edit
            for element, node in used_by(expression)
            if (edit := self._edit(element.kind, element.path, source, node)) is not None
        }
        if any(text.startswith(ARCHIVED) for _, _, text in edits):
            return source
        for start, end, text in sorted(edits, reverse=True):
            source = source[:start] + text + source[end:]
        return source

    def _edit(self, kind: str, path: tuple[str, ...], source: str, node: Any) -> tuple[int, int, str] | None:
        """Where a name stands in the source, from and to, and what takes its place."""
        now, first = self._now(kind, path), isinstance(node, Collection)
        if now == path[-1]:
            return None
        text = source[node.span.start : node.span.end]
        places = list(re.finditer(rf"(?<![\w]){re.escape(path[-1])}(?![\w])", text))
        if not places:
            return None
        place = places[0 if first else -1]
        return node.span.start + place.start(), node.span.start + place.end(), now

    def _now(self, kind: str, path: tuple[str, ...]) -> str:
        entity = self.renames.entity(path[0])
        if kind == AN_ENTITY:
            return entity
        if kind == FIELD:
            return self.renames.field(entity, path[1])
        if kind == OPTION:
            field = self.renames.field(entity, path[1])
            return self.renames.options.get((entity, field), {}).get(path[2], path[2])
        return path[-1]
