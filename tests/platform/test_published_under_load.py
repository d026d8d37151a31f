"""Three servers under load while publications come: no request fails, and each server takes up every model.

FIELDSTONE_PUBLICATIONS says how many there are. With FIELDSTONE_FIGURES=1 (and `-s`) it prints the seconds
until all servers had each of them, and the MiB of their workers after the fourth one and the last one.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import psutil
import pytest

from fieldstone.access.system_user import SYSTEM_USER
from fieldstone.publication.apply import apply
from fieldstone_testing import App, AppFactory, Server
from fieldstone_testing.apps import layer_from
from fieldstone_testing.servers import start_server
from fieldstone_testing.waiting import LONGEST, until

SHOP = """
kind: app
name: shop
version: 1.0.0
---
kind: role
name: clerk
entities:
  product: {{read: true, create: true, update: {update}}}
---
kind: entity
name: product
fields:
  code: {{type: text}}
  size: {{type: {type}}}
{more}
"""
KINDS = (
    {"more": "  extra: {type: text}"},
    {"more": "  other: {type: text, was: extra}"},
    {"more": "  other: {type: text, was: extra}", "type": "decimal"},
    {"more": "  other: {type: text, was: extra, index: true}", "type": "decimal", "update": "owner == user"},
    {},
)
"""A field is added, renamed; another one converted; an index made and a role changed; and all that undone."""
FIRST = {"more": "", "type": "integer", "update": "true"}
PUBLICATIONS = int(os.environ.get("FIELDSTONE_PUBLICATIONS", "10"))
FIGURES = bool(os.environ.get("FIELDSTONE_FIGURES"))


def text(changes: dict[str, str]) -> str:
    return SHOP.format(**FIRST | changes)


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    return module_app_from(text({}))


@pytest.fixture(scope="module")
def servers(app: App, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    url = app.database.url.render_as_string(hide_password=False)
    environment = {"FIELDSTONE_DATABASE_URL": url}
    started: list[Server] = []
    try:
        for name in ("one", "two", "three"):
            started.append(start_server(tmp_path_factory.mktemp(name), environment))
        yield started
    finally:
        for server in started:
            server.kill_all()


@dataclass
class Client:
    """Somebody who reads, lists, writes and looks at a page of one server, over and over.

    failed: the answers that were none; rounds: how often all was asked.
    """

    server: Server
    token: str
    failed: list[object] = field(default_factory=list)
    rounds: int = 0

    def work(self, stop: threading.Event) -> None:
        address = urlsplit(self.server.url)
        with closing(
            http.client.HTTPConnection(str(address.hostname), address.port, timeout=LONGEST)
        ) as line:
            while not stop.is_set():
                self._round(line)

    def _round(self, line: http.client.HTTPConnection) -> None:
        product = self._ask(line, "POST", "/api/v1/data/product", {"code": f"P-{self.rounds}", "size": 1})
        self._ask(line, "GET", f"/api/v1/data/product/{product}")
        self._ask(line, "PATCH", f"/api/v1/data/product/{product}", {"code": "changed"})
        self._ask(line, "GET", "/api/v1/data/product?limit=5&order=-code")
        self._ask(line, "GET", "/login")
        self.rounds += 1

    def _ask(self, line: http.client.HTTPConnection, method: str, path: str, body: object = None) -> object:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        line.request(method, path, None if body is None else json.dumps(body), headers)
        answer = line.getresponse()
        told = answer.read()
        self.failed += [(method, path, answer.status, told)] * (answer.status >= 400)
        return json.loads(told).get("id") if path.startswith("/api") else None


@contextmanager
def load(servers: list[Server], token: str) -> Iterator[list[Client]]:
    """One client for each server, working until the end of the block."""
    stop, clients = threading.Event(), [Client(server, token) for server in servers]
    threads = [threading.Thread(target=client.work, args=(stop,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield clients
    finally:
        stop.set()
        for thread in threads:
            thread.join(LONGEST)


def in_force(server: Server) -> int:
    """The version that a server answers with."""
    address = urlsplit(server.url)
    with closing(http.client.HTTPConnection(str(address.hostname), address.port, timeout=LONGEST)) as line:
        line.request("GET", "/healthz")
        return int(json.loads(line.getresponse().read())["publication"])


def memory(servers: list[Server]) -> list[int]:
    """MiB of each server's workers."""
    workers = [psutil.Process(server.process.pid).children(recursive=True) for server in servers]
    return [sum(worker.memory_info().rss for worker in found) // 2**20 for found in workers]


def test_no_request_fails_and_every_server_takes_up_each_publication(app, servers):
    seconds, sizes, rounds = [], [], []
    with load(servers, app.token("Ann", ["clerk"])) as clients:
        for changes in itertools.islice(itertools.cycle(KINDS), PUBLICATIONS):
            applied = apply(
                app.database, [layer_from(text(changes))], author=SYSTEM_USER, note="", allow_destructive=True
            )
            ended = time.monotonic()
            until(lambda wanted=applied.version: {in_force(server) for server in servers} == {wanted})
            seconds.append(round(time.monotonic() - ended, 2))
            sizes.append(memory(servers))
            before = [client.rounds for client in clients]
            until(lambda known=before: all(c.rounds > b for c, b in zip(clients, known, strict=True)))
        rounds = [client.rounds for client in clients]
    sys.stdout.write(f"{seconds=} {sizes[3]=} {sizes[-1]=} {rounds=}\n" * FIGURES)
    assert [failure for client in clients for failure in client.failed] == []
    assert app.sql("SELECT version FROM main_system.current") == [(PUBLICATIONS + 1,)]
