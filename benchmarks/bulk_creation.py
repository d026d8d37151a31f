"""Creating ten thousand records in one call: with all rules, and by hand with one `insert` of many rows."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Iterable
from http.client import HTTPConnection

from rounds import Figures, Side
from scenarios import Target, new_values

RECORDS = 10_000
MOST_ROUNDS = 3
TIMEOUT = 300


def compare_bulk(ours: Side, theirs: Side, rounds: int) -> Figures:
    """The ratio of records a second, alternating, and the statements of one call of each."""
    records = list(_records(ours))
    bodies = {True: _lines(records), False: json.dumps(records).encode()}
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for number in range(min(rounds, MOST_ROUNDS)):
        for fieldstone in (True, False) if number % 2 == 0 else (False, True):
            side = ours if fieldstone else theirs
            seconds[fieldstone].append(_timed(side.target, bodies[fieldstone]))
    few = {True: _lines(records[:1000]), False: json.dumps(records[:1000]).encode()}
    pairs = zip(seconds[True], seconds[False], strict=True)
    return {
        "ratio": round(statistics.median(by_hand / own for own, by_hand in pairs), 2),
        **_figures(ours, seconds[True], few[True]),
        "by_hand": _figures(theirs, seconds[False], few[False]),
    }


def _records(side: Side) -> Iterable[dict[str, str]]:
    chance = random.Random(7)
    for number in range(RECORDS):
        yield new_values(chance, side.ids, f"Bulk test {number}")


def _lines(records: list[dict[str, str]]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def _figures(side: Side, seconds: list[float], few: bytes) -> Figures:
    def send() -> None:
        _timed(side.target, few)

    return {
        "statements": round(side.counter.per_request(send, 1), 2),
        "records_per_second": round(RECORDS / statistics.median(seconds)),
    }


def _timed(target: Target, body: bytes) -> float:
    """The seconds until the whole answer was there. Raises `RuntimeError` for a refusal."""
    connection = HTTPConnection("127.0.0.1", target.port, timeout=TIMEOUT)
    headers = {"Authorization": f"Bearer {target.token}", "Content-Type": target.bulk_type}
    started = time.perf_counter()
    connection.request("POST", target.bulk, body, headers)
    answer = connection.getresponse()
    told = answer.read()
    seconds = time.perf_counter() - started
    connection.close()
    if answer.status >= 300 or b"refused" in told:
        raise RuntimeError(f"bulk, {target.name}: {answer.status} {told[:500]!r}")
    return seconds
