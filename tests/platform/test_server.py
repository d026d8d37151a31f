"""Whole processes: started, interrupted, killed, and found again with their data."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from fieldstone.database.postmaster import running_postmaster
from fieldstone_testing import Server
from fieldstone_testing.fast_folders import fast_folder
from fieldstone_testing.servers import start_server, wait_until_healthy
from fieldstone_testing.waiting import LONGEST, until


@pytest.fixture(scope="module")
def filled() -> Iterator[Path]:
    """The home of a small demonstration that is not running, to copy from."""
    with tempfile.TemporaryDirectory(prefix="fieldstone-test-", dir=fast_folder()) as path:
        made = fieldstone(Path(path), "demo", "--no-serve", "--size", "small")
        assert made.returncode == 0, made.stderr
        yield Path(path) / "home"


@pytest.fixture
def home(filled, folder) -> Path:
    """A copy of the demonstration's home, with the owner that PostgreSQL wants."""
    subprocess.run(["cp", "-a", str(filled), str(folder / "home")], check=True)
    return folder / "home"


@pytest.fixture
def serve(home) -> Iterator[Callable[..., Server]]:
    """Starts servers on the home, and kills those that a test leaves running."""
    started: list[Server] = []

    def make(command: str = "serve", **settings: str) -> Server:
        server = start_server(home.parent, environment(home.parent) | settings, command, wait=False)
        started.append(server)
        wait_until_healthy(server)
        return server

    yield make
    for server in started:
        server.kill()


def environment(folder: Path) -> dict[str, str]:
    return {"FIELDSTONE_HOME": str(folder / "home"), "FIELDSTONE_LOG_FORMAT": "text"}


def fieldstone(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fieldstone", *arguments],
        cwd=folder,
        env={**os.environ, **environment(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=3 * LONGEST,
    )


def count_of(server: Server, folder: Path) -> int:
    token = fieldstone(folder, "token", "create", "--user", "admin@northgate.example").stdout.strip()
    request = urllib.request.Request(
        f"{server.url}/api/v1/data/product?count=exact", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=LONGEST) as answer:
        return int(json.load(answer)["count"])


def restarted(home: Path, before: int) -> bool:
    """Whether another database server runs than the one with this process id."""
    running = running_postmaster(home / "database")
    return running is not None and running.pid != before


def test_the_demonstration_prints_address_and_log_ins_and_ctrl_c_stops_everything(home, serve):
    server = serve("demo")
    until(lambda: "Ctrl+C stops everything" in server.log.read_text())
    shown = server.log.read_text()
    assert server.url in shown
    for person in ("admin@", "manager@", "rep@", "rep2@"):
        assert f"{person}northgate.example" in shown
    assert server.stop(signal.SIGINT) == 0
    assert running_postmaster(home / "database") is None
    assert "Traceback" not in server.log.read_text()


def test_a_killed_server_leaves_data_that_the_next_one_finds(home, serve):
    killed = serve()
    before = count_of(killed, home.parent)
    killed.process.kill()
    killed.process.wait()
    until(lambda: not killed.healthy())
    again = start_server(
        home.parent, environment(home.parent) | {"FIELDSTONE_PORT": killed.url.rsplit(":")[-1]}
    )
    assert count_of(again, home.parent) == before > 0
    assert again.stop() == 0
    until(lambda: running_postmaster(home / "database") is None)


def test_a_database_that_is_killed_comes_back_without_a_restart_of_the_server(home, serve):
    server = serve()
    before = count_of(server, home.parent)
    os.kill(running_postmaster(home / "database").pid, signal.SIGKILL)
    wait_until_healthy(server)
    assert count_of(server, home.parent) == before
    assert server.stop() == 0


def test_the_model_is_compiled_once_for_all_workers(home, serve):
    server = serve(FIELDSTONE_WORKERS="2")
    assert server.log.read_text().count("model.loaded") == 1
    assert server.stop() == 0


def test_a_worker_that_dies_is_replaced(home, serve):
    server = serve()
    [worker] = [one for one in psutil.Process(server.process.pid).children() if one.name() != "postgres"]
    worker.kill()
    worker.wait()
    wait_until_healthy(server)
    assert server.stop() == 0


def test_what_commands_publish_while_it_serves_is_served_also_after_a_restart_of_the_database(home, serve):
    server = serve()
    before = running_postmaster(home / "database").pid
    os.kill(before, signal.SIGINT)
    until(lambda: restarted(home, before))
    wait_until_healthy(server)
    assert fieldstone(home.parent, "new", "fleet").returncode == 0
    applied = fieldstone(home.parent, "apply", "fleet", "--yes", "--json")
    assert json.loads(applied.stdout)["version"] == 2

    def published() -> int:
        with urllib.request.urlopen(f"{server.url}/healthz", timeout=LONGEST) as answer:
            return int(json.load(answer)["publication"])

    until(lambda: published() == 2)
    assert server.stop() == 0


def test_a_port_that_is_taken_is_told_with_what_to_do(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = fieldstone(folder, "demo", "--port", str(port))
    assert refused.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in refused.stderr
    assert "FIELDSTONE_PORT" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (folder / "home").exists()


def test_data_of_another_version_is_told_with_what_to_do(home):
    (home / "database" / "PG_VERSION").write_text("16\n")
    refused = fieldstone(home.parent, "serve", "--port", "0")
    assert refused.returncode == 1
    assert "was written by PostgreSQL 16" in refused.stderr
    assert "Traceback" not in refused.stderr
