"""The storage of files: anything that fsspec reaches, nothing half, nothing forgotten, little memory."""

from __future__ import annotations

import json
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psutil
import pytest
import requests

from fieldstone.context import Context
from fieldstone.database.database import Database
from fieldstone.files import FileStore
from fieldstone.records.litter import Litter, clean, find_litter
from fieldstone_testing import ApiClient, App, AppFactory, Server
from fieldstone_testing.contents import PDF, picture
from fieldstone_testing.waiting import LONGEST, until

DEALS = """
kind: app
name: deals
label: Deals
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  logo: {type: image}
---
kind: role
name: rep
inherits: [employee]
entities:
  deal: {create: true, read: true, update: true, delete: true}
"""
MEGABYTE = 2**20
LARGE = 64 * MEGABYTE
Client = Callable[..., ApiClient]


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(DEALS)


@pytest.fixture
def ann(app: App, client: Client) -> ApiClient:
    return client(app, app.token("Ann", ["rep"]))


def kept_in(app: App, url: str) -> App:
    """The same app with another storage of files."""
    return replace(
        app, database=Database(app.database.url, pool_size=3, files=FileStore(url, "main", MEGABYTE))
    )


def upload(api: ApiClient, content: bytes = PDF, **more: Any) -> Any:
    return api.post("/files?name=offer.pdf", data=content, content_type="application/pdf", **more)


def stored(app: App) -> list[str]:
    return [found.place for found in app.database.files.stored()]


def later(app: App) -> Context:
    """The platform itself, a good month from now."""
    return replace(app.system, now=app.system.now + timedelta(days=31))


def found(litter: Litter) -> tuple[int, int, int, int]:
    return len(litter.unfinished), len(litter.orphans), len(litter.unwanted), len(litter.missing)


def test_files_live_as_well_in_a_storage_that_is_no_folder(app: App, client: Client) -> None:
    app = kept_in(app, f"memory://{uuid4()}")
    ann = client(app, app.token("Ann", ["rep"]))
    file = upload(ann).json["id"]
    assert ann.get(f"/files/{file}").data == PDF
    assert ann.get(f"/files/{file}", headers={"Range": "bytes=-4"}).data == PDF[-4:]
    logo = ann.post("/files?name=logo.png", data=picture()).json
    assert (logo["width"], logo["height"]) == (6, 4)
    assert ann.post("/files?name=large.bin", data=b"x" * (MEGABYTE + 1)).status_code == 413
    assert len(stored(app)) == 2
    clean(later(app), find_litter(later(app)))
    assert stored(app) == []
    app.database.close()


def test_a_storage_that_cannot_be_used_is_told_and_nothing_is_saved(
    app: App, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file, where a folder is needed")
    for url in (str(tmp_path / "taken"), "nosuch://bucket/folder"):
        broken = kept_in(app, url)
        answer = upload(client(broken, broken.token("Ann", ["rep"])))
        assert (answer.status_code, answer.json["code"]) == (503, "storage_failed")
        broken.database.close()
    assert app.sql("SELECT * FROM main.file") == []


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """What a full disk does: the system refuses to write on."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_nothing_behind(app: App, ann: ApiClient) -> None:
    with files_of_at_most(100_000):
        answer = upload(ann, PDF + b" " * 500_000)
    assert (answer.status_code, answer.json["code"]) == (503, "storage_failed")
    assert stored(app) == []
    assert app.sql("SELECT * FROM main.file") == []


def test_a_body_that_is_shorter_than_it_says_is_no_file(app: App, ann: ApiClient) -> None:
    answer = upload(ann, environ_overrides={"CONTENT_LENGTH": "5000"})
    assert answer.status_code == 400
    assert stored(app) == []


def test_a_refused_record_takes_the_content_with_it(app: App, ann: ApiClient) -> None:
    missing = ann.post(f"/data/deal/{uuid4()}/files?name=a.pdf", data=PDF)
    assert missing.status_code == 404
    deal = ann.post("/data/deal", {"name": "Pump"}).json["id"]
    refused = ann.post(f"/data/deal/{deal}/files?name=a.pdf&field=logo", data=PDF)
    assert refused.status_code == 422
    assert stored(app) == []


def test_of_two_files_put_into_one_field_at_once_one_stays_and_the_other_is_in_the_bin(
    app: App, client: Client
) -> None:
    token = app.token("Ann", ["rep"])
    clients = [client(app, token), client(app, token)]
    deal = clients[0].post("/data/deal", {"name": "Pump"}).json["id"]
    address = f"/data/deal/{deal}/files?name=logo.png&field=logo"
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda api=api: answers.append(api.post(address, data=picture()).status_code))
        for api in clients
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [201, 201]
    live = clients[0].get(f"/data/deal/{deal}/files").json["data"]
    assert [one["id"] for one in live] == [clients[0].get(f"/data/deal/{deal}").json["logo"]["id"]]
    assert len(clients[0].get(f"/data/deal/{deal}/files?deleted=true").json["data"]) == 1


def test_only_what_nobody_can_reach_or_wants_is_cleaned_and_only_when_it_is_old(
    app: App, ann: ApiClient
) -> None:
    deal = ann.post("/data/deal", {"name": "Pump"}).json["id"]
    attached = ann.post(f"/data/deal/{deal}/files?name=a.pdf", data=PDF).json["id"]
    logo = ann.post(f"/data/deal/{deal}/files?name=logo.png&field=logo", data=picture()).json["id"]
    unwanted = upload(ann).json["id"]
    store = app.database.files
    store.keep(store.receive([PDF]), uuid4())
    store.receive([PDF])
    assert found(find_litter(app.system)) == (0, 0, 0, 0)
    assert found(find_litter(later(app))) == (1, 1, 1, 0)
    clean(later(app), find_litter(later(app)))
    assert found(find_litter(later(app))) == (0, 0, 0, 0)
    assert ann.get(f"/files/{unwanted}").status_code == 404
    assert [ann.get(f"/files/{one}").status_code for one in (attached, logo)] == [200, 200]


def test_a_content_that_is_gone_is_told(app: App, ann: ApiClient) -> None:
    file = upload(ann).json["id"]
    [place] = stored(app)
    Path(place).unlink()
    answer = ann.get(f"/files/{file}")
    assert (answer.status_code, answer.json["code"]) == (404, "content_missing")
    assert found(find_litter(app.system)) == (0, 0, 0, 1)


def test_a_server_streams_large_files_and_bears_being_killed_in_an_upload(
    app: App, server: Callable[[App], Server]
) -> None:
    token = app.token("Ann", ["rep"])
    running = server(app)
    kept = kept_in(app, str(running.log.parent / ".fieldstone" / "files"))
    files = f"{running.url}/api/v1/files"
    with requests.Session() as api:
        api.headers["Authorization"] = f"Bearer {token}"
        with begun(running, token, f"Content-Length: {LARGE}", "1" * (LARGE // 2)) as half:
            until(lambda: sum(arriving(kept)) > LARGE // 4)  # on the disk, while the rest is not sent
            half.sendall(b"1" * (LARGE - LARGE // 2))
            file = answer_on(half)["id"]
        with api.get(f"{files}/{file}", stream=True) as answer:
            until(lambda: position(running) > 0)
            assert position(running) < LARGE  # nobody has taken anything of it yet
            assert sum(len(part) for part in answer.iter_content(MEGABYTE)) == LARGE
        with begun(running, token, "Transfer-Encoding: chunked", "3\r\n111\r\n") as endless:
            assert b" 411 " in endless.recv(100)
        with begun(running, token, f"Content-Length: {LARGE}", "1" * (MEGABYTE // 2)):
            until(lambda: len(arriving(kept)) == 1)
            running.kill_all()
    assert len(app.sql("SELECT * FROM main.file")) == 1
    assert found(find_litter(later(kept))) == (1, 0, 1, 0)
    kept.database.close()


def answer_on(line: socket.socket) -> Any:
    """The answer that arrives there, which is JSON."""
    with HTTPResponse(line) as answer:
        answer.begin()
        return json.load(answer)


def position(running: Server) -> int:
    """How far the server has read the content that it is just sending."""
    processes = psutil.Process(running.process.pid).children(recursive=True)
    opened = [file for one in processes for file in one.open_files() if "/files/" in file.path]
    return sum(file.position for file in opened)


def arriving(app: App) -> list[int]:
    """The sizes, so far, of contents that are just arriving."""
    return [one.size for one in app.database.files.stored() if one.id is None]


def begun(running: Server, token: str, length: str, body: str) -> socket.socket:
    """An upload of which only a part has been sent."""
    address = urlsplit(running.url)
    line = socket.create_connection((address.hostname or "", address.port or 0), timeout=LONGEST)
    line.sendall(
        f"POST /api/v1/files?name=half.bin HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"{length}\r\n\r\n{body}".encode()
    )
    return line
