"""What publications left to be done in the background: doing it, with progress, and telling of it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from fieldstone.cli.output import console, error_console
from fieldstone.database.database import Database
from fieldstone.publication.afterwards.finishing import finish
from fieldstone.publication.afterwards.unfinished import Unfinished, unfinished


def finish_here(database: Database, *, quiet: bool = False) -> None:
    """Do what is unfinished, showing how far it is, unless another process does it.

    quiet: nothing is shown.
    """
    if not left(database):
        return
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns, console=error_console(), disable=quiet, transient=True) as progress:
        shown = _Shown(progress)
        alone = finish(database, told=shown.tell)
    if not quiet:
        _tell(left(database), alone=alone)


def left(database: Database) -> list[Unfinished]:
    """What is unfinished."""
    with database.read() as connection:
        return unfinished(connection, database.system)


class _Shown:
    """A bar for each thing that is done."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[int, TaskID] = {}

    def tell(self, one: Unfinished) -> None:
        """How far it is."""
        if one.place not in self._tasks:
            self._tasks[one.place] = self._progress.add_task(one.what, total=one.total)
        self._progress.update(self._tasks[one.place], completed=one.done, total=one.total)


def _tell(found: Sequence[Unfinished], *, alone: bool) -> None:
    if found and not alone:
        console().print("A server goes on with what is left:")
    for one in found:
        console().print(f"  {one}", markup=False)
        if one.problem is not None:
            error_console().print(f"  it stopped: {one.problem}", markup=False)
