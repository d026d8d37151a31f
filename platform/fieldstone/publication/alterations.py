"""What is different in a changed element, attribute by attribute: `label: Deal → Opportunity`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fieldstone.publication.changes.renames import Renames, renames_between
from fieldstone.publication.elements import KINDS, Change
from fieldstone_metadata.declarations import Application, Conversion, Origin
from fieldstone_rules import Expression
from fieldstone_rules.rule_files.declarations import RuleFile

_NAMES = ("name", "value")
"""The attributes by which the items of a list are told apart, the first that an item has."""


@dataclass(frozen=True)
class Alteration:
    """One attribute that differs.

    path: where it stands in the element, such as `label` or `choices.won.color`; empty for a text as a whole.
    before, after: its values as text, expressions as they were written; None where there was none.
    """

    path: str
    before: str | None
    after: str | None


def alterations(change: Change, old: Application | None, new: Application) -> tuple[Alteration, ...]:
    """What makes up `change`; nothing for an element that is new or gone, whose name says it all."""
    if change.action == "rename":
        return (Alteration("name", change.was, change.name.rsplit(".", maxsplit=1)[-1]),)
    if change.action != "change" or old is None:
        return ()
    before = dict(_attributes(_element(_before(change, renames_between(old, new)), old), ""))
    after = dict(_attributes(_element(change, new), ""))
    paths = [*before, *(path for path in after if path not in before)]
    return tuple(
        Alteration(path, before.get(path), after.get(path))
        for path in paths
        if before.get(path) != after.get(path)
    )


def _before(change: Change, renames: Renames) -> Change:
    """The change with the name that its element had."""
    if change.kind == "role":
        return dataclasses.replace(change, name=renames.role_before(change.name))
    if change.kind not in {"entity", "field"}:
        return change
    entity, *field = change.name.split(".")
    names = [renames.entity_before(entity), *(renames.field_before(entity, name) for name in field)]
    return dataclasses.replace(change, name=".".join(names))


def _element(change: Change, application: Application) -> Any:
    if change.kind == "field":
        entity, field = change.name.split(".")
        return application.entities[entity].fields[field]
    if change.kind == "entity":
        return dataclasses.replace(application.entities[change.name], fields={})
    elements = application.apps if change.kind == "app" else getattr(application, KINDS[change.kind])
    return elements[change.name]


def _attributes(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Path → text of everything that an element says; what it leaves out has no path."""
    if isinstance(value, Conversion | Expression | RuleFile):
        yield path, value.source
    elif dataclasses.is_dataclass(value) and not isinstance(value, Origin):
        for attribute in dataclasses.fields(value):
            yield from _attributes(getattr(value, attribute.name), _below(path, attribute.name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _attributes(item, _below(path, str(key)))
    elif isinstance(value, list | tuple | frozenset):
        yield from _items(sorted(value) if isinstance(value, frozenset) else value, path)
    elif isinstance(value, bool):
        yield path, str(value).lower()
    elif value is not None and not isinstance(value, Origin):
        yield path, str(value)


def _items(items: Any, path: str) -> Iterator[tuple[str, str]]:
    plain = [str(item) for item in items if isinstance(item, str | int)]
    if plain:
        yield path, ", ".join(plain)
    for index, item in enumerate(items):
        if not isinstance(item, str | int):
            yield from _attributes(item, _below(path, _name(item, index)))


def _name(item: Any, index: int) -> str:
    found = (getattr(item, name, None) for name in _NAMES)
    return next((name for name in found if isinstance(name, str)), str(index + 1))


def _below(path: str, name: str) -> str:
    """A text for everybody stands under the empty locale, which nobody wants to read."""
    return ".".join(part for part in (path, name) if part)
