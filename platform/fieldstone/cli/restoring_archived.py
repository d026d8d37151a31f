"""`fieldstone restore-archived`: bring back what a publication removed."""

from __future__ import annotations

from typing import Any

import click

from fieldstone.cli.installation import opened
from fieldstone.cli.output import console, error_console, is_interactive, print_json
from fieldstone.publication.archive import Archived, archived, purge, restore


@click.command("restore-archived")
@click.argument("name", required=False)
@click.option("--purge", "purging", is_flag=True, help="Delete NAME from the archive for good.")
@click.option("--yes", is_flag=True, help="Do not ask before deleting.")
@click.option("--json", "as_json", is_flag=True, help="Print the archive or the outcome as JSON.")
def command(name: str | None, *, purging: bool, yes: bool, as_json: bool) -> int:
    """List what publications removed, or bring NAME back.

    Declare the entity or field again and publish that first. Values come back into records that are still
    there and have none; what cannot come back stays in the archive, and the exit status is 1.

    \b
    Example:
      fieldstone restore-archived
      fieldstone restore-archived v7__product__price
      fieldstone restore-archived v7__product__price --purge
    """
    if name is None:
        return _list(as_json=as_json)
    if purging:
        return _purge(name, yes=yes)
    with opened() as installation:
        restored = restore(installation.database, installation.model(), name)
    if as_json:
        print_json(vars(restored))
    else:
        console().print(f"{restored.rows:,} rows are back.")
    if restored.left and not as_json:
        error_console().print(f"{restored.left:,} rows stay in the archive: {restored.why}.")
    return 1 if restored.left else 0


def _list(*, as_json: bool) -> int:
    with opened() as installation:
        found = archived(installation.database)
    if as_json:
        print_json([_told(one) for one in found])
    for one in () if as_json else found:
        what = {"table": "entity", "links": "links", "columns": "field"}[one.kind]
        line = f"{one.name:<40} {what} {one.element}, {one.rows:,} rows, publication {one.publication}"
        console().print(line, markup=False)
    if not found and not as_json:
        console().print("The archive is empty.")
    return 0


def _told(one: Archived) -> dict[str, Any]:
    return vars(one) | {"at": one.at.isoformat()}


def _purge(name: str, *, yes: bool) -> int:
    if not yes:
        if not is_interactive():
            raise click.UsageError("There is nobody to ask; say --yes to delete it.")
        click.confirm(f"Delete {name} for good?", abort=True, err=True)
    with opened() as installation:
        found = purge(installation.database, installation.model(), name)
    console().print(f"{found.element} is deleted for good.")
    return 0
