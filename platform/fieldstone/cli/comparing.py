"""`fieldstone diff`: what separates two versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import click

from fieldstone.cli.installation import opened
from fieldstone.cli.output import console, print_json
from fieldstone.publication.rendering import difference_lines
from fieldstone.publication.store import current_version
from fieldstone.publication.versions import VersionDifference, compare


@click.command("diff")
@click.argument("before", type=click.IntRange(min=0))
@click.argument("after", type=click.IntRange(min=0), required=False)
@click.option("--files", is_flag=True, help="Show the lines of the documents that differ, too.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
def command(before: int, after: int | None, *, files: bool, as_json: bool) -> int:
    """Show what changed from version BEFORE to version AFTER, in words.

    AFTER is the version in force if it is left out; version 0 is the empty installation.

    \b
    Example:
      fieldstone diff 7
      fieldstone diff 3 4 --files
    """
    with opened() as installation:
        if after is None:
            with installation.database.read() as connection:
                after = current_version(connection, installation.database.system)
        found = compare(installation.database, before, after)
    if as_json:
        print_json(asdict(found))
    for line, colour in () if as_json else _lines(found, files=files):
        console().print(line, style=colour, markup=False)
    return 0


def _lines(found: VersionDifference, *, files: bool) -> Iterator[tuple[str, str | None]]:
    yield from difference_lines(found)
    for file in found.files if files else ():
        yield "", None
        for line in file.lines:
            yield line, {"+": "green", "-": "red"}.get(line[:1])
