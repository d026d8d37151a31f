"""`fieldstone apply`: publish an app."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from fieldstone.cli.planning import read_apps
from fieldstone.cli.publishing import Publishing, carry_out, publishing_options
from fieldstone.cli.upgrading import upgrading_of, upgrading_options
from fieldstone.publication.apply import propose


@click.command("apply")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@publishing_options
@upgrading_options
@click.option(
    "--skip-tests", is_flag=True, help="Upgrade without running the rule tests first; the note tells it."
)
def command(paths: Sequence[str], *, skip_tests: bool, **chosen: Any) -> int:
    """Check, plan and publish an app, in one transaction. Running servers take it up at once.

    PATH is an app folder, a folder that `fieldstone export` made, or the name of a shipped template. It goes
    over `core`, over the apps that it requires, and over what else is published. Documents that are in force
    already change nothing.

    Where an installed app comes in another version, the rule tests of all layers have to pass first. Where
    the new version changes what a higher layer has changed too, a side has to be chosen. Exits with 1 if the
    documents have errors, a test fails, or the plan holds what is refused or in conflict; then nothing was
    changed.

    \b
    Example:
      fieldstone apply my_app
      fieldstone apply my_app --yes --note "Ratings for accounts"
      fieldstone apply sales --keep "field account.rating.label" --take-all
    """
    layers = read_apps(paths)
    options = ("keep", "take", "keep_all", "take_all", "downgrade")
    upgrading = upgrading_of(**{name: chosen.pop(name) for name in options})
    publishing = Publishing(**chosen, tested=True, skip_tests=skip_tests)
    return carry_out(publishing, lambda database: propose(database, layers, upgrading=upgrading))
