"""What a publication costs with few entities and with many: processor seconds, not those of the clock.

Three processes take part, like an author's, a server's and a command's. The first checks an app that nothing
is known of, publishes it, and plans and publishes one more field. The second holds the first publication and
takes up the second one. The third has nothing but what the first has left, and plans another field.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from wide_app import Extent, entity_text, write_wide_app

from fieldstone.access.system_user import SYSTEM_USER
from fieldstone.cli.installation import opened
from fieldstone.database.database import Database
from fieldstone.database.embedded import start
from fieldstone.publication.apply import propose, publish
from fieldstone.publication.current import load_model
from fieldstone.publication.layers import combined_layers
from fieldstone_metadata import check, read_layer
from fieldstone_metadata.allocation import made_for_good

SIZES = (10, 100, 1000)
FIELDS = 50
TITLES: Mapping[str, str] = {
    "check": "check",
    "publish": "first publication",
    "plan": "plan of one field",
    "apply": "apply of it",
    "command": "plan, whole command",
    "swap": "swap",
    "memory_mb": "memory MiB",
}
"""What is measured of each size, with its heading."""

Result = TypeVar("Result")


def measure_publishing(entities: int) -> dict[str, float]:
    """The figures of an app of so many entities, with two rules each."""
    with tempfile.TemporaryDirectory(prefix="fieldstone-bench-") as folder:
        write_wide_app(Path(folder), Extent(entities, max(2, entities // 5), FIELDS))
        # Held here, so that the database outlives each of the processes.
        database = start(Path(folder) / "home")
        try:
            return _author(folder) | _server(folder) | _command(folder)
        finally:
            database.release()


def _author(folder: str) -> dict[str, float]:
    return _told(_process("author", folder))


def _server(folder: str) -> dict[str, float]:
    return _told(_process("server", folder))


def _command(folder: str) -> dict[str, float]:
    return _told(_process("command", folder))


def _process(part: str, folder: str) -> str:
    environment = {**os.environ, "FIELDSTONE_HOME": f"{folder}/home", "FIELDSTONE_LOG_LEVEL": "warning"}
    command = [sys.executable, __file__, part, f"{folder}/wide"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise RuntimeError(f"{part}: {ran.stderr[-3000:]}")
    return ran.stdout


def _told(output: str) -> dict[str, float]:
    figures: dict[str, float] = json.loads(output.splitlines()[-1])
    return figures


# ---- the two processes


def author(app: Path) -> dict[str, float]:
    """Check, publish, and publish one field more."""
    figures: dict[str, float] = {}
    layer = read_layer(app)
    _timed(figures, "check", lambda: check(combined_layers([layer], ())))
    with opened() as installation:
        database = installation.database
        proposal = _timed(figures, "publish", lambda: _published(database, app))
        in_force = proposal.between.new
        _add_a_field(app)
        changed = read_layer(app)
        planned = _timed(figures, "plan", lambda: propose(database, [changed], in_force))
        _timed(figures, "apply", lambda: publish(database, planned, author=SYSTEM_USER, note="a field"))
    return figures


def _published(database: Database, app: Path) -> Any:
    proposal = propose(database, [read_layer(app)])
    publish(database, proposal, author=SYSTEM_USER, note="all")
    return proposal


def _add_a_field(app: Path, more: int = 1) -> None:
    (app / "entities" / "thing_0003.yaml").write_text(entity_text(3, FIELDS + more), "utf-8")


def server(_app: Path) -> dict[str, float]:
    """Hold the first publication, and take up the second beside it."""
    figures: dict[str, float] = {}
    with opened() as installation:
        held = load_model(installation.database, 1)
        taken_up = _timed(figures, "swap", lambda: load_model(installation.database, 2, held.application))
        assert taken_up.version > held.version
        figures["memory_mb"] = round(_resident_bytes() / 2**20)
    return figures


def command(app: Path) -> dict[str, float]:
    """Plan another field as `fieldstone plan` does, imports included."""
    _add_a_field(app, more=2)
    with opened() as installation:
        made_for_good(lambda: propose(installation.database, [read_layer(app)]))
    return {"command": round(time.process_time(), 2)}


def _timed(figures: dict[str, float], name: str, work: Callable[[], Result]) -> Result:
    begun = time.process_time()
    result = work()
    figures[name] = round(time.process_time() - begun, 2)
    return result


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    part = {"author": author, "server": server, "command": command}[sys.argv[1]]
    print(json.dumps(part(Path(sys.argv[2]))))
