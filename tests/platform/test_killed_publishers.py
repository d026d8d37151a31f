"""Publishers that are killed: at whatever step, the database is at the old version or at the new one.

The publication has everything in it that publications do. Its process is killed (SIGKILL), or its connection
ended by an administrator, before each of its statements, before its commit, and amid that.
FIELDSTONE_KILLS=1000 tries each step in both ways; a usual run some of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from fieldstone.access.system_user import SYSTEM_USER
from fieldstone.publication.apply import propose, publish
from fieldstone_testing import App, AppFactory
from fieldstone_testing.apps import layer_from
from fieldstone_testing.catalogue import catalogue, contents
from fieldstone_testing.holds import closed_gate, put_gate_at_commit, until
from fieldstone_testing.publications import AFTER, BEFORE, EXTRA, fill
from fieldstone_testing.waiting import LONGEST

STEPS = int(os.environ.get("FIELDSTONE_KILLS", "6"))
WAYS = {"kill": "signal 9", "disconnect": "unavailable"}
LOCKS = """SELECT count(*) FROM pg_locks WHERE pid <> pg_backend_pid()
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


class Publisher:
    """The process of `fieldstone_testing.publisher_process`."""

    def __init__(self, app: App, folder: Path) -> None:
        for name, text in (("shop", AFTER), ("extra", EXTRA)):
            (folder / name).mkdir(parents=True)
            (folder / name / "app.yaml").write_text(text)
        url = app.database.url.render_as_string(hide_password=False)
        command = [sys.executable, "-m", "fieldstone_testing.publisher_process", url, str(folder)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def told(self, order: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(order, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()

    def kill_child(self) -> None:
        [child] = psutil.Process(self.process.pid).children()
        child.kill()

    def close(self) -> None:
        self.process.communicate(timeout=LONGEST)


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from.of_layers([layer_from(BEFORE)], filled_by=fill)


@pytest.fixture
def publisher(app: App, tmp_path: Path) -> Iterator[Publisher]:
    found = Publisher(app, tmp_path / "apps")
    yield found
    found.close()


def state(app: App) -> tuple[object, ...]:
    """All there is, once nobody holds any lock any more."""
    until(lambda: app.sql(LOCKS) == [(0,)])
    return catalogue(app), contents(app)


def differs(app: App) -> object:
    """What the product finds to be otherwise than the version in force says."""
    plan = propose(app.database, []).plan
    return [*plan.drift, *plan.statements, *plan.refusals]


def steps(last: int) -> list[tuple[str, int]]:
    """Some steps or all, the last one first, in either way."""
    every = max(1, last // STEPS)
    return [
        (way, step) for place, way in enumerate(WAYS) for step in range(last - place * every // 2, 0, -every)
    ]


def test_a_publisher_who_is_killed_at_any_step_leaves_all_as_it_was_or_has_published_all(
    app: App, publisher: Publisher, app_from: AppFactory
) -> None:
    put_gate_at_commit(app, "main_system.publication")
    before = state(app)
    for way, step in steps(last=int(publisher.told("measure"))):
        assert (step, publisher.told(f"{way} {step}")) == (step, WAYS[way])
        assert (step, state(app)) == (step, before)
    assert differs(app) == []

    with ThreadPoolExecutor(1) as pool, closed_gate(app) as gate:
        told = pool.submit(publisher.told, "finish")
        gate.until_waiting()
        publisher.kill_child()
        assert told.result(LONGEST) == "signal 9"
        gate.release()
        until(lambda: app.sql("SELECT version FROM main_system.current") == [(2,)])
    assert differs(app) == []
    assert state(app)[0] == catalogue(undisturbed(app_from))
    assert publisher.told("finish") == "base_moved"


def undisturbed(app_from: AppFactory) -> App:
    """The same publication, of which nobody was killed."""
    app = app_from.of_layers([layer_from(BEFORE)], filled_by=fill)
    put_gate_at_commit(app, "main_system.publication")
    proposal = propose(app.database, [layer_from(AFTER), layer_from(EXTRA)], app.model)
    publish(app.database, replace(proposal, allow_destructive=True), author=SYSTEM_USER, note="")
    return app
