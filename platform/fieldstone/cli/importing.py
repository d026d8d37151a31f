"""`fieldstone import`: records from a CSV file, with a mapping file that says which column feeds which field."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from fieldstone.access.principals import principal_for_user
from fieldstone.access.users import require_user
from fieldstone.cli.installation import Installation, opened
from fieldstone.cli.output import console, error_console, print_json
from fieldstone.context import Context
from fieldstone.errors import FieldstoneError
from fieldstone.transfer.binding import bind
from fieldstone.transfer.csv_file import CsvFile, Row, open_csv
from fieldstone.transfer.mapping import Mapping
from fieldstone.transfer.mapping_file import read_mapping
from fieldstone.transfer.outcome import Outcome, Refusal
from fieldstone.transfer.rejects import Rejects, default_path
from fieldstone.transfer.run import ImportRun
from fieldstone.transfer.summary import lines


@click.command("import")
@click.argument("entity", metavar="ENTITY")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--mapping", "mapping_file", required=True, type=click.Path(path_type=Path), help="The mapping file.")
@click.option("--dry-run", is_flag=True, help="Check every row, tell each problem, and write nothing.")
@click.option("--rejected", type=click.Path(path_type=Path), help="Where refused rows go. [FILE.rejected.csv]")
@click.option("--as", "email", metavar="EMAIL", help="Import as this user and with their rights. [the system]")
@click.option("--json", "as_json", is_flag=True, help="Print the counts and problems as JSON.")
def command(
    entity: str,
    file: Path,
    mapping_file: Path,
    dry_run: bool,
    rejected: Path | None,
    email: str | None,
    as_json: bool,
) -> int:
    """Import records of ENTITY from the CSV file FILE.

    Rows that are refused are written to FILE.rejected.csv with their reasons; correct them there and import that
    file with the same mapping. Each thousand rows are written in one transaction, so what was counted stays when an
    import ends early. Exits with 1 if rows were refused.

    \b
    Example:
      fieldstone import account accounts.csv --mapping accounts.yaml --dry-run
      fieldstone import account accounts.csv --mapping accounts.yaml
    """
    mapping = read_mapping(mapping_file)
    with opened() as installation, open_csv(file, mapping.layout, mapping.columns) as source:
        context = _context(installation, email, file)
        run = _Import(context, mapping, entity, file, source, dry_run, rejected or default_path(file))
        run.run(show_progress=not as_json)
    if as_json:
        print_json(run.as_json())
    else:
        run.print_summary()
    return 1 if run.outcome.refused or not run.outcome.finished else 0


def _context(installation: Installation, email: str | None, file: Path) -> Context:
    context = installation.context(note=file.name)
    if email is None:
        return context
    user = require_user(installation.database, context.model, email)
    principal = principal_for_user(installation.database, context.model, user.id)
    return replace(context, principal=principal, now=datetime.now(UTC))


class _Import:
    """One import from the command line: where its problems and its progress are shown."""

    def __init__(
        self,
        context: Context,
        mapping: Mapping,
        entity: str,
        file: Path,
        source: CsvFile,
        dry_run: bool,
        rejected: Path,
    ) -> None:
        self._bound = bind(mapping, context.model, entity, source.header.columns)
