"""`fieldstone new`: an app folder to start from."""

from __future__ import annotations

from pathlib import Path

import click

from fieldstone.cli.output import console
from fieldstone_metadata import MetadataError
from fieldstone_metadata.new_app import new_app


@click.command("new")
@click.argument("name", metavar="NAME")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Where to make it. Default: a folder named NAME."
)
def command(name: str, folder: Path | None) -> int:
    """Make an app folder to start from: an entity, a form, a view, a role and a menu.

    NAME is in snake_case, such as `field_service`.

    \b
    Example:
      fieldstone new field_service
      fieldstone apply field_service
    """
    target = folder or Path(name)
    try:
        made = new_app(name, target)
    except MetadataError as error:
        raise click.UsageError(str(error)) from error
    out = console()
    for path in made:
        out.print(str(path), markup=False)
    out.print(f"\nNext: fieldstone check {target}  and  fieldstone apply {target}", markup=False)
    return 0
