"""`fieldstone secret`: the keys under which secrets are encrypted."""

from __future__ import annotations

import click
from rich.progress import Progress

from fieldstone.cli.installation import opened
from fieldstone.cli.output import console, error_console, print_json
from fieldstone.database.keyring import new_key
from fieldstone.records.secrets import Rotated, rotate


@click.group("secret")
def command() -> None:
    """Make keys for secrets, and put all secrets under the newest one.

    \b
    Example:
      export FIELDSTONE_SECRET_KEYS="$(fieldstone secret key),$FIELDSTONE_SECRET_KEYS"
      fieldstone secret rotate
    """


@command.command("key")
def key() -> None:
    """Print a new key, and nothing else, for the front of FIELDSTONE_SECRET_KEYS.

    \b
    Example:
      fieldstone secret key
    """
    click.echo(new_key())


@command.command("rotate")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def rotate_all(as_json: bool) -> int:
    """Encrypt all secrets under the first key of FIELDSTONE_SECRET_KEYS; then the others can be removed.

    It can be stopped and run again, while servers run. Exits with 1 if a secret lies under no known key.

    \b
    Example:
      fieldstone secret rotate
    """
    with (
        opened() as installation,
        Progress(console=error_console(), disable=as_json, transient=True) as shown,
    ):
        task = shown.add_task("secrets", total=None)
        done = Rotated()
        for part in rotate(installation.context()):
            done += part
            shown.update(task, advance=part.seen)
    if as_json:
        print_json(vars(done))
    else:
        _tell(done)
    return 1 if done.lost else 0


def _tell(done: Rotated) -> None:
    out = console()
    out.print(f"{done.renewed:,} of {done.seen:,} secrets were put under the newest key.")
    if done.lost:
        out.print(f"{done.lost:,} lie under a key that is not in FIELDSTONE_SECRET_KEYS; add it at the end.")
