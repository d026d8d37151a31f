"""Every place where a plugin can join in, each with when it is called.

Built-ins use the same hooks as strangers.

A plugin is a Python package with an entry point in the group `fieldstone.plugins`: a module whose
functions carry `@hookimpl` and the names below. A function may leave out arguments that it does not need.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click
    from flask import Flask

    from fieldstone.context import Context
    from fieldstone.model.model import Model

PROJECT = "fieldstone"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def fieldstone_pages(app: Flask) -> None:
    """Add pages: called once per process, when the web application has its API and before it serves."""


@hookspec
def fieldstone_commands() -> Sequence[click.Command]:
    """Commands for the command line; called at each start, so import what they need inside them."""
    return ()


@hookspec
def fieldstone_demo_data(context: Context, template: str, size: str) -> int | None:
    """Make demonstration records for the app `template`; called by `fieldstone demo` on a new installation.

    context: acts as the system user. size: "small" or "full". Returns the number of records made, or None
    if this plugin has none for that template.
    """


@hookspec
def fieldstone_before_publication(model: Model, version: int) -> None:
    """Called before `model` comes into force as `version`; an error of fieldstone.errors refuses it."""


@hookspec
def fieldstone_after_publication(model: Model) -> None:
    """Called in the publishing process after `model` has come into force."""
