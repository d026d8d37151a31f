"""`fieldstone drift`: what somebody changed in the tables by hand, and making it as declared again."""

from __future__ import annotations

import click

from fieldstone.cli.installation import opened
from fieldstone.cli.output import console, error_console, is_interactive, print_json
from fieldstone.publication.afterwards.unfinished import Unfinished
from fieldstone.publication.drift import Deviation, being_built, deviations, mend


@click.command("drift")
@click.option("--mend", "mending", is_flag=True, help="Make it as declared, as far as that is possible.")
@click.option("--yes", is_flag=True, help="Do not ask before mending.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list; with --mend it needs --yes.")
def command(*, mending: bool, yes: bool, as_json: bool) -> int:
    """Show what in the tables is not as the version in force says, because somebody changed it by hand.

    With --mend columns, indexes and constraints that are missing, weaker or of another type become as
    declared, in one transaction; values of a dropped column do not come back. What was made by hand beside
    them is never touched, and what a publication has built in the background is told of and left to it. Exits
    with 1 if anything is left that is not as declared.

    \b
    Example:
      fieldstone drift
      fieldstone drift --mend
    """
    if mending and not yes and (as_json or not is_interactive()):
        raise click.UsageError("There is nobody to ask; say --yes to mend.")
    with opened() as installation:
        found = deviations(installation.database)
        if not as_json:
            _show(found)
        if mending and any(one.mend for one in found):
            if not yes:
                click.confirm("Mend this?", abort=True, err=True)
            mend(installation.database)
            found = deviations(installation.database)
            if not as_json:
                error_console().print(f"Mended; {len(found)} left.")
        building = being_built(installation.database)
    if as_json:
        print_json([*map(_told, found), *map(_still_built, building)])
    else:
        _show_building(building)
    return 1 if found else 0


def _told(one: Deviation) -> dict[str, object]:
    return {
        "table": one.table, "element": one.element, "text": one.text, "mend": list(one.sql), "hint": one.hint,
        "building": False,
    }  # fmt: skip  # on as few lines


def _still_built(one: Unfinished) -> dict[str, object]:
    return {
        "table": one.of_table, "element": ", ".join(one.names), "text": _so_far(one), "mend": [], "hint": "",
        "building": True,
    }  # fmt: skip  # on as few lines


def _so_far(one: Unfinished) -> str:
    return f"is still being built{f', and cannot be: {one.problem}' if one.problem else ''}"


def _show_building(building: list[Unfinished]) -> None:
    for one in building:
        console().print(f"{', '.join(one.names)} of {one.of_table} {_so_far(one)}", markup=False)


def _show(found: list[Deviation]) -> None:
    out = console()
    for one in found:
        out.print(f"{one.element} {one.text}", markup=False)
        for statement in one.sql:
            out.print(f"    {statement}", markup=False, soft_wrap=True)
        if one.hint:
            out.print(f"    if nobody needs it: {one.hint}", markup=False, soft_wrap=True)
    if not found:
        out.print("All tables are as declared.")
