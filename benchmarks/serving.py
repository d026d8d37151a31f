"""Installations with the applications that serve them: what the benchmark compares."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from urllib.parse import quote

import sqlalchemy as sa
from installation import Installation
from load import once
from rounds import Side
from scenarios import Ids, Target
from servers import THREADS, free_port, served
from statements import StatementCounter

OPEN = 'owner == user and stage not in ["won", "lost"]'
DATA = "/api/v1/data/opportunity"
ORDER = "order=-close_date,id"
LEFT = 100
"""How many records there are from the deep page to the last one."""


def serve_fieldstone(installation: Installation, stack: ExitStack, name: str = "fieldstone") -> Side:
    """Fieldstone on a port of its own, with records to work with."""
    port = free_port()
    environment = {"FIELDSTONE_HOME": str(installation.home), "FIELDSTONE_LOG_LEVEL": "warning"}
    environment["FIELDSTONE_THREADS"] = str(THREADS)
    log = installation.folder / "fieldstone.log"
    installation.pid = stack.enter_context(
        served("fieldstone.server:worker_application()", port, environment, log)
    )
    many = ("/bulk?mode=create", "application/x-ndjson")
    target = Target(name, port, installation.token, DATA, f"{DATA}?limit=50&{ORDER}", DATA + many[0], many[1])
    return Side(target, _ids(target), StatementCounter(sa.create_engine(installation.url)))


def serve_by_hand(installation: Installation, stack: ExitStack, ours: Side) -> Side:
    """The hand-written application on the same database, asked about the same records as `ours`."""
    port = free_port()
    database = {"BASELINE_DATABASE_URL": installation.url}
    log = installation.folder / "baseline.log"
    stack.enter_context(served("baseline_app.app:app", port, database, log))
    path = "/opportunities"
    target = Target(
        "by hand", port, installation.token, path, f"{path}?limit=50", f"{path}/bulk", "application/json"
    )
    return replace(ours, target=target)


def with_deep_pages(ours: Side, theirs: Side, mine: int) -> tuple[Side, Side]:
    """Both with the path of the same page near the end of the `mine` records that the caller sees.

    Fieldstone's is reached by its cursors, as a user who turns the pages does.
    """
    offset = mine - LEFT
    cursor, walked = "", 0
    while walked < offset:
        step = min(1000, offset - walked)
        answer = _asked(ours.target, f"{DATA}?limit={step}&fields=id&{ORDER}{cursor}")
        cursor, walked = f"&cursor={quote(str(answer['next']))}", walked + step
    paths = (f"{DATA}?limit=50&{ORDER}{cursor}", f"{theirs.target.list_path}&offset={offset}")
    return _with_deep_path(ours, paths[0]), _with_deep_path(theirs, paths[1])


def _with_deep_path(side: Side, path: str) -> Side:
    return replace(side, target=replace(side.target, deep_path=path))


def _ids(target: Target) -> Ids:
    """Open opportunities of the caller with their versions, and accounts to refer to."""
    rows = _asked(target, f"{DATA}?limit=1000&fields=id,name,version&where={quote(OPEN)}")["data"]
    accounts = _asked(target, "/api/v1/data/account?limit=500&fields=id")["data"]
    versions = {row["id"]: f'"{row["version"]}"' for row in rows}
    names = [row["name"] for row in rows]
    return Ids(list(versions), [row["id"] for row in accounts], versions, names)


def _asked(target: Target, path: str) -> dict[str, list[dict[str, str]]]:
    reply = once("127.0.0.1", target.port, target.request("GET", path))
    if reply.status != 200:
        raise RuntimeError(f"{reply.status}: {reply.body[:500]!r}")
    answer: dict[str, list[dict[str, str]]] = json.loads(reply.body)
    return answer
