"""Upgrades of apps: which come in another version, and where changes of higher layers stand against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fieldstone.errors import Conflict, Invalid
from fieldstone.publication.refusal import Refusal
from fieldstone_metadata import Layer, Problem
from fieldstone_metadata.upgrade_choices import Choices, Settled, settled
from fieldstone_metadata.upgrade_conflicts import UpgradeConflict
from fieldstone_metadata.versions import parse_version

if TYPE_CHECKING:
    from fieldstone.publication.plan import Difference

_SHOWN = 60


@dataclass(frozen=True)
class Upgrading:
    """What somebody decided for an upgrade. downgrade: an app may come in an older version."""

    choices: Choices = field(default_factory=Choices)
    downgrade: bool = False


UNDECIDED = Upgrading()
"""Nothing was decided: conflicts stay open, and older versions are refused."""


class UpgradeConflicts(Conflict):
    """Changes of higher layers whose base changes underneath; details["conflicts"] has the sides of each.

    problems: what the check found wrong meanwhile, which may come of them.
    """

    code, title = "upgrade_conflicts", "Changes of your own and the new version do not go together"

    def __init__(self, found: Sequence[UpgradeConflict], problems: Sequence[Problem] = ()) -> None:
        self.conflicts, self.problems = tuple(found), tuple(problems)
        names = ", ".join(conflict.element for conflict in found)
        super().__init__(
            f"The new version changes what has been changed in a higher layer too: {names}. Nothing was "
            "published. Choose a side for each: `--keep ELEMENT` or `--take ELEMENT`, `--keep-all` or "
            "`--take-all`.",
            details={
                "conflicts": [conflict.as_json() for conflict in found],
                "problems": [problem.as_json() for problem in problems],
            },
        )


def upgrade(published: Sequence[Layer], wanted: tuple[Layer, ...], upgrading: Upgrading | None) -> Settled:
    """`wanted` with the choices for what conflicts with it in `published`; as it is where that is None.

    Raises Invalid for choices that do not fit, and Conflict for a text that cannot be changed here.
    """
    if upgrading is None:
        return Settled(wanted)
    done = settled(published, wanted, upgrading.choices)
    _require_fitting(done, upgrading.choices)
    return done


def _require_fitting(done: Settled, choices: Choices) -> None:
    if done.unknown:
        raise Invalid(
            f"There is no conflict about {', '.join(f'`{name}`' for name in done.unknown)}, so there is "
            "nothing to choose. `fieldstone plan` lists what is in conflict.",
            code="unknown_conflict",
            details={"unknown": list(done.unknown)},
        )
    for conflict in done.open:
        side = choices.named.get(conflict.element)
        if side is not None:
            raise Invalid(
                f"{conflict.element}: `{side}` cannot be taken. {conflict.message}", code="bad_choice"
            )
    if done.failures:
        told = (
            f"{conflict.element} ({conflict.layer}/{conflict.path}:{conflict.line}): {reason}"
            for conflict, reason in done.failures
        )
        raise Conflict("Change it by hand: " + "; ".join(told) + ".", code="change_by_hand")


@contextmanager
def with_conflicts(found: Sequence[UpgradeConflict]) -> Iterator[None]:
    """Where documents have errors while conflicts are open, these are told: they may be the reason."""
    try:
        yield
    except Invalid as error:
        if not found:
            raise
        raise UpgradeConflicts(found, getattr(error, "problems", ())) from error


@dataclass(frozen=True)
class VersionChange:
    """An installed app that comes in another version."""

    app: str
    before: str
    after: str


def version_changes(between: Difference) -> tuple[VersionChange, ...]:
    """The installed apps that come in another version."""
    old = between.old.application.apps if between.old is not None else {}
    new = between.new.application.apps
    return tuple(
        VersionChange(name, app.version, new[name].version)
        for name, app in old.items()
        if name in new and new[name].version != app.version
    )


def downgrades(between: Difference) -> tuple[Refusal, ...]:
    """Why it is refused unless somebody wants it: apps in an older version than the installed one."""
    return tuple(
        _older(change)
        for change in version_changes(between)
        if parse_version(change.after).key < parse_version(change.before).key
    )


def _older(change: VersionChange) -> Refusal:
    message = (
        f"Version {change.before} is installed, and this is {change.after}, an older one. Say `--downgrade` "
        "if that is meant."
    )
    return Refusal(f"app {change.app}", "downgrade", message)


def sides(conflict: UpgradeConflict) -> Mapping[str, str]:
    """What each side says, in a few words."""
    return {"base": _short(conflict.base), "theirs": _short(conflict.theirs), "mine": _short(conflict.mine)}


def _short(value: Any) -> str:
    text = "nothing" if value is None else _written(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _written(value: Any) -> str:
    """Plain values in the form of YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return " ".join(str(value).split())
