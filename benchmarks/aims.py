"""What the benchmark is to reach, and whether it did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

RATIOS: Mapping[str, float] = {
    "get": 3.0,
    "list": 2.0,
    "deep": 15.0,
    "search": 10.0,
    "create": 0.8,
    "update": 0.8,
    "bulk": 0.8,
    "entities get": 0.9,
    "entities list": 0.9,
    "entities create": 0.9,
}
"""Scenario → the least ratio of throughputs. Many entities are compared to few: 1, less some noise."""

LIMITS: Mapping[str, Mapping[str, float]] = {
    "publication 1000": {"check": 10, "plan": 5, "apply": 2, "swap": 3, "command": 5, "memory_mb": 1024},
}
"""Of an app of so many entities: processor seconds, and MiB of a process that holds it."""

SPREAD = 3.0
"""The 95th percentile of the latencies stays under this many times their median."""


def missed(results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """A line for each aim that was measured and missed."""
    for scenario, aim in RATIOS.items():
        figures = results.get(scenario, {})
        if "ratio" in figures and figures["ratio"] < aim:
            yield f"{scenario}: {figures['ratio']} instead of {aim} or more"
        if figures.get("p95_to_median", 0) >= SPREAD:
            spread = figures["p95_to_median"]
            yield f"{scenario}: the 95th percentile is {spread} times the median, not under {SPREAD}"
    for name, limits in LIMITS.items():
        figures = results.get(name, {})
        for what, limit in limits.items():
            if figures.get(what, 0) > limit:
                yield f"{name}: {what} is {figures[what]}, not at most {limit:g}"
