"""`fieldstone test`: run the tests in the rule files of an app."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from fieldstone.cli.installation import server
from fieldstone.cli.output import console, error_console, print_json
from fieldstone.cli.planning import read_apps, show_problems
from fieldstone.publication.apply import NotAccepted
from fieldstone.rule_tests import Outcome, run_tests, staged
from fieldstone.rule_tests.junit import junit_xml
from fieldstone_metadata import Layer


@click.command("test")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML to this file."
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcomes as JSON.")
def command(paths: Sequence[str], *, junit: Path | None, as_json: bool) -> int:
    """Run the tests in the rule files of an app, each as its role, at its time, and on records of its own.

    PATH is an app folder, or the name of a shipped template. It is published with `core` and the apps that it
    requires, but without what else is published, in a transaction of the database that is never committed. So
    nothing of it remains, and what people work with stays as it is. A failure shows the values of all parts
    of the expectation. Exits with 1 if a test fails or the documents have errors.

    \b
    Example:
      fieldstone test my_app
      fieldstone test my_app --junit results.xml
    """
    layers = read_apps(paths)
    outcomes: list[Outcome] = []
    try:
        for outcome in _run(layers):
            outcomes.append(outcome)
            if not as_json:
                _show(outcome)
    except NotAccepted as error:
        return show_problems(error, as_json=as_json)
    if junit is not None:
        _write(junit, outcomes)
    if as_json:
        print_json([outcome.as_json() for outcome in outcomes])
    else:
        error_console().print(_summary(outcomes), markup=False)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def _run(layers: Sequence[Layer]) -> Iterator[Outcome]:
    with server() as reached, staged(reached.url, layers) as stage:
        yield from run_tests(stage, {layer.name for layer in layers})


def _show(outcome: Outcome) -> None:
    out = console()
    mark, colour = ("ok", "green") if outcome.passed else ("FAILED", "red")
    role = f" as {outcome.role}" if outcome.role else ""
    out.print(mark, style=colour, end=" ")
    out.print(f"{outcome.path}:{outcome.line}: {outcome.name}{role}", markup=False)
    for failure in outcome.failures:
        out.print(f"    {failure.place}: {failure.message}", markup=False)
        for line in failure.details:
            out.print(f"        {line}", markup=False)


def _write(path: Path, outcomes: Sequence[Outcome]) -> None:
    try:
        path.write_bytes(junit_xml(outcomes))
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error


def _summary(outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return "There are no tests in the rule files."
    failed = sum(not outcome.passed for outcome in outcomes)
    count = f"{len(outcomes)} test{'' if len(outcomes) == 1 else 's'}"
    return f"{count} passed." if not failed else f"{failed} of {count} failed."
