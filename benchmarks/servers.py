"""The two applications on granian, with the same settings."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
WORKERS = 1
THREADS = 4


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(application: str, port: int, environment: Mapping[str, str], log: Path) -> Iterator[int]:
    """`application` (`module:attribute`, `module:factory()`) while it answers; gives the process id."""
    target = application.removesuffix("()")
    factory = ["--factory"] if target != application else []
    options = ["--interface", "wsgi", "--workers", str(WORKERS), "--blocking-threads", str(THREADS)]
    command = [sys.executable, "-m", "granian", *options, *factory, "--port", str(port), target]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=HERE, env={**os.environ, **environment}, stdout=output, stderr=output
        )
    try:
        _wait_until_it_answers(process, port, log)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{log} says: {log.read_text()[-3000:]}")
