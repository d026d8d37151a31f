"""What differs between two applications, element by element: the words of a plan."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fieldstone.publication.changes.renames import Renames, renames_between
from fieldstone_metadata.declarations import Application, Entity, Field, Origin, Role
from fieldstone_rules import Expression
from fieldstone_rules.rule_files.declarations import RuleFile

KINDS = {
    "role": "roles",
    "workflow": "workflows",
    "form": "forms",
    "view": "views",
    "menu": "menus",
    "calendar": "calendars",
    "message": "messages",
    "data": "data",
    "rules": "rules",
}
"""Kinds without tables of their own → what `Application` calls all of them."""


_FOLLOWING = frozenset({("role", "admin")})
"""Elements that change with every new entity without anybody having touched them."""


@dataclass(frozen=True)
class Change:
    """One element that is new, different, called otherwise or gone.

    action: "create", "change", "rename" or "remove". was: the old name of what is renamed.
    """

    action: str
    kind: str
    name: str
    was: str = ""


def changes(old: Application | None, new: Application, renames: Renames | None = None) -> Iterator[Change]:
    """All elements that differ, apps and entities first; everything is new where `old` is None.

    renames: those between the two, where the caller knows them.
    """
    renames = renames_between(old, new) if renames is None else renames
    yield from _changes("app", old.apps if old else {}, new.apps)
    yield from _entity_changes(old.entities if old else {}, new.entities, renames)
    for kind, plural in KINDS.items():
        before: Mapping[str, Any] = getattr(old, plural) if old else {}
        if kind == "role" and renames.roles:
            yield from (Change("rename", kind, name, was) for was, name in renames.roles.items())
            before = {renames.roles.get(name, name): _called(role, renames) for name, role in before.items()}
        yield from _changes(kind, before, getattr(new, plural))


def _called(role: Role, renames: Renames) -> Role:
    """A role in force as it would be declared if only names of roles had changed."""
    name = renames.roles.get(role.name, role.name)
    above = tuple(renames.roles.get(one, one) for one in role.inherits)
    return dataclasses.replace(role, name=name, inherits=above)


def _changes(kind: str, old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> Iterator[Change]:
    for name, element in new.items():
        if name not in old:
            yield Change("create", kind, prefix + name)
        elif (kind, name) not in _FOLLOWING and not same(old[name], element):
            yield Change("change", kind, prefix + name)
    yield from (Change("remove", kind, prefix + name) for name in old if name not in new)


def _entity_changes(
    old: Mapping[str, Entity], new: Mapping[str, Entity], renames: Renames
) -> Iterator[Change]:
    yield from (Change("rename", "entity", name, was) for was, name in renames.entities.items())
    before = {renames.entity(name): entity for name, entity in old.items()}
    yield from _changes("entity", _without_fields(before, new), _without_fields(new, new))
    for name, entity in new.items():
        if name in before:
            found = renames.fields.get(name, {})
            yield from (Change("rename", "field", f"{name}.{now}", was) for was, now in found.items())
            fields = _as_renamed(before[name].fields, entity.fields, name, renames)
            yield from _changes("field", fields, entity.fields, f"{name}.")


def _as_renamed(
    old: Mapping[str, Field], new: Mapping[str, Field], entity: str, renames: Renames
) -> dict[str, Field]:
    """The fields of an entity in force as they would be declared if only names had changed.

    A name brings its label along where none is declared.
    """
    if not renames:
        return dict(old)
    found = {}
    for field in old.values():
        name = renames.field(entity, field.name)
        label = new[name].label if name != field.name and name in new else field.label
        target = field.target and dataclasses.replace(
            field.target, entities=tuple(map(renames.entity, field.target.entities))
        )
        was = new[name].was if name in new else field.was
        found[name] = dataclasses.replace(field, name=name, label=label, target=target, was=was)
    return found


def _without_fields(entities: Mapping[str, Entity], named: Mapping[str, Entity]) -> dict[str, Entity]:
    """The entities without their fields, which are compared one by one, called as `named` calls them."""
    found = {}
    for name, entity in entities.items():
        now = named.get(name, entity)
        label, plural = (entity.label, entity.plural) if name == entity.name else (now.label, now.plural)
        found[name] = dataclasses.replace(
            entity, fields={}, name=name, was=now.was, label=label, plural=plural
        )
    return found


def same(old: Any, new: Any) -> bool:
    """Whether two elements mean the same, as `meaning` has it; found without making anything of them."""
    if old is new:
        return True
    if type(old) is not type(new):
        return bool(meaning(old) == meaning(new))
    if isinstance(old, Expression | RuleFile):
        return bool(old.source == new.source)
    if isinstance(old, Origin):
        return True
    if dataclasses.is_dataclass(old):
        return all(same(getattr(old, name), getattr(new, name)) for name in _attributes(old.__class__))
    if isinstance(old, Mapping):
        return list(old) == list(new) and all(map(same, old.values(), new.values()))
    if isinstance(old, list | tuple):
        return len(old) == len(new) and all(map(same, old, new))
    return bool(old == new)


def meaning(value: Any) -> Any:
    """`value` as plain, comparable data: expressions by their source, places in files left out."""
    if isinstance(value, Expression):
        return ("=", value.source)
    if isinstance(value, RuleFile):
        return ("rules", value.source)
    if isinstance(value, Origin):
        return None
    if dataclasses.is_dataclass(value):
        return tuple(meaning(getattr(value, name)) for name in _attributes(value.__class__))
    if isinstance(value, Mapping):
        return tuple((key, meaning(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(meaning(item) for item in value)
    return value


@cache
def _attributes(kind: Hashable) -> tuple[str, ...]:
    assert isinstance(kind, type)
    return tuple(field.name for field in dataclasses.fields(kind))
