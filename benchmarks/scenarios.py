"""What is asked of both applications: the same records and values, over the same connections."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from load import Requests


@dataclass(frozen=True)
class Target:
    """One of the two applications.

    list_path: the first page of fifty, the latest close date first. deep_path: a page of fifty far behind.
    bulk: where many records are created with one call. bulk_type: the media type of that call.
    """

    name: str
    port: int
    token: str
    records: str
    list_path: str
    bulk: str
    bulk_type: str
    deep_path: str = ""

    def request(self, method: str, path: str, body: object = None, *headers: str) -> bytes:
        """The bytes of a request."""
        content = b"" if body is None else json.dumps(body).encode()
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {self.token}",
            *headers,
        ]
        if content:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        return "\r\n".join([*lines, "", ""]).encode() + content


@dataclass(frozen=True)
class Ids:
    """Records of the caller to work with. versions: id → ETag, kept up to date with every change.

    names: of the opportunities, to search for parts of them.
    """

    opportunities: list[str]
    accounts: list[str]
    versions: dict[str, str]
    names: list[str]


Stream = Callable[[Target, Ids, int], Requests]
"""The requests of one connection, by its number."""


def get_one(target: Target, ids: Ids, connection: int) -> Requests:
    """One record after the other, at random."""
    requests = [target.request("GET", f"{target.records}/{one}") for one in ids.opportunities]
    random.Random(connection).shuffle(requests)
    for number in itertools.count():
        yield requests[number % len(requests)]


def list_page(target: Target, _ids: Ids, _connection: int) -> Requests:
    """The first page of fifty."""
    request = target.request("GET", target.list_path)
    while True:
        yield request


def deep_page(target: Target, _ids: Ids, _connection: int) -> Requests:
    """A page of fifty near the end of what the caller may see."""
    request = target.request("GET", target.deep_path)
    while True:
        yield request


def search_page(target: Target, ids: Ids, connection: int) -> Requests:
    """The first page of what contains a few characters from the middle of a name."""
    requests = [target.request("GET", f"{target.list_path}&q={name[-5:]}") for name in ids.names]
    random.Random(connection).shuffle(requests)
    for number in itertools.count():
        yield requests[number % len(requests)]


def new_values(chance: random.Random, ids: Ids, name: str) -> dict[str, str]:
    """The values of a new opportunity."""
    return {
        "name": name,
        "account": chance.choice(ids.accounts),
        "amount": f"{chance.randrange(1000, 90000)}.50",
        "close_date": f"2027-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
        "next_step": "Call back after their board meeting",
    }


def create_one(target: Target, ids: Ids, connection: int) -> Requests:
    """New records."""
    chance = random.Random(connection)
    for number in itertools.count():
        values = new_values(chance, ids, f"Load test {connection}-{number}")
        yield target.request("POST", target.records, values)


def update_one(target: Target, ids: Ids, connection: int) -> Requests:
    """Changes of records that no other connection touches, each with the version last seen."""
    chance = random.Random()
    mine = ids.opportunities[connection::64]
    for number in itertools.count():
        wanted = chance.choice(mine)
        values = {
            "next_step": f"Step {number} of {chance.random()}",
            "amount": f"{chance.randrange(1000, 90000)}.25",
        }
        path = f"{target.records}/{wanted}"
        reply = yield target.request("PATCH", path, values, f"If-Match: {ids.versions[wanted]}")
        ids.versions[wanted] = (reply.header(b"etag") or b"").decode()


SCENARIOS: dict[str, Stream] = {
    "get": get_one,
    "list": list_page,
    "deep": deep_page,
    "search": search_page,
    "create": create_one,
    "update": update_one,
}
