"""Where Fieldstone's time goes while it is under load, as py-spy samples it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHOWN = 45


@contextmanager
def profiled(pid: int, seconds: float) -> Iterator[list[str]]:
    """Sample the worker below the server `pid` while the block runs; afterwards the list holds the report."""
    spy = shutil.which("py-spy", path=f"{Path(sys.executable).parent}")
    if spy is None:
        raise RuntimeError("profiling needs py-spy in the virtual environment: `uv pip install py-spy`")
    worker = max(_children(pid), key=_time_used)
    lines: list[str] = []
    with tempfile.NamedTemporaryFile(suffix=".txt") as stacks:
        command = [
            spy,
            "record",
            "--gil",
            "--function",
            "-p",
            str(worker),
            "-d",
            str(int(seconds)),
            "-r",
            "500",
        ]
        sampling = subprocess.Popen([*command, "-f", "raw", "-o", stacks.name], stdout=subprocess.DEVNULL)
        yield lines
        sampling.wait(60)
        lines += _report(Path(stacks.name).read_text().splitlines())


def _children(pid: int) -> list[int]:
    """The processes that `pid` started, and itself where there are none."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found] or [pid]


def _time_used(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[11])


def _report(stacks: list[str]) -> list[str]:
    """The functions with the most time in them and below them, then those with the most of their own."""
    own: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for line in stacks:
        frames, _, count = line.rpartition(" ")
        names = frames.split(";")
        own[names[-1]] += int(count)
        for name in set(names):
            total[name] += int(count)
    samples = sum(own.values())
    return [*_table("time in and below", total, samples), "", *_table("time of its own", own, samples)]


def _table(title: str, counts: Counter[str], samples: int) -> list[str]:
    return [title, *(f"{count / samples:7.1%}  {name}" for name, count in counts.most_common(SHOWN))]
