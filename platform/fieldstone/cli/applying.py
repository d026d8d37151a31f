"""`fieldstone apply`: publish an app."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import click

from fieldstone.access.system_user import SYSTEM_USER
from fieldstone.access.users import require_user
from fieldstone.cli.installation import Installation, opened
from fieldstone.cli.output import console, error_console, is_interactive, print_json
from fieldstone.cli.planning import print_plan, read_layers, show_problems
from fieldstone.publication.apply import Applied, NotAccepted, propose, publish


@click.command("apply")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask before publishing.")
@click.option("--note", default="", help="Why, for the list of versions.")
@click.option("--author", metavar="EMAIL", help="The user who publishes. Default: the system.")
@click.option("--base", type=int, metavar="VERSION", help="Refuse if another version than this is in force.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON; needs --yes.")
def command(
    paths: Sequence[str], *, yes: bool, note: str, author: str | None, base: int | None, as_json: bool
) -> int:
    """Check, plan and publish an app, in one transaction. Running servers take it up at once.

    PATH is an app folder, or the name of a shipped template. It goes over `core`, over the apps that it
    requires, and over what else is published. Documents that are in force already change nothing. Exits
    with 1 if the documents have errors or the plan holds what is refused; then nothing was changed.

    \b
    Example:
      fieldstone apply my_app
      fieldstone apply my_app --yes --note "Ratings for accounts"
    """
    if as_json and not yes:
        raise click.UsageError("--json needs --yes: there is nobody to ask.")
    layers = read_layers(paths)
    with opened() as installation:
        try:
            proposal = propose(installation.database, layers)
            if not as_json:
                print_plan(proposal.plan)
            if not proposal.plan.unchanged and not proposal.plan.refusals and not yes:
                _ask()
            who = _author(installation, author)
            applied = publish(installation.database, proposal, author=who, note=note, base=base)
        except NotAccepted as error:
            return show_problems(error, as_json=as_json)
    _show(applied, as_json=as_json)
    return 0


def _ask() -> None:
    if not is_interactive():
        raise click.UsageError("There is nobody to ask; say --yes to publish.")
    click.confirm("Publish this?", abort=True, err=True)


def _author(installation: Installation, email: str | None) -> UUID:
    return require_user(installation.database, installation.model(), email).id if email else SYSTEM_USER


def _show(applied: Applied, *, as_json: bool) -> None:
    if as_json:
        outcome = {"version": applied.version, "unchanged": applied.unchanged}
        print_json(outcome | {"plan": applied.plan.as_json()})
    elif not applied.unchanged:
        console().print(f"Published as version {applied.version}.")
    for problem in () if as_json else applied.problems:
        error_console().print(f"{problem.severity}: {problem}", markup=False)
