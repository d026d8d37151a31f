"""How commands speak: plain text or JSON on standard output, everything else on standard error."""

from __future__ import annotations

import sys
from typing import Any

import click
import orjson
from rich.console import Console

from fieldstone.errors import FieldstoneError


def console() -> Console:
    """Standard output, with colours where it is a terminal."""
    return Console(highlight=False, soft_wrap=True)


def error_console() -> Console:
    """Standard error, for messages and progress."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """A value for programs, on standard output."""
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode())


def show_error(error: FieldstoneError) -> None:
    """What went wrong, with each field that was refused, on standard error."""
    out = error_console()
    out.print("[bold red]Error:[/bold red]", end=" ")
    out.print(error.message, markup=False)
    for problem in error.errors:
        if problem.field and problem.message not in error.message:
            out.print(f"  {problem.field}: {problem.message}", markup=False)


def is_interactive() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()
