"""The plugins of this process: found once through their entry points, called through hooks."""

from __future__ import annotations

import functools
from importlib import metadata

import pluggy

from fieldstone import hooks

ENTRY_POINTS = "fieldstone.plugins"


@functools.cache
def plugin_manager() -> pluggy.PluginManager:
    """All installed plugins. `plugin_manager().hook.fieldstone_pages(app=app)` calls them all."""
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    manager.load_setuptools_entrypoints(ENTRY_POINTS)
    manager.check_pending()
    return manager


def plugin_names() -> list[str]:
    """The names of the installed plugins, sorted, for `fieldstone doctor`."""
    return sorted(point.name for point in metadata.entry_points(group=ENTRY_POINTS))
