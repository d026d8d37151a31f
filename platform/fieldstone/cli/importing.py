"""`fieldstone import`: records from a CSV file; a mapping file says which column feeds which field."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from fieldstone.access.principals import principal_for_user
from fieldstone.access.users import require_user
from fieldstone.cli.installation import Installation, opened
from fieldstone.cli.output import console, error_console, print_json
from fieldstone.context import Context
from fieldstone.errors import FieldstoneError
from fieldstone.transfer.binding import bind
from fieldstone.transfer.csv_file import CsvFile, Row, open_csv
from fieldstone.transfer.mapping_file import MappingRefused, read_mapping
from fieldstone.transfer.outcome import Outcome, Refusal
from fieldstone.transfer.rejects import Rejects, default_path
from fieldstone.transfer.run import ImportRun
from fieldstone.transfer.summary import lines

_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True)
class Choices:
    """What was asked for on the command line."""

    entity: str
    file: Path
    mapping: Path
    dry_run: bool
    rejected: Path | None
    email: str | None
    as_json: bool
    accept_duplicates: bool = False


@click.command("import")
@click.argument("entity", metavar="ENTITY")
@click.argument("file", metavar="FILE", type=_EXISTING)
@click.option("--mapping", required=True, type=_EXISTING, help="The mapping file, in YAML.")
@click.option("--dry-run", is_flag=True, help="Check every row, tell each problem, and write nothing.")
@click.option(
    "--rejected", type=click.Path(path_type=Path), help="Where refused rows go. [FILE.rejected.csv]"
)
@click.option("--as", "email", metavar="EMAIL", help="Import as this user, with their rights. [the system]")
@click.option(
    "--accept-duplicates", is_flag=True, help="Write rows also where a rule points out a record like them."
)
@click.option("--json", "as_json", is_flag=True, help="Print counts and problems as JSON.")
def command(**chosen: Any) -> int:
    """Import records of ENTITY from the CSV file FILE.

    Rows that are refused go to FILE.rejected.csv with their reasons; correct them there and import that file
    with the same mapping. Each thousand rows are one transaction: what was counted stays when an import ends
    early, and with a `key` in the mapping it can simply be started again. Exits with 1 if rows were refused.

    \b
    Example:
      fieldstone import account accounts.csv --mapping accounts.yaml --dry-run
      fieldstone import account accounts.csv --mapping accounts.yaml
    """
    choices = Choices(**chosen)
    try:
        return _import(choices)
    except MappingRefused as refused:
        if not choices.as_json:
            raise
        print_json({"mapping_problems": [problem.as_json() for problem in refused.problems]})
        return 1


def _import(choices: Choices) -> int:
    mapping = read_mapping(choices.mapping)
    with opened() as installation, open_csv(choices.file, mapping.layout, mapping.columns) as source:
        context = _context(installation, choices)
        bound = bind(mapping, context.model, choices.entity, source.header.columns)
        with _Watch(choices, source) as watch:
            run = ImportRun(context, bound, source, watch, dry_run=choices.dry_run)
            stopped = _run(run)
        result = _Result(choices, run, watch, stopped, bound.unused)
    if choices.as_json:
        print_json(result.as_json())
    else:
        result.print()
    return 1 if run.outcome.refused or stopped else 0


def _context(installation: Installation, choices: Choices) -> Context:
    found = installation.context(note=choices.file.name)
    context = replace(found, accepts_duplicates=choices.accept_duplicates)
    if choices.email is None:
        return context
    user = require_user(installation.database, context.model, choices.email)
    return replace(context, principal=principal_for_user(installation.database, context.model, user.id))


def _run(run: ImportRun) -> str | None:
    """Run to the end, or say why it ended early."""
    try:
        run.run()
    except KeyboardInterrupt:
        return "Stopped."
    except FieldstoneError as error:
        if not run.outcome.read:
            raise
        return error.message
    return None


class _Watch:
    """Shows progress and problems while an import runs, and keeps refused rows."""

    def __init__(self, choices: Choices, source: CsvFile) -> None:
        self.started = time.perf_counter()
        self._choices = choices
        self._source = source
        self._stack = ExitStack()
        self.rejects = self._rejects()
        columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
        self._progress = Progress(*columns, console=error_console(), disable=choices.as_json, transient=True)
        self._task = self._progress.add_task("reading", total=choices.file.stat().st_size)

    def _rejects(self) -> Rejects | None:
        """Where refused rows go. A dry run writes no file unless one is named."""
        chosen = self._choices.rejected
        if self._choices.dry_run and chosen is None:
            return None
        return Rejects(chosen or default_path(self._choices.file), self._source.header)

    def __enter__(self) -> _Watch:
        if self.rejects is not None:
            self._stack.enter_context(self.rejects)
        self._stack.enter_context(self._progress)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def refused(self, row: Row, refusals: list[Refusal]) -> None:
        """Keep a refused row; a dry run tells its problems at once."""
        if self.rejects is not None:
            self.rejects.add(row, refusals)
        if self._choices.dry_run and not self._choices.as_json:
            for refusal in refusals:
                self._progress.console.print(str(refusal), markup=False)

    def progress(self, outcome: Outcome) -> None:
        """Move the bar."""
        told = f"{outcome.read:,} rows, {outcome.refused:,} refused"
        self._progress.update(self._task, completed=self._source.position, description=told)


@dataclass(frozen=True)
class _Result:
    """What to tell at the end. stopped: why the import ended early, or None."""

    choices: Choices
    run: ImportRun
    watch: _Watch
    stopped: str | None
    unused: tuple[str, ...]

    @property
    def rejected(self) -> Path | None:
        """The file of refused rows, if there are any."""
        rejects = self.watch.rejects
        return rejects.path if rejects is not None and rejects.count else None

    def as_json(self) -> dict[str, Any]:
        """The result for programs."""
        seconds = time.perf_counter() - self.watch.started
        outcome = self.run.outcome
        return {
            "entity": self.choices.entity,
            "file": str(self.choices.file),
            "dry_run": self.choices.dry_run,
            "operation": None if self.run.operation is None else str(self.run.operation),
            **outcome.as_json(),
            "stopped": self.stopped,
            "waiting": self.run.waiting,
            "unused_columns": list(self.unused),
            "rejected": None if self.rejected is None else str(self.rejected),
            "seconds": round(seconds, 3),
            "rows_per_second": round(outcome.read / seconds) if seconds else 0,
        }

    def print(self) -> None:
        """The result for people."""
        out = console()
        for line in lines(self.run.outcome, dry_run=self.choices.dry_run):
            out.print(line, markup=False)
        if self.unused:
            out.print(f"Columns that the mapping does not use: {', '.join(self.unused)}.", markup=False)
        if self.stopped is not None:
            out.print(self._how_far(), markup=False)
        if self.rejected is not None:
            out.print(f"Refused rows, with their reasons: {self.rejected}", markup=False)
        if self.run.operation is not None:
            out.print(f"Operation: {self.run.operation}", markup=False)
        if self.choices.dry_run:
            out.print("This was a dry run: nothing was written.", markup=False)

    def _how_far(self) -> str:
        """What an import that ended early has done, and how to go on."""
        outcome = self.run.outcome
        if self.choices.dry_run:
            return f"{self.stopped} The dry run ended after line {outcome.committed_line:,}."
        waiting = f" {self.run.waiting:,} rows still waited for others." if self.run.waiting else ""
        return (
            f"{self.stopped} What is counted above was written, up to line {outcome.committed_line:,}."
            f"{waiting} With a `key` in the mapping the whole file can be imported again."
        )
