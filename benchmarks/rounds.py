"""Rounds of load on two applications in turn, and what they came to."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from load import Measured, measure, once
from scenarios import SCENARIOS, Ids, Target
from statements import StatementCounter

CONNECTIONS = 8
WARM_UP_SECONDS = 1.0

Figures = dict[str, object]


@dataclass(frozen=True)
class Side:
    """One of the two that are compared: whom to ask, about which records, and who counts its statements."""

    target: Target
    ids: Ids
    counter: StatementCounter


@dataclass(frozen=True)
class Effort:
    """How long and how often each scenario is measured."""

    seconds: float
    rounds: int


def load_once(side: Side, scenario: str, seconds: float) -> Measured:
    """One round. Raises `RuntimeError` if any answer was a refusal."""
    streams = [SCENARIOS[scenario](side.target, side.ids, connection) for connection in range(CONNECTIONS)]
    measured = measure("127.0.0.1", side.target.port, streams, seconds)
    if measured.failures:
        count = len(measured.failures)
        raise RuntimeError(
            f"{scenario}, {side.target.name}: {count} failures, such as {measured.failures[0]}"
        )
    return measured


def compare(first: Side, second: Side, scenario: str, effort: Effort) -> Figures:
    """The figures of `first`, with those of `second` as `by_hand`, and the ratio of their throughputs."""
    rounds = _alternating(first, second, scenario, effort)
    ours, theirs = [ours for ours, _ in rounds], [theirs for _, theirs in rounds]
    return {
        "ratio": _median([a.rate / b.rate for a, b in rounds]),
        **_figures(first, scenario, ours),
        "generator_share": _median([one.own_seconds / one.seconds for one in ours]),
        "by_hand": _figures(second, scenario, theirs),
    }


def _alternating(first: Side, second: Side, scenario: str, effort: Effort) -> list[tuple[Measured, Measured]]:
    """What each did in each round; who begins alternates."""
    for side in (first, second):
        load_once(side, scenario, WARM_UP_SECONDS)
    rounds = []
    for number in range(effort.rounds):
        if number % 2 == 0:
            ours = load_once(first, scenario, effort.seconds)
            rounds.append((ours, load_once(second, scenario, effort.seconds)))
        else:
            theirs = load_once(second, scenario, effort.seconds)
            rounds.append((load_once(first, scenario, effort.seconds), theirs))
    return rounds


def _figures(side: Side, scenario: str, rounds: list[Measured]) -> Figures:
    return {
        "statements": _statements(side, scenario),
        "requests_per_second": _median([one.rate for one in rounds]),
        "p50_ms": _median([one.percentile(50) for one in rounds]),
        "p95_ms": _median([one.percentile(95) for one in rounds]),
        "p95_to_median": _median([one.percentile(95) / one.percentile(50) for one in rounds]),
    }


def _statements(side: Side, scenario: str) -> float:
    stream = SCENARIOS[scenario](side.target, side.ids, 0)
    request = next(stream)

    def send() -> None:
        nonlocal request
        request = stream.send(once("127.0.0.1", side.target.port, request))

    return round(side.counter.per_request(send), 2)


def _median(values: list[float]) -> float:
    return round(statistics.median(values), 2)
