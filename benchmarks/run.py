"""The benchmark: Fieldstone beside an application written by hand, on the same tables, in one run."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from installation import Installation
from load import Measured, measure, once
from profiling import profiled
from rule_speed import measure as measure_rules
from scenarios import SCENARIOS, Ids, Target
from servers import THREADS, WORKERS, free_port, served
from statements import StatementCounter

HERE = Path(__file__).parent
CONNECTIONS = 8
WARM_UP_SECONDS = 1.5
OPEN = 'owner == user and stage not in ["won", "lost"]'


def main() -> int:
    """Run what the command line asks for, print it and write `results/latest.json`."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="fieldstone-bench-") as folder, ExitStack() as stack:
        installation = stack.enter_context(Installation(Path(folder)))
        rows = 100_000 if options.full else options.rows
        imported = installation.fill(rows // 10, rows)
        print(f"imported {imported['read']:,} rows at {imported['rows_per_second']:,} rows a second")
        targets = _serve(installation, stack)
        ids = _ids(targets[0])
        if options.show:
            return _show(targets, ids)
        if options.profile:
            return _profile(options, installation, targets[0], ids)
        results = _compare(options, installation, targets, ids)
    results |= _rules(options.rounds)
    results["import"] = {
        "rows": imported["read"],
        "rows_per_second": imported["rows_per_second"],
        "seconds": imported["seconds"],
    }
    _write(results)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="how many opportunities there are")
    parser.add_argument("--full", action="store_true", help="100,000 opportunities with 10,000 accounts")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each scenario, application and round")
    parser.add_argument("--rounds", type=int, default=9, help="how often each scenario is measured")
    parser.add_argument("--only", choices=list(SCENARIOS), action="append", help="only these scenarios")
    parser.add_argument("--profile", choices=list(SCENARIOS), help="profile Fieldstone in this scenario")
    parser.add_argument("--show", action="store_true", help="print one answer of each, to compare them")
    return parser.parse_args()


def _serve(installation: Installation, stack: ExitStack) -> tuple[Target, Target]:
    """Both applications, each on a port of its own."""
    token = installation.token
    ours, theirs = free_port(), free_port()
    environment = {"FIELDSTONE_HOME": str(installation.home), "FIELDSTONE_LOG_LEVEL": "warning"}
    environment["FIELDSTONE_THREADS"] = str(THREADS)
    log = installation.folder
    installation.pid = stack.enter_context(
        served("fieldstone.server:worker_application()", ours, environment, log / "fieldstone.log")
    )
    database = {"BASELINE_DATABASE_URL": installation.url}
    stack.enter_context(served("baseline_app.app:app", theirs, database, log / "baseline.log"))
    data = "/api/v1/data/opportunity"
    listing = f"{data}?limit=50&order=-close_date,id"
    return (
        Target("fieldstone", ours, token, data, listing),
        Target("by hand", theirs, token, "/opportunities", "/opportunities"),
    )


def _ids(target: Target) -> Ids:
    """Open opportunities of the caller with their versions, and accounts to refer to."""
    where = f"where={quote(OPEN)}"
    path = f"{target.records}?limit=1000&fields=id,version&{where}"
    reply = once("127.0.0.1", target.port, target.request("GET", path))
    if reply.status != 200:
        raise RuntimeError(f"{reply.status}: {reply.body[:500]!r}")
    rows = json.loads(reply.body)["data"]
    accounts = target.request("GET", "/api/v1/data/account?limit=500&fields=id")
    found = json.loads(once("127.0.0.1", target.port, accounts).body)["data"]
    versions = {row["id"]: f'"{row["version"]}"' for row in rows}
    return Ids(list(versions), [row["id"] for row in found], versions)


def _round(target: Target, ids: Ids, scenario: str, seconds: float) -> Measured:
    streams = [SCENARIOS[scenario](target, ids, connection) for connection in range(CONNECTIONS)]
    measured = measure("127.0.0.1", target.port, streams, seconds)
    if measured.failures:
        count = len(measured.failures)
        raise RuntimeError(f"{scenario}, {target.name}: {count} failures, such as {measured.failures[0]}")
    return measured


def _compare(
    options: argparse.Namespace, installation: Installation, targets: tuple[Target, Target], ids: Ids
) -> dict[str, dict[str, object]]:
    print(f"{CONNECTIONS} connections, {WORKERS} worker of {THREADS} threads each, {options.rounds} rounds")
    print(
        f"{'':10}{'fieldstone':>12}{'by hand':>12}{'ratio':>8}{'p50 ms':>16}{'p95 ms':>16}{'statements':>14}"
    )
    counter = StatementCounter(sa.create_engine(installation.url))
    results: dict[str, dict[str, object]] = {}
    for scenario in options.only or SCENARIOS:
        rounds = _rounds(options, targets, ids, scenario)
        statements = [_statements(counter, target, ids, scenario) for target in targets]
        results[scenario] = _result(rounds, statements)
        _print(scenario, results[scenario])
    return results


def _rounds(
    options: argparse.Namespace, targets: tuple[Target, Target], ids: Ids, scenario: str
) -> list[tuple[Measured, Measured]]:
    """(Fieldstone, by hand) of each round; who begins alternates."""
    for target in targets:
        _round(target, ids, scenario, WARM_UP_SECONDS)
    rounds = []
    for number in range(options.rounds):
        order = targets if number % 2 == 0 else targets[::-1]
        found = {target.name: _round(target, ids, scenario, options.seconds) for target in order}
        rounds.append((found[targets[0].name], found[targets[1].name]))
    return rounds


def _statements(counter: StatementCounter, target: Target, ids: Ids, scenario: str) -> float:
    stream = SCENARIOS[scenario](target, ids, 0)
    request = next(stream)

    def send() -> None:
        nonlocal request
        request = stream.send(once("127.0.0.1", target.port, request))

    return round(counter.per_request(send), 2)


def _result(rounds: list[tuple[Measured, Measured]], statements: list[float]) -> dict[str, object]:
    def median(values: list[float]) -> float:
        return round(statistics.median(values), 2)

    ours, theirs = [ours for ours, _ in rounds], [theirs for _, theirs in rounds]
    return {
        "ratio": median([a.rate / b.rate for a, b in rounds]),
        "statements": statements[0],
        "requests_per_second": median([one.rate for one in ours]),
        "p50_ms": median([one.percentile(50) for one in ours]),
        "p95_ms": median([one.percentile(95) for one in ours]),
        "generator_share": median([one.own_seconds / one.seconds for one in ours]),
        "by_hand": {
            "statements": statements[1],
            "requests_per_second": median([one.rate for one in theirs]),
            "p50_ms": median([one.percentile(50) for one in theirs]),
            "p95_ms": median([one.percentile(95) for one in theirs]),
        },
    }


def _print(scenario: str, result: dict[str, object]) -> None:
    by_hand = result["by_hand"]
    assert isinstance(by_hand, dict)
    pairs = [f"{result[name]} / {by_hand[name]}" for name in ("p50_ms", "p95_ms", "statements")]
    rates = f"{result['requests_per_second']:>12}{by_hand['requests_per_second']:>12}"
    print(f"{scenario:10}{rates}{result['ratio']:>8}{pairs[0]:>16}{pairs[1]:>16}{pairs[2]:>14}")


def _rules(rounds: int) -> dict[str, dict[str, object]]:
    """The speed of rules, without servers and database."""
    found = measure_rules(rounds)
    generated, closures = found["rule_generated"]["ratio"], found["rule_closures"]["ratio"]
    print(f"a condition: generated {generated}, closures {closures} times as long as by hand")
    print(f"a rule file of 30 lines: {found['rule_file']['milliseconds']} ms to read and check")
    return {name: dict(figures) for name, figures in found.items()}


def _show(targets: tuple[Target, Target], ids: Ids) -> int:
    for target in targets:
        stream = SCENARIOS["get"](target, ids, 0)
        print(target.name, once("127.0.0.1", target.port, next(stream)).body.decode())
    return 0


def _profile(options: argparse.Namespace, installation: Installation, target: Target, ids: Ids) -> int:
    """Run one scenario under py-spy, and print in which functions the time goes."""
    _round(target, ids, options.profile, WARM_UP_SECONDS)
    with profiled(installation.pid, options.seconds * options.rounds) as lines:
        measured = _round(target, ids, options.profile, options.seconds * options.rounds)
    print(f"{options.profile}: {measured.rate:.0f} requests a second while profiled")
    print("\n".join(lines))
    return 0


def _write(results: dict[str, dict[str, object]]) -> None:
    path = HERE / "results" / "latest.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    print(f"written to {path.relative_to(HERE.parent)}")


if __name__ == "__main__":
    sys.exit(main())
