"""The options of an upgrade: which side to take in conflicts, and whether an older version is meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from fieldstone.publication.upgrades import Upgrading
from fieldstone_metadata.upgrade_choices import Choices
from fieldstone_metadata.upgrade_conflicts import MINE, THEIRS

_OPTIONS = (
    click.option(
        "--keep",
        multiple=True,
        metavar="ELEMENT",
        help="In this conflict keep the change of the higher layer. Can be repeated.",
    ),
    click.option(
        "--take",
        multiple=True,
        metavar="ELEMENT",
        help="In this conflict take what the new version says. Can be repeated.",
    ),
    click.option("--keep-all", is_flag=True, help="Keep the changes in all other conflicts."),
    click.option("--take-all", is_flag=True, help="Take the new version in all other conflicts."),
    click.option("--downgrade", is_flag=True, help="Let an app come in an older version."),
)


def upgrading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of `upgrading_of`, which it takes as keywords."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def upgrading_of(
    *, keep: Sequence[str], take: Sequence[str], keep_all: bool, take_all: bool, downgrade: bool
) -> Upgrading:
    """What the options say. Wrong usage where they contradict each other."""
    both = sorted(set(keep) & set(take))
    if both:
        raise click.UsageError(f"--keep and --take both name `{both[0]}`.")
    if keep_all and take_all:
        raise click.UsageError("--keep-all and --take-all contradict each other.")
    otherwise = MINE if keep_all else THEIRS if take_all else None
    named = dict.fromkeys(keep, MINE) | dict.fromkeys(take, THEIRS)
    return Upgrading(Choices(named, otherwise), downgrade)
