"""`fieldstone import` on the database of a test's app."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fieldstone.cli.main import commands
from fieldstone_testing.apps import App


@dataclass(frozen=True)
class ImportResult:
    """What the command printed. status: its exit status. counts: its JSON, where that was asked for."""

    status: int
    output: str
    errors: str
    counts: dict[str, Any]


def import_file(
    app: App, monkeypatch: pytest.MonkeyPatch, entity: str, file: Path, mapping: Path, *options: str
) -> ImportResult:
    """Run `fieldstone import ENTITY FILE --mapping MAPPING …` on the app's database."""
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", app.database.url.render_as_string(hide_password=False))
    arguments = ["import", entity, str(file), "--mapping", str(mapping), *options]
    ran = CliRunner().invoke(commands, arguments, standalone_mode=False)
    if ran.exception is not None:
        raise ran.exception
    counts = json.loads(ran.stdout) if "--json" in options else {}
    return ImportResult(ran.return_value, ran.stdout, ran.stderr, counts)
