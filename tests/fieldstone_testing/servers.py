"""A real server process on a free port, for browsers and for tests of what only a process shows."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

STARTING_SECONDS = 60


@dataclass
class Server:
    """A running `fieldstone serve`. url: where it listens. log: its output."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self, with_signal: int = signal.SIGINT) -> int:
        """Stop it as Ctrl+C does (or with another signal); its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        return self.process.wait(timeout=STARTING_SECONDS)

    def kill(self) -> None:
        """End it at once, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def kill_all(self) -> None:
        """SIGKILL for the server and its workers, all at once."""
        processes = [*psutil.Process(self.process.pid).children(recursive=True), self.process]
        for process in processes:
            process.kill()
        self.process.wait()

    def healthy(self) -> bool:
        """Whether `GET /healthz` answers 200 just now."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=10) as answer:
                return answer.status == 200
        except OSError:
            return False


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(
    folder: Path, environment: Mapping[str, str], command: str = "serve", *, wait: bool = True
) -> Server:
    """Start `fieldstone COMMAND` with output in `folder`, and wait until it is healthy.

    environment: all its settings; those of this process, or that a command run in it has left, do not count.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = environment.get("FIELDSTONE_PORT") or str(free_port())
    log = folder / "server.log"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FIELDSTONE_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "fieldstone", command],
            env={**inherited, "FIELDSTONE_PORT": port, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    server = Server(f"http://127.0.0.1:{port}", process, log)
    if wait:
        wait_until_healthy(server)
    return server


def wait_until_healthy(server: Server) -> None:
    """Wait until the server answers; fails with its output if it ends or takes too long."""
    deadline = time.monotonic() + STARTING_SECONDS
    while not server.healthy():
        if server.process.poll() is not None or time.monotonic() > deadline:
            server.process.kill()
            server.process.wait()
            raise AssertionError(f"the server did not start:\n{server.log.read_text()}")
        time.sleep(0.1)
