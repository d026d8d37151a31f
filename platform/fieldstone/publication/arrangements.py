"""Ways to another set of layers than by handing in folders: going back to a version, taking apps out."""

from __future__ import annotations

from collections.abc import Collection

from fieldstone.database.database import Database
from fieldstone.errors import Conflict, NotFound
from fieldstone.publication.apply import Proposal, propose_layers
from fieldstone.publication.layers import CORE, combined_layers
from fieldstone.publication.store import current_version
from fieldstone.publication.versions import layers_of
from fieldstone_metadata import Layer


def propose_version(database: Database, version: int) -> Proposal:
    """Check and plan a return to the documents of `version`, over the `core` that this Fieldstone ships.

    Raises NotFound, and what `propose` raises.
    """
    wanted = combined_layers([layer for layer in layers_of(database, version) if layer.name != CORE], ())
    return propose_layers(database, lambda _published: wanted)


def propose_without(database: Database, apps: Collection[str]) -> Proposal:
    """Check and plan to take `apps` out, with all that they declare.

    Raises NotFound for one that is not installed, Conflict for one that another app requires, and what
    `propose` raises.
    """
    return propose_layers(database, lambda published: _without(published, apps))


def exported_layers(database: Database, version: int | None, apps: Collection[str] = ()) -> tuple[Layer, ...]:
    """The layers of `version` (None: the one in force) but `core`; only those of `apps` if any are named.

    Raises NotFound for a version or an app that is not there.
    """
    layers = layers_of(database, _current(database) if version is None else version)
    found = tuple(layer for layer in layers if layer.name != CORE and (not apps or layer.name in apps))
    missing = set(apps) - {layer.name for layer in found}
    if missing or not found:
        what = f"has no app `{sorted(missing)[0]}`" if missing else "has no apps"
        raise NotFound(f"Version {version} {what}." if version else f"This installation {what}.")
    return found


def _current(database: Database) -> int:
    with database.read() as connection:
        return current_version(connection, database.system)


def _without(published: tuple[Layer, ...], apps: Collection[str]) -> tuple[Layer, ...]:
    known = {layer.name for layer in published} - {CORE}
    for name in apps:
        if name not in known:
            installed = ", ".join(sorted(known)) or "none"
            raise NotFound(f"The app `{name}` is not installed. Installed: {installed}.")
    left = combined_layers([layer for layer in published if layer.name not in apps], ())
    for layer in left:
        if layer.name in apps:
            raise Conflict(
                f"Another app requires `{layer.name}`. Take that one out too, or first.", code="app_required"
            )
    return left
