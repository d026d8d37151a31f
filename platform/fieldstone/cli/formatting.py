"""`fieldstone fmt`: one look for all rule files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from fieldstone.cli.output import error_console
from fieldstone_rules import Problem, RuleError, format_file


@click.command("fmt")
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--check", "only_check", is_flag=True, help="Change nothing; exit with 1 if a file would change."
)
def command(paths: Sequence[Path], only_check: bool) -> int:
    """Format rule files, or all rule files in folders. Comments and line breaks stay where they are.

    Prints the files that changed. A file that does not parse stays as it is, is told with its place, and
    makes the command exit with 1.

    \b
    Example:
      fieldstone fmt my_app
      fieldstone fmt --check my_app
    """
    changed = broken = 0
    for path in _rule_files(paths):
        try:
            changed += _format(path, only_check=only_check)
        except RuleError as error:
            broken += 1
            for problem in error.problems:
                click.echo(_told(path, problem))
        except UnicodeDecodeError:
            broken += 1
            click.echo(f"{path}:1:1: this file is not UTF-8 text")
    error_console().print(_summary(changed, only_check=only_check), markup=False)
    return 1 if broken or (only_check and changed) else 0


def _rule_files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(found for found in path.rglob("*.rules") if found.is_file())
        else:
            yield path


def _format(path: Path, *, only_check: bool) -> bool:
    """Format one file; whether it was not formatted. Raises RuleError if it does not parse."""
    source = path.read_bytes().decode()
    formatted = format_file(source)
    if formatted == source:
        return False
    click.echo(str(path))
    if not only_check:
        path.write_bytes(formatted.encode())
    return True


def _told(path: Path, problem: Problem) -> str:
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{path}:{problem.line}:{problem.column}: {problem.message}{hint}"


def _summary(changed: int, *, only_check: bool) -> str:
    files = f"{changed} file{'' if changed == 1 else 's'}"
    return f"{files} {'would change' if only_check else 'changed'}."
