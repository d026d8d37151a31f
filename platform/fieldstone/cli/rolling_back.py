"""`fieldstone rollback`: go back to the documents of an earlier version."""

from __future__ import annotations

from typing import Any

import click

from fieldstone.cli.publishing import Publishing, carry_out, publishing_options
from fieldstone.publication.arrangements import propose_version


@click.command("rollback")
@click.argument("version", type=click.IntRange(min=1))
@publishing_options
def command(version: int, **chosen: Any) -> int:
    """Publish the documents of VERSION again, as a new version.

    It is planned as any other change: what came since and would go is shown first. Exits with 1 if the plan
    holds what is refused; then nothing was changed.

    \b
    Example:
      fieldstone versions
      fieldstone rollback 7 --note "The new stages confused everybody"
    """
    publishing = Publishing(**chosen | {"note": chosen["note"] or f"Back to version {version}"})
    return carry_out(publishing, lambda database: propose_version(database, version))
