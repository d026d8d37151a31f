"""Lets a wheel, an editable install and a source distribution build the assets of the pages first.

Apart from `build_assets.py`, because hatchling takes longer to import than `make demo` needs to see that
nothing has changed.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface[Any]):
    """Builds the assets before a wheel, an editable install or a source distribution is made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  hatchling calls it so
        """Called by hatchling; `version` is "standard" or "editable"."""
        # Run by its path: hatchling loads this file alone, and no import would find its neighbour.
        assets = runpy.run_path(str(Path(__file__).with_name("build_assets.py")))
        assets["build"](log=self.app.display_info)
