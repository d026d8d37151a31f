"""SIGKILL amid calls that write much: what was promised as one is there as a whole or not at all.

Every call has written something, and waits at a closed gate, when its process is killed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from werkzeug.test import TestResponse

from fieldstone import records
from fieldstone_testing import ApiClient, App, AppFactory
from fieldstone_testing.deals import DEALS
from fieldstone_testing.holds import MARK, closed_gate, in_use, put_gate, until
from fieldstone_testing.imports import import_file
from fieldstone_testing.journals import contradictions, unexplained
from fieldstone_testing.servers import Server, start_server
from fieldstone_testing.webs import lent_webs

MORE = """
---
kind: role
name: loader
inherits: [manager]
capabilities: [import, bulk_edit]
entities:
  bid: {create: true, read: true, update: true}
---
kind: entity
name: bid
fields:
  name: {type: text, required: true}
  stage: {type: choice}
  remark: {type: text}
---
kind: workflow
name: bid_stage
entity: bid
field: stage
initial: draft
states: {draft: {label: Draft}, sent: {label: Sent}}
transitions:
  send: {from: draft, to: sent, ask: [remark], approval: {steps: [{by: manager}]}}
"""
JSON, CSV = "application/json", "text/csv"
BATCH, IMPORT_BATCH, REFERRERS = 500, 1000, 600
MAPPING = "entity: customer\nkey: code\ncolumns: {code: code, name: name, remark: remark}\n"


@dataclass(frozen=True)
class Call:
    """A request that writes. body: bytes, or a value for JSON."""

    path: str
    body: object
    kind: str = JSON

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Way:
    """A way to write much. prepare: makes the records that it needs, and the call.

    seen: a number in the database that shows how far it came: `before` it, `after` the kill, and when it is
    `repeated`.
    """

    prepare: Callable[[ApiClient], Call]
    seen: str
    after: int
    repeated: int


def rows(count: int, prefix: str, marked: int) -> list[dict[str, str]]:
    """Customers, one of which stops at the gate."""
    return [
        {"name": prefix, "code": f"{prefix}{number:05}", "remark": {marked: MARK}.get(number, "")}
        for number in range(count)
    ]


def table(entries: Sequence[Mapping[str, str]]) -> bytes:
    lines = [",".join(entries[0]), *(",".join(entry.values()) for entry in entries)]
    return "".join(f"{line}\n" for line in lines).encode()


def created(api: ApiClient, entity: str, entries: Sequence[object]) -> list[str]:
    answer = api.post(f"/data/{entity}", {"records": entries})
    assert answer.status_code == 201, answer.text
    return [entry["id"] for entry in answer.json["data"]]


def merging(api: ApiClient) -> Call:
    """Of a customer into another one, which takes its remark after all references were redirected."""
    kept, other = created(api, "customer", [{"name": "kept"}, {"name": "merged", "remark": MARK}])
    created(api, "deal", [{"name": "refers", "customer": other} for _ in range(REFERRERS)])
    return Call(f"/data/customer/{kept}/merge", {"records": [other], "take": {"remark": other}})


def undoing(api: ApiClient) -> Call:
    """Of a change of many records, whose first one, which is undone last, had the mark before."""
    ids = created(
        api, "deal", [{"name": "undone", "quantity": 0, "lost_reason": MARK}] + [{"name": "undone"}] * 999
    ) + created(api, "deal", [{"name": "undone"}] * 100)
    lines = [
        {"id": ids[0], "quantity": 1, "lost_reason": None},
        *({"id": id_, "quantity": 1} for id_ in ids[1:]),
    ]
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    changed = api.post(
        "/data/deal/bulk?mode=update", data=body, headers={"Content-Type": "application/x-ndjson"}
    )
    assert changed.status_code == 200, changed.text
    return Call(f"/operations/{changed.headers['Fieldstone-Operation']}/undo", {})


def approving(api: ApiClient) -> Call:
    """By the caller, of what Rob asked for."""
    [waiting] = api.get("/approvals").json["data"]
    return Call(f"/data/bid/{waiting['record']['id']}/approvals/{waiting['id']}/approve", {})


MANY = [{"name": "many", "remark": {600: MARK}.get(number, "")} for number in range(900)]
CUSTOMERS = "SELECT count(*) FROM main.customer WHERE deleted_at IS NULL AND name = '{}'"
WAYS = {
    "creating many": Way(
        lambda _: Call("/data/customer", {"records": MANY}), CUSTOMERS.format("many"), 0, 900
    ),
    "a table as one": Way(
        lambda _: Call("/data/customer/bulk?mode=upsert&key=code", table(rows(1200, "one", 700)), CSV),
        CUSTOMERS.format("one"), 0, 1200,
    ),
    "a table in batches": Way(
        lambda _: Call(
            "/data/customer/bulk?mode=upsert&key=code&partial=true", table(rows(1200, "part", 700)), CSV
        ),
        CUSTOMERS.format("part"), BATCH, 1200,
    ),
    "a merge": Way(
        merging,
        "SELECT count(*) FROM main.deal JOIN main.customer ON customer.id = deal.customer"
        " WHERE customer.name = 'kept'",
        0, REFERRERS,
    ),
    "an undo": Way(
        undoing, "SELECT count(*) FROM main.deal WHERE name = 'undone' AND quantity IS NULL", 2 * BATCH, 1099
    ),
    "an approval that performs": Way(
        approving, "SELECT count(*) FROM main.bid WHERE stage = 'sent' AND remark IS NOT NULL", 0, 1
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Killed:
    """What has been called, and how far each came by its kill."""

    calls: Mapping[str, Call]
    seen: Mapping[str, int]
    imported: int


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    app = module_app_from(DEALS + MORE)
    app.token("Ann", ["loader", "manager"], ["North"])
    rob = app.context_for("Rob", ["loader"])
    [bid] = records.create(rob, "bid", [{"name": "Bid"}])
    records.transition(rob, "bid", bid.id, "send", {"remark": MARK})
    put_gate(app)
    return app


@pytest.fixture
def api(app: App, client: Callable[[App, str], ApiClient]) -> ApiClient:
    return client(app, app.token("Ann"))


@pytest.fixture(scope="module")
def killed(app: App, table_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """A server and a command were killed amid all these calls."""
    token = app.token("Ann")
    with lent_webs() as lend:
        calls = {name: way.prepare(ApiClient(lend(app), token)) for name, way in WAYS.items()}
    folder = tmp_path_factory.mktemp("killed")
    url = app.database.url.render_as_string(hide_password=False)
    settings = {
        "FIELDSTONE_DATABASE_URL": url, "FIELDSTONE_THREADS": "10", "FIELDSTONE_STATEMENT_TIMEOUT": "600",
    }  # fmt: skip
    server = start_server(folder, settings)
    with closed_gate(app) as gate:
        threads = [threading.Thread(target=lose, args=(server, token, call)) for call in calls.values()]
        for thread in threads:
            thread.start()
        command = subprocess.Popen(
            [sys.executable, "-m", "fieldstone", *importing(table_file)],
            env={**os.environ, **settings}, cwd=folder, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        gate.until_waiting(len(calls) + 1)
        server.kill_all()
        command.kill()
    command.wait()
    for thread in threads:
        thread.join()
    until(lambda: not in_use(app))
    return Killed(calls, {name: seen(app, WAYS[name].seen) for name in WAYS}, seen(app, IMPORTED))


@pytest.fixture(scope="module")
def table_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command imports, with the mapping beside it."""
    folder = tmp_path_factory.mktemp("table")
    (folder / "rows.csv").write_bytes(table(rows(2500, "file", 1500)))
    (folder / "mapping.yaml").write_text(MAPPING)
    return folder / "rows.csv"


def importing(file: Path) -> list[str]:
    return ["import", "customer", str(file), "--mapping", str(file.with_name("mapping.yaml"))]


def lose(server: Server, token: str, call: Call) -> None:
    """Send a call, whose answer never comes."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": call.kind}
    with pytest.raises(requests.RequestException):
        requests.post(f"{server.url}/api/v1{call.path}", call.data, headers=headers, timeout=60)


def seen(app: App, question: str) -> int:
    return int(app.sql(question)[0][0])


IMPORTED = CUSTOMERS.format("file")


def told_alike(app: App) -> bool:
    """Whether rows, history and outbox tell the same."""
    return (
        contradictions(app, "customer", "deal") == []
        and unexplained(app, "customer", "name", "code", "remark") == []
        and unexplained(app, "deal", "name", "customer", "quantity", "lost_reason", "stage") == []
        and unexplained(app, "bid", "name", "stage", "remark") == []
    )


def repeated(api: ApiClient, call: Call) -> TestResponse:
    answer = api.post(call.path, data=call.data, headers={"Content-Type": call.kind})
    answer.get_data()
    return answer


@pytest.mark.parametrize("name", WAYS)
def test_a_call_that_is_killed_leaves_all_or_nothing_or_whole_batches_and_can_be_repeated(
    app: App, api: ApiClient, killed: Killed, name: str
) -> None:
    assert killed.seen[name] == WAYS[name].after
    assert told_alike(app)
    answer = repeated(api, killed.calls[name])
    assert answer.status_code in (200, 201), answer.text
    assert seen(app, WAYS[name].seen) == WAYS[name].repeated
    assert told_alike(app)


def test_an_import_that_is_killed_leaves_whole_batches_and_can_be_repeated(
    app: App, killed: Killed, table_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert killed.imported == IMPORT_BATCH
    mapping = table_file.with_name("mapping.yaml")
    again = import_file(app, monkeypatch, "customer", table_file, mapping, "--json")
    assert (again.status, again.counts["unchanged"], again.counts["created"]) == (0, 1000, 1500)
    assert told_alike(app)
