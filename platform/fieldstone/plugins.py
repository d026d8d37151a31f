"""The plugins of this process: found once through their entry points, called through hooks."""

from __future__ import annotations

import functools
from importlib import metadata
from typing import Any

import pluggy

from fieldstone import hooks
from fieldstone.errors import FieldstoneError

ENTRY_POINTS = "fieldstone.plugins"


class BrokenPlugin(FieldstoneError):
    """An installed plugin cannot be loaded; the message names it."""

    status, code, title = 500, "broken_plugin", "A plugin cannot be loaded"


@functools.cache
def plugin_manager() -> pluggy.PluginManager:
    """All installed plugins. `plugin_manager().hook.fieldstone_pages(app=app)` calls them all.

    Raises BrokenPlugin if one cannot be imported or implements a hook that does not exist.
    """
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    for point in _entry_points():
        manager.register(_load(point), name=point.name)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise BrokenPlugin(f"A plugin implements a hook that does not exist: {error}") from error
    return manager


def plugin_names() -> list[str]:
    """The names of the installed plugins, sorted, for `fieldstone doctor`."""
    return [point.name for point in _entry_points()]


def _entry_points() -> list[metadata.EntryPoint]:
    # Sorted, so that hooks are called in the same order everywhere.
    return sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda point: point.name)


def _load(point: metadata.EntryPoint) -> Any:
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        raise BrokenPlugin(
            f"The plugin `{point.name}` ({point.value}) cannot be loaded: {error}. Install what it needs, or "
            "uninstall its package."
        ) from error
