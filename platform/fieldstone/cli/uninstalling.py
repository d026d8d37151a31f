"""`fieldstone uninstall`: take an app out of the installation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from fieldstone.cli.publishing import Publishing, carry_out, publishing_options
from fieldstone.publication.arrangements import propose_without


@click.command("uninstall")
@click.argument("apps", metavar="APP...", nargs=-1, required=True)
@publishing_options
def command(apps: Sequence[str], **chosen: Any) -> int:
    """Take apps out, with the entities, pages and rules that they declare.

    APP is the name of an installed app, or `local` for the changes of your own. An app that another one
    requires stays. The plan names the data that would go. Exits with 1 if it holds what is refused, or if
    other documents need what would go; then nothing was changed.

    \b
    Example:
      fieldstone uninstall events
    """
    publishing = Publishing(**chosen | {"note": chosen["note"] or f"Without {', '.join(apps)}"})
    return carry_out(publishing, lambda database: propose_without(database, set(apps)))
