"""`fieldstone versions`: what was published, when, by whom and why."""

from __future__ import annotations

from typing import Any

import click

from fieldstone.cli.installation import opened
from fieldstone.cli.output import console, print_json
from fieldstone.publication.afterwards.unfinished import Unfinished, unfinished
from fieldstone.publication.authors import author_names
from fieldstone.publication.store import Publication, publications


@click.command("versions")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, help="How many, newest first.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def command(limit: int, *, as_json: bool) -> int:
    """List the versions of this installation, newest first: each publication is one.

    Under a version stands what it left to be done in the background, and how far that is; a server does it,
    and the next `fieldstone apply`.

    \b
    Example:
      fieldstone versions
      fieldstone versions --limit 5 --json
    """
    with opened() as installation:
        with installation.database.read() as connection:
            found = publications(connection, installation.database.system, limit)
            waiting = unfinished(connection, installation.database.system)
        names = author_names(installation.database, {each.author for each in found})
    if as_json:
        print_json([vars(each) | {"author": names.get(each.author)} | _left(each, waiting) for each in found])
        return 0
    for each in found:
        who = names.get(each.author, "somebody who is gone")
        line = f"{each.version:>5}  {each.at:%Y-%m-%d %H:%M}  {who:<24} {each.note}"
        console().print(line.rstrip(), markup=False)
        for one in waiting:
            if one.publication == each.version:
                stopped = f" (stopped: {one.problem})" if one.problem else ""
                console().print(f"       {one}{stopped}", markup=False)
    return 0


def _left(each: Publication, waiting: list[Unfinished]) -> dict[str, Any]:
    return {"unfinished": [one.as_json() for one in waiting if one.publication == each.version]}
