"""A fresh installation for the benchmark: database, published app, users, records."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import sqlalchemy as sa
from records import OWNERS, copy_opportunities, write_files
from statements import SETTINGS
from wide_app import Extent, write_wide_app

from fieldstone.database import embedded

HERE = Path(__file__).parent
MOST_IMPORTED = 10_000


class Installation:
    """An embedded database in `folder` with the benchmark's app; entered and left like a file.

    token: of the representative who asks. pid: of Fieldstone's server, once it runs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.token = ""
        self.pid = 0
        self._database: embedded.EmbeddedDatabase | None = None

    def __enter__(self) -> Installation:
        # Started here and with these settings; the commands below join the running server.
        self._database = embedded.start(self.home, SETTINGS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._database is not None:
            self._database.release()

    @property
    def url(self) -> str:
        """How the hand-written application connects."""
        assert self._database is not None
        return self._database.url().render_as_string(hide_password=False)

    def fill(self, accounts: int, opportunities: int, owners: Sequence[str] = OWNERS) -> dict[str, Any]:
        """Publish the app, make its users and records; what the import of opportunities told.

        No more than `MOST_IMPORTED` opportunities are imported; the others are copies of these.
        """
        self._run("apply", str(HERE / "app"), "--yes", "--note", "benchmark")
        for number, email in enumerate(owners):
            team = ("--team", f"Team {number}")
            who = ("--name", f"Rep {number}", "--password", "a benchmark needs none")
            self._run("user", "create", email, *who, "--role", "bench_rep", *team)
        self.token = self._run("token", "create", "--user", owners[0]).strip()
        write_files(self.folder, accounts, min(opportunities, MOST_IMPORTED), owners)
        self._import("account")
        told = self._import("opportunity")
        engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            copy_opportunities(connection, MOST_IMPORTED, opportunities // MOST_IMPORTED)
            # What autovacuum would do soon: without it, plans of both depend on when it happens.
            connection.execute(sa.text("VACUUM ANALYZE"))
        engine.dispose()
        return told

    def widen(self, extent: Extent) -> None:
        """Publish so many entities and roles more."""
        app = write_wide_app(self.folder, extent)
        self._run("apply", str(app), "--yes", "--note", "many entities")

    def _import(self, entity: str) -> dict[str, Any]:
        file, mapping = (str(self.folder / f"{entity}.{kind}") for kind in ("csv", "yaml"))
        told: dict[str, Any] = json.loads(self._run("import", entity, file, "--mapping", mapping, "--json"))
        if told["refused"]:
            raise RuntimeError(f"rows were refused: {told['reasons']}")
        return told

    def _run(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "fieldstone", *arguments]
        environment = {**os.environ, "FIELDSTONE_HOME": str(self.home), "FIELDSTONE_LOG_LEVEL": "warning"}
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise RuntimeError(f"fieldstone {arguments[0]}: {ran.stdout[-2000:]}{ran.stderr[-2000:]}")
        return ran.stdout
