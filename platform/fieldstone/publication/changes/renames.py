"""Which elements go on under another name (`was`), found by comparing what is declared with what is in force.

A `was` says what an element was called once; it may stay in the document for ever. It is obeyed once: as long
as the published element does not say it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from fieldstone.fields.names import LONGEST
from fieldstone.publication.refusal import Refusal
from fieldstone_metadata.declarations import Application, Entity, Field, Option

ARCHIVED = "archive:"
"""How names of what was removed begin in rows; no declared name has a colon."""
Names = Mapping[str, str]
"""Old name → new name, of what is renamed."""


Found = TypeVar("Found", Entity, Field)


class _Named(Protocol):
    """What may say what it was called."""

    @property
    def was(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Renames:
    """What goes on under another name between two publications.

    entities: old → new. fields: new name of the entity → old field → new field; options: (new entity, new
    field) → old value → new value. refusals: names of which it is not clear what becomes of them. roles: old
    → new.
    """

    entities: Names = field(default_factory=dict)
    fields: Mapping[str, Names] = field(default_factory=dict)
    options: Mapping[tuple[str, str], Names] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    roles: Names = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything is renamed."""
        return bool(self.entities or self.fields or self.options or self.roles)

    @property
    def of_storage(self) -> bool:
        """Whether tables or columns are renamed."""
        return bool(self.entities or self.fields)

    def entity(self, old: str) -> str:
        """What an entity in force will be called."""
        return self.entities.get(old, old)

    def entity_before(self, new: str) -> str:
        """What an entity is called in what is in force."""
        return _before(self.entities, new)

    def role_before(self, new: str) -> str:
        """What a role is called in what is in force."""
        return _before(self.roles, new)

    def field(self, new_entity: str, old: str) -> str:
        """What a field in force will be called."""
        return self.fields.get(new_entity, {}).get(old, old)

    def field_before(self, new_entity: str, new: str) -> str:
        """What a field is called in what is in force."""
        return _before(self.fields.get(new_entity, {}), new)


def _before(names: Names, new: str) -> str:
    return next((old for old, named in names.items() if named == new), new)


def renames_between(old: Application | None, new: Application) -> Renames:
    """All that is renamed, with what is unclear about it."""
    if old is None:
        return Renames()
    refusals: list[Refusal] = []
    entities = _renamed("entity ", old.entities, new.entities, refusals)
    fields: dict[str, Names] = {}
    options: dict[tuple[str, str], Names] = {}
    for before, entity in _pairs(old.entities, new.entities, entities):
        if before is entity:
            continue  # nobody touched it
        found = _renamed(f"field {entity.name}.", before.fields, entity.fields, refusals)
        if found:
            fields[entity.name] = found
        for one, other in _pairs(before.fields, entity.fields, found):
            values = _of_options(entity.name, one, other, refusals)
            if values:
                options[entity.name, other.name] = values
    roles = _renamed("role ", old.roles, new.roles, refusals)
    return Renames(entities, fields, options, tuple(refusals), roles)


def _of_options(entity: str, old: Field, new: Field, refusals: list[Refusal]) -> Names:
    """Old value → new value. Several may become one, also one that there is already: its records follow."""
    if not any(option.was for option in (*old.choices, *new.choices)):
        return {}
    before, after = _by_value(old.choices), _by_value(new.choices)
    names: dict[str, str] = {}
    for value, option in after.items():
        said = before[value].was if value in before else ()
        for was in option.was:
            if was in before and was not in said and was != value:
                if was in names:
                    refusals.append(_claimed_twice(f"option {entity}.{new.name}.{value}", was, names[was]))
                names.setdefault(was, value)
    for value in after.keys() - before.keys() - set(names.values()):
        back = _back(value, before, after)
        if back is not None:
            names.setdefault(back, value)
    for was in [was for was in names if was in after and was not in names.values()]:
        refusals.append(_still_there(f"option {entity}.{new.name}.{names[was]}", was))
    return names


def _by_value(options: Iterable[Option]) -> dict[str, Option]:
    return {option.value: option for option in options}


def _pairs(old: Mapping[str, Found], new: Mapping[str, Found], names: Names) -> Iterator[tuple[Found, Found]]:
    """What is in both, under its old and its new name."""
    back = {now: before for before, now in names.items()}
    for name, element in new.items():
        before = back.get(name, name)
        taken = name not in back and name in names
        if before in old and not taken:
            yield old[before], element


def _renamed(
    kind: str, old: Mapping[str, _Named], new: Mapping[str, _Named], refusals: list[Refusal]
) -> Names:
    """Old name → new name. kind: what stands before a name where people read of it."""
    claims = {name: found for name in new if (found := _claim(name, old, new)) is not None}
    names: dict[str, str] = {}
    for name, was in claims.items():
        unclear = _unclear(f"{kind}{name}", was, old, new, claims)
        if unclear is not None:
            refusals.append(unclear)
        else:
            names[was] = name
    return names


def _claim(name: str, old: Mapping[str, _Named], new: Mapping[str, _Named]) -> str | None:
    """The name in force that an element says it had; None where it says none, or has said so before."""
    said = old[name].was if name in old else ()
    claimed = (was for was in new[name].was if was in old and was not in said and was != name)
    return next(claimed, None) or (_back(name, old, new) if name not in old else None)


def _back(name: str, old: Mapping[str, _Named], new: Mapping[str, _Named]) -> str | None:
    """The present name of what goes back to one that it had: a renaming that is taken back."""
    return next((now for now, element in old.items() if name in element.was and now not in new), None)


def _unclear(
    element: str, was: str, old: Mapping[str, object], new: Mapping[str, object], claims: Names
) -> Refusal | None:
    name = element.split(" ")[1].rsplit(".", maxsplit=1)[-1]
    others = [other for other, claimed in claims.items() if claimed == was and other != name]
    if others:
        return _claimed_twice(element, was, others[0])
    if was in new and was not in claims:
        return _still_there(element, was)
    if name in old and name not in claims.values():
        message = (
            f"It says that it was `{was}`, and there is a `{name}` already. Rename that one too, or remove "
            "it in a publication of its own first."
        )
        return Refusal(element, "rename", message)
    return None


def _claimed_twice(element: str, was: str, other: str) -> Refusal:
    message = f"It says that it was `{was}`, and so does `{other}`. Only one of them can go on with it."
    return Refusal(element, "rename", message)


def _still_there(element: str, was: str) -> Refusal:
    message = (
        f"It says that it was `{was}`, which is still declared. Publish the new name first, without `{was}`; "
        f"a new `{was}` can come after that."
    )
    return Refusal(element, "rename", message)


def one_after_another(names: Names) -> Iterator[tuple[str, str, str]]:
    """Renames in an order in which no name is taken when it is given, a circle opened by a name in between.

    Gives (from, to, the old name of what is renamed).
    """
    waiting = {old: (old, new) for old, new in names.items()}
    while waiting:
        free = next(
            (old for old, (_, new) in waiting.items() if new not in {at for at, _ in waiting.values()}), None
        )
        if free is not None:
            at, new = waiting.pop(free)
            yield at, new, free
        else:
            old, (at, new) = next(iter(waiting.items()))
            waiting[old] = (f"_was_{old}"[:LONGEST], new)
            yield at, waiting[old][0], old
