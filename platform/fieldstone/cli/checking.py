"""`fieldstone check`: all problems of an app folder at once, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from fieldstone.cli.output import error_console, print_json
from fieldstone.publication.layers import combined_layers
from fieldstone_metadata import Layer, MetadataError, Problem, check, read_layers, render_json, render_text
from fieldstone_metadata.uses import UnknownElement, find_element, where_used


@click.command("check")
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print problems."
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--where-used", "element", metavar="ELEMENT", help="Print instead where an element is used.")
def command(paths: Sequence[Path], form: str, as_json: bool, element: str | None) -> int:
    """Check app folders and print all their problems, each as `file:line:column: message`.

    Several folders are checked together. Apps that they require are taken from the shipped templates.
    Exits with 1 if there are errors, with 0 if there are none or only warnings.

    With --where-used an app without errors is searched for what uses an element, `core` and the apps that it
    requires included: an entity (`account`), a field or collection (`account.name`), an option or state
    (`opportunity.stage.won`), a role, a function of a rule file (`sales.is_open`), a view or a message. Each
    use is told as `file:line: kind name (as what)`; the line is that of the rule, or where the field or
    document begins.

    \b
    Example:
      fieldstone check my_app
      fieldstone check my_app --format json
      fieldstone check my_app --where-used opportunity.amount
    """
    if element is not None:
        return _show_uses(paths, element, as_json=as_json or form == "json")
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
    return [layer for path in paths for layer in read_layers(path)]


def _show_uses(paths: Sequence[Path], name: str, *, as_json: bool) -> int:
    try:
        checked = check(combined_layers(layers_in(paths), ()))
    except MetadataError as error:
        raise click.UsageError(str(error)) from error
    if checked.application is None:
        click.echo(render_text(checked.errors), err=True)
        return 1
    try:
        found = where_used(checked.application, find_element(checked.application, name))
    except UnknownElement as error:
        hint = f" ({error.hint})" if error.hint else ""
        raise click.UsageError(f"{error}{hint}") from error
    if as_json:
        print_json([asdict(use) for use in found])
        return 0
    click.echo("\n".join(map(str, found)) if found else f"Nothing uses {name}.")
    return 0


def _summary(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return "No problems found."
    return f"{errors} error{'' if errors == 1 else 's'}, {warnings} warning{'' if warnings == 1 else 's'}."
