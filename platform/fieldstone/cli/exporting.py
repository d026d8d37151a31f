"""`fieldstone export`: the documents of an installation as a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from fieldstone.cli.installation import opened
from fieldstone.cli.output import console, print_json
from fieldstone.publication.arrangements import exported_layers
from fieldstone_metadata import MetadataError
from fieldstone_metadata.layer_folders import Written, write_layers


@click.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--app", "apps", metavar="APP", multiple=True, help="Only this app; several are allowed.")
@click.option("--version", type=click.IntRange(min=1), help="An earlier version. Default: the one in force.")
@click.option("--prune", is_flag=True, help="Remove documents in FOLDER that the version does not have.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(folder: Path, apps: Sequence[str], *, version: int | None, prune: bool, as_json: bool) -> int:
    """Write the documents of this installation into FOLDER, as they were published.

    One app is written into FOLDER itself, several into a folder each. Files that are so already are not
    touched, so a folder under git shows only what changed. `fieldstone apply FOLDER` publishes it again, also
    into an empty installation. `core`, which every installation has, is left out.

    \b
    Example:
      fieldstone export backup
      fieldstone export sales --app sales --prune
    """
    with opened() as installation:
        layers = exported_layers(installation.database, version, apps)
    try:
        written = write_layers(layers, folder, prune=prune)
    except MetadataError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        print_json(vars(written))
    else:
        _tell(written)
    return 0


def _tell(written: Written) -> None:
    out = console()
    for path in written.written:
        out.print(f"  {path}", markup=False)
    for path in written.removed:
        out.print(f"  {path} removed", markup=False)
    out.print(
        f"{len(written.written)} written, {len(written.removed)} removed, {written.unchanged} as they were."
    )
