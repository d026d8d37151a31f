"""`fieldstone apply`: publish an app."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from fieldstone.cli.planning import read_apps
from fieldstone.cli.publishing import Publishing, carry_out, publishing_options
from fieldstone.publication.apply import propose


@click.command("apply")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@publishing_options
def command(paths: Sequence[str], **chosen: Any) -> int:
    """Check, plan and publish an app, in one transaction. Running servers take it up at once.

    PATH is an app folder, a folder that `fieldstone export` made, or the name of a shipped template. It goes
    over `core`, over the apps that it requires, and over what else is published. Documents that are in force
    already change nothing. Exits with 1 if the documents have errors or the plan holds what is refused; then
    nothing was changed.

    \b
    Example:
      fieldstone apply my_app
      fieldstone apply my_app --yes --note "Ratings for accounts"
    """
    layers = read_apps(paths)
    return carry_out(Publishing(**chosen), lambda database: propose(database, layers))
