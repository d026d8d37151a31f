"""The running PostgreSQL server of a data folder, as its `postmaster.pid` tells it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import psutil

PID_FILE = "postmaster.pid"
SOCKET_FILE = ".s.PGSQL.5432"


@dataclass(frozen=True)
class Postmaster:
    """What the pid file says. status: "starting", "ready", "stopping" or, before it is known, ""."""

    pid: int
    status: str


def read_postmaster(data: Path) -> Postmaster | None:
    """The server that the pid file in `data` names, alive or not; None without a usable file."""
    try:
        lines = (data / PID_FILE).read_text().splitlines()
        return Postmaster(int(lines[0]), lines[7].strip() if len(lines) > 7 else "")
    except (FileNotFoundError, ValueError, IndexError):
        return None


def running_postmaster(data: Path) -> Postmaster | None:
    """The server that runs on `data` now, or None."""
    found = read_postmaster(data)
    return found if found is not None and _runs_on(found.pid, data) else None


def _runs_on(pid: int, data: Path) -> bool:
    """Whether `pid` is a PostgreSQL server working in `data`, and not a program that got the same number."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith("postgres"):
            return False
        return Path(process.cwd()).resolve() == data.resolve()
    except psutil.Error:
        return False


def forget_dead_postmaster(data: Path, sockets: Path) -> None:
    """Remove the pid file and the socket lock of a server that is gone.

    PostgreSQL does so itself, but for a number that another process has taken or that was never collected by
    the system's first process (common in containers). Its shared-memory check still guards against a second
    server.
    """
    if running_postmaster(data) is None:
        (data / PID_FILE).unlink(missing_ok=True)
        (sockets / f"{SOCKET_FILE}.lock").unlink(missing_ok=True)


def wait_until_ready(data: Path, seconds: float) -> bool:
    """Wait until the server of `data` accepts connections; False if it ends or does not get there in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = running_postmaster(data)
        if found is None or found.status == "stopping":
            return False
        if found.status == "ready":
            return True
        time.sleep(0.02)
    return False


def wait_until_gone(data: Path, seconds: float) -> bool:
    """Wait until no server runs on `data`; False if one still does after `seconds`."""
    deadline = time.monotonic() + seconds
    while running_postmaster(data) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
