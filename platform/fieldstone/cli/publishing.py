"""What the commands that publish have in common: how they are asked, and how they tell what was done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import click

from fieldstone.access.system_user import SYSTEM_USER
from fieldstone.access.users import require_user
from fieldstone.cli.finishing import finish_here
from fieldstone.cli.installation import Installation, opened
from fieldstone.cli.output import console, error_console, is_interactive, print_json
from fieldstone.cli.planning import print_plan, show_problems
from fieldstone.database.database import Database
from fieldstone.publication.alone.patience import Patience
from fieldstone.publication.apply import Applied, NotAccepted, Proposal, publish
from fieldstone.publication.decided import Decided
from fieldstone.rule_tests.upgrades import publish_tested
from fieldstone_metadata.allocation import made_for_good


@dataclass(frozen=True)
class Publishing:
    """What the person at the command line decided. author: an e-mail address; None: the system.

    tested: rule tests have to pass before an upgrade, unless they are skipped.
    """

    yes: bool
    note: str
    author: str | None
    base: int | None
    as_json: bool
    allow_destructive: bool
    tested: bool = False
    skip_tests: bool = False


_OPTIONS = (
    click.option("--yes", is_flag=True, help="Do not ask before publishing."),
    click.option("--note", default="", help="Why, for the list of versions."),
    click.option("--author", metavar="EMAIL", help="The user who publishes. Default: the system."),
    click.option(
        "--base", type=int, metavar="VERSION", help="Refuse if another version than this is in force."
    ),
    click.option(
        "--allow-destructive", is_flag=True, help="Let steps lose data, which goes into the archive."
    ),
    click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON; needs --yes."),
)


def publishing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of `Publishing`, which it takes as keywords."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def carry_out(chosen: Publishing, propose: Callable[[Database], Proposal]) -> int:
    """Plan, show, ask and publish; the exit status."""
    if chosen.as_json and not chosen.yes:
        raise click.UsageError("--json needs --yes: there is nobody to ask.")
    with opened() as installation:
        try:
            allowed = chosen.allow_destructive
            proposal = made_for_good(lambda: propose(installation.database))
            proposal = replace(proposal, allow_destructive=allowed)
            if not chosen.as_json:
                print_plan(proposal.plan, allow_destructive=allowed)
            stopped = proposal.stopped
            if not proposal.plan.unchanged and not stopped and not chosen.yes:
                _ask()
            who = _author(installation, chosen.author)
            applied = _publish(installation.database, proposal, chosen, who)
        except NotAccepted as error:
            return show_problems(error, as_json=chosen.as_json)
        _show(applied, as_json=chosen.as_json)
        finish_here(installation.database, quiet=chosen.as_json)
    return 0


def _publish(database: Database, proposal: Proposal, chosen: Publishing, author: UUID) -> Applied:
    if chosen.tested:
        decided = Decided(author, chosen.note, chosen.base, skip_tests=chosen.skip_tests)
        return publish_tested(database, proposal, decided, _PATIENCE)
    return publish(database, proposal, author=author, note=chosen.note, base=chosen.base, patience=_PATIENCE)


def _tell(text: str) -> None:
    error_console().print(text, markup=False)


_PATIENCE = Patience(tell=_tell)


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
