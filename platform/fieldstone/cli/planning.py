"""`fieldstone plan`: what publishing an app would do, without doing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from fieldstone.cli.installation import opened
from fieldstone.cli.output import console, error_console, print_json
from fieldstone.cli.upgrading import upgrading_of, upgrading_options
from fieldstone.publication.apply import NotAccepted, propose
from fieldstone.publication.plan import Plan
from fieldstone.publication.rendering import plan_lines
from fieldstone_metadata import (
    Layer,
    MetadataError,
    read_layers,
    render_json,
    render_text,
    template_layer,
    template_names,
)
from fieldstone_metadata.allocation import made_for_good


@click.command("plan")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON, with the SQL of each step.")
@click.option("--allow-destructive", is_flag=True, help="Do not count it as refused that steps lose data.")
@upgrading_options
def command(paths: Sequence[str], *, as_json: bool, allow_destructive: bool, **chosen: Any) -> int:
    """Show what `fieldstone apply` would create and change, and what it would refuse.

    PATH is an app folder, or the name of a shipped template. Exits with 1 if the documents have errors or
    the plan holds what is refused, such as steps that lose data without --allow-destructive, or conflicts
    that nobody has decided: what a new version changes and a higher layer has changed too.

    \b
    Example:
      fieldstone plan my_app
      fieldstone plan my_app --json
    """
    layers, upgrading = read_apps(paths), upgrading_of(**chosen)
    with opened() as installation:
        try:
            database = installation.database
            proposal = made_for_good(lambda: propose(database, layers, upgrading=upgrading))
        except NotAccepted as error:
            return show_problems(error, as_json=as_json)
    if as_json:
        print_json(proposal.plan.as_json())
    else:
        print_plan(proposal.plan, allow_destructive=allow_destructive)
    return 1 if replace(proposal, allow_destructive=allow_destructive).stopped else 0


def read_apps(paths: Sequence[str]) -> list[Layer]:
    """The layers of app folders, exported folders and names of templates; a folder wins.

    Wrong usage where there is nothing to read, or where one app is there twice.
    """
    try:
        layers = [layer for path in paths for layer in _read(path)]
    except MetadataError as error:
        raise click.UsageError(str(error)) from error
    names = [layer.name for layer in layers]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise click.UsageError(f"`{twice}` is given twice: hand in one folder for each app.")
    return layers


def _read(path: str) -> list[Layer]:
    is_template = path in template_names() and not Path(path).exists()
    return [template_layer(path)] if is_template else read_layers(Path(path))


def show_problems(error: NotAccepted, *, as_json: bool) -> int:
    """Print the problems of documents with errors; the exit status for them."""
    click.echo(render_json(error.problems) if as_json else render_text(error.problems))
    if not as_json:
        error_console().print("Nothing was published: the documents have errors.")
    return 1


def print_plan(plan: Plan, *, allow_destructive: bool) -> None:
    """A plan on standard output."""
    out = console()
    for line, colour in plan_lines(plan, allow_destructive=allow_destructive):
        out.print(line, style=colour, markup=False)
