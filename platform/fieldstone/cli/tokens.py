"""`fieldstone token`: bearer tokens for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import click

from fieldstone.access.tokens import VERBS, Token, create_token, list_tokens, revoke_token
from fieldstone.access.users import require_user
from fieldstone.cli.installation import opened
from fieldstone.cli.output import console, print_json
from fieldstone.context import TokenLimits
from fieldstone.model.model import Model


@click.group("token")
def command() -> None:
    """Make, list and revoke tokens for `Authorization: Bearer`.

    \b
    Example:
      TOKEN=$(fieldstone token create --user ann@example.com --days 30)
    """


@command.command("create")
@click.option("--user", "email", required=True, metavar="EMAIL", help="Whom the token acts as.")
@click.option(
    "--days", type=click.IntRange(1, 3650), help="How long it counts. Default: until it is revoked."
)
@click.option("--name", default="", help="What it is for, for the list of tokens.")
@click.option("--entity", "entities", multiple=True, help="Only this entity; can be repeated.")
@click.option(
    "--verb", "verbs", multiple=True, type=click.Choice(sorted(VERBS)), help="Only this; can be repeated."
)
def create(email: str, days: int | None, name: str, entities: Sequence[str], verbs: Sequence[str]) -> None:
    """Make a token and print it, and nothing else. It cannot be shown again.

    \b
    Example:
      fieldstone token create --user ann@example.com --days 30
      fieldstone token create --user ann@example.com --entity account --verb read
    """
    with opened() as installation:
        model = installation.model()
        user = require_user(installation.database, model, email)
        text = create_token(
            installation.database,
            user.id,
            author=user.id,
            now=datetime.now(UTC),
            name=name,
            lifetime=timedelta(days=days) if days else None,
            limits=_limits(model, entities, verbs),
        )
    click.echo(text)


@command.command("list")
@click.option("--user", "email", required=True, metavar="EMAIL", help="Whose tokens.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_(email: str, as_json: bool) -> None:
    """List the tokens of a user, without the tokens themselves.

    \b
    Example:
      fieldstone token list --user ann@example.com
    """
    with opened() as installation:
        user = require_user(installation.database, installation.model(), email)
        tokens = list_tokens(installation.database, user.id)
    if as_json:
        print_json([_as_json(token) for token in tokens])
        return
    out = console()
    for token in tokens:
        out.print(f"{token.id}  {token.created_at:%Y-%m-%d}  {_state(token):<22} {token.name}", markup=False)


@command.command("revoke")
@click.argument("token", type=click.UUID, metavar="ID")
def revoke(token: UUID) -> None:
    """End a token for good. Servers refuse it within a second.

    \b
    Example:
      fieldstone token revoke 0199f6a0-0000-7000-8000-000000000000
    """
    with opened() as installation:
        revoke_token(installation.database, token, datetime.now(UTC))
    console().print("Revoked.")


def _limits(model: Model, entities: Sequence[str], verbs: Sequence[str]) -> TokenLimits:
    unknown = [entity for entity in entities if entity not in model.entities]
    if unknown:
        raise click.UsageError(
            f"There is no entity {unknown[0]}; known are {', '.join(sorted(model.entities))}."
        )
    return TokenLimits(frozenset(entities) or None, frozenset(verbs) or None)


def _state(token: Token) -> str:
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at is None:
        return "counts"
    return f"{'expired' if token.expires_at <= datetime.now(UTC) else 'until'} {token.expires_at:%Y-%m-%d}"


def _as_json(token: Token) -> dict[str, object]:
    limits = token.limits
    return {
        "id": token.id,
        "name": token.name,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "entities": sorted(limits.entities) if limits.entities is not None else None,
        "verbs": sorted(limits.verbs) if limits.verbs is not None else None,
    }
