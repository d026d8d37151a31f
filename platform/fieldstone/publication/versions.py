"""The versions of an installation: what each changed, in words and in the texts of its documents."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fieldstone.database.database import Database
from fieldstone.errors import NotFound
from fieldstone.publication.alterations import Alteration, alterations
from fieldstone.publication.current import load_model
from fieldstone.publication.elements import Change, changes
from fieldstone.publication.store import Publication, find_publication, load_layers
from fieldstone_metadata import Layer
from fieldstone_metadata.declarations import Application

Place = tuple[str, str]
"""A layer and the path of a file in it."""


@dataclass(frozen=True)
class ElementDifference:
    """An element that is new, different or gone, and what is different in it."""

    change: Change
    alterations: tuple[Alteration, ...]


@dataclass(frozen=True)
class FileDifference:
    """A file that is new ("create"), different ("change") or gone ("remove"). lines: as a unified diff."""

    layer: str
    path: str
    action: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class VersionDifference:
    """What separates two versions; version 0 is the empty installation."""

    before: int
    after: int
    elements: tuple[ElementDifference, ...]
    files: tuple[FileDifference, ...]


def require_version(database: Database, version: int) -> Publication:
    """The publication `version`. Raises NotFound."""
    with database.read() as connection:
        found = find_publication(connection, database.system, version)
    if found is None:
        raise NotFound(f"There is no version {version}. `fieldstone versions` lists them.")
    return found


def layers_of(database: Database, version: int) -> tuple[Layer, ...]:
    """The documents of a version, as they were published; of version 0 none.

    Raises NotFound, and NewerData for a version that a newer Fieldstone published.
    """
    if version == 0:
        return ()
    require_version(database, version)
    with database.read() as connection:
        return load_layers(connection, database.system, version)


def compare(database: Database, before: int, after: int) -> VersionDifference:
    """What separates the versions `before` and `after`, which may be the older one.

    Raises NotFound, and NoLongerAccepted for a version that this Fieldstone does not take any more.
    """
    files = file_differences(layers_of(database, before), layers_of(database, after))
    old = _application(database, before)
    new = _application(database, after, old)
    return VersionDifference(before, after, element_differences(old, new), files)


def element_differences(old: Application | None, new: Application | None) -> tuple[ElementDifference, ...]:
    """Every element that differs, apps and entities first."""
    if new is None:
        gone = changes(None, old) if old is not None else ()
        return tuple(ElementDifference(Change("remove", each.kind, each.name), ()) for each in gone)
    return tuple(ElementDifference(each, alterations(each, old, new)) for each in changes(old, new))


def file_differences(before: Sequence[Layer], after: Sequence[Layer]) -> tuple[FileDifference, ...]:
    """Every file that differs, in the order of `after`; those that are gone come last."""
    return tuple(_file_differences(_texts(before), _texts(after)))


def _application(database: Database, version: int, known: Application | None = None) -> Application | None:
    return load_model(database, version, known).application if version else None


def _texts(layers: Sequence[Layer]) -> Mapping[Place, str]:
    return {(layer.name, file.path): file.text for layer in layers for file in layer.files}


def _file_differences(before: Mapping[Place, str], after: Mapping[Place, str]) -> Iterator[FileDifference]:
    for place in (*after, *(place for place in before if place not in after)):
        old, new = before.get(place), after.get(place)
        if old != new:
            action = "create" if old is None else "remove" if new is None else "change"
            yield FileDifference(*place, action, tuple(_unified(place, old, new)))


def _unified(place: Place, old: str | None, new: str | None) -> Iterator[str]:
    name = "/".join(place)
    before = "/dev/null" if old is None else f"a/{name}"
    after = "/dev/null" if new is None else f"b/{name}"
    return difflib.unified_diff(_lines(old), _lines(new), before, after, lineterm="")


def _lines(text: str | None) -> list[str]:
    return (text or "").splitlines()
