"""`fieldstone check`: all problems of an app folder at once, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from fieldstone.cli.output import error_console
from fieldstone.publication.layers import combined_layers
from fieldstone_metadata import Layer, MetadataError, Problem, check, read_layer, render_json, render_text


@click.command("check")
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print problems."
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def command(paths: Sequence[Path], form: str, as_json: bool) -> int:
    """Check app folders and print all their problems, each as `file:line:column: message`.

    Several folders are checked together. Apps that they require are taken from the shipped templates.
    Exits with 1 if there are errors, with 0 if there are none or only warnings.

    \b
    Example:
      fieldstone check my_app
      fieldstone check my_app --format json
    """
    problems = problems_of(paths)
    errors = [problem for problem in problems if problem.severity == "error"]
    if as_json or form == "json":
        click.echo(render_json(problems))
    elif problems:
        click.echo(render_text(problems))
    if not as_json and form == "text":
        error_console().print(_summary(len(errors), len(problems) - len(errors)), markup=False)
    return 1 if errors else 0


def problems_of(paths: Sequence[Path]) -> tuple[Problem, ...]:
    """All problems of the layers in `paths`, whatever keeps them from being read included."""
    try:
        return check(combined_layers(layers_in(paths), ())).problems
    except MetadataError as error:
        return error.problems


def layers_in(paths: Sequence[Path]) -> list[Layer]:
    """The layers in the given folders. Raises MetadataError where there is nothing to read."""
    return [read_layer(path) for path in paths]


def _summary(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return "No problems found."
    return f"{errors} error{'' if errors == 1 else 's'}, {warnings} warning{'' if warnings == 1 else 's'}."
