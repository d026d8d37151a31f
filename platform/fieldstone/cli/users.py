"""`fieldstone user`: who may log in."""

from __future__ import annotations

from collections.abc import Sequence

import click

from fieldstone.access.passwords import set_password
from fieldstone.access.sessions import end_sessions
from fieldstone.access.users import create_user, list_users, require_user
from fieldstone.cli.installation import opened
from fieldstone.cli.output import console, print_json


@click.group("user")
def command() -> None:
    """Make users, list them, and set their passwords.

    \b
    Example:
      fieldstone user create ann@example.com --name "Ann Lee" --password "a long phrase" --role sales_rep
    """


@command.command("create")
@click.argument("email")
@click.option("--name", required=True, help="As colleagues write it.")
@click.option("--password", required=True, help="At least 10 characters.")
@click.option("--role", "roles", multiple=True, required=True, help="A role to hold; can be repeated.")
@click.option("--team", "teams", multiple=True, help="A team to be in, made if it is new; can be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print the new user as JSON.")
def create(
    email: str, *, name: str, password: str, roles: Sequence[str], teams: Sequence[str], as_json: bool
) -> None:
    """Make a user who can log in.

    \b
    Example:
      fieldstone user create bob@example.com --name Bob --password "a long phrase" \\
          --role sales_rep --team "Team North"
    """
    with opened() as installation:
        user = create_user(
            installation.context(), email=email, name=name, password=password, roles=roles, teams=teams
        )
    if as_json:
        print_json({"id": user, "email": email, "name": name, "roles": roles, "teams": teams})
    else:
        console().print(f"Made {name} <{email}> with {', '.join(roles)}.", markup=False)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_(as_json: bool) -> None:
    """List the users.

    \b
    Example:
      fieldstone user list --json
    """
    with opened() as installation:
        users = list_users(installation.database, installation.model())
    if as_json:
        print_json([vars(user) for user in users])
        return
    out = console()
    for user in users:
        out.print(f"{user.email:<40} {user.name}{'' if user.active else '  (not active)'}", markup=False)


@command.command("set-password")
@click.argument("email")
@click.option("--password", help="Asked for if it is not given.")
def set_password_(email: str, password: str | None) -> None:
    """Give a user another password and end all sessions of the user.

    \b
    Example:
      fieldstone user set-password ann@example.com
    """
    chosen = password or click.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
    with opened() as installation:
        user = require_user(installation.database, installation.model(), email)
        set_password(installation.database, user.id, chosen)
    console().print(f"{user.name} has a new password; all sessions have ended.", markup=False)


@command.command("log-out")
@click.argument("email")
def log_out(email: str) -> None:
    """End all sessions of a user; tokens go on.

    \b
    Example:
      fieldstone user log-out ann@example.com
    """
    with opened() as installation:
        user = require_user(installation.database, installation.model(), email)
        end_sessions(installation.database, user.id)
    console().print(f"All sessions of {user.name} have ended.", markup=False)
