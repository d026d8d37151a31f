"""A small load generator on raw sockets with keep-alive: it costs little beside what it measures."""

from __future__ import annotations

import selectors
import socket
import statistics
import time
from collections.abc import Generator
from dataclasses import dataclass, field

Requests = Generator[bytes, "Reply", None]
"""What one connection sends: it yields a request and is given the reply to it."""


@dataclass(frozen=True)
class Reply:
    """An answer: its status, its head as it came, and its body."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """The value of a header, by its lower-case name."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.lower() == name:
                return value.strip()
        return None


@dataclass
class Measured:
    """What a round showed. latencies: seconds, one per answer. own_seconds: of computing, in this process."""

    seconds: float = 0.0
    own_seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, percent: int) -> float:
        """A percentile of the latencies, in milliseconds."""
        return statistics.quantiles(self.latencies, n=100)[percent - 1] * 1000


class _Connection:
    """One keep-alive connection and what is sent over it."""

    def __init__(self, host: str, port: int, requests: Requests) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = requests
        self._received = b""
        self._sent_at = 0.0

    def start(self) -> None:
        """Send the first request."""
        self._send(next(self._requests))

    def receive(self, measured: Measured, *, go_on: bool) -> bool:
        """Take in what arrived; False if this connection is done."""
        self._received += self.socket.recv(262_144)
        reply = _complete(self._received)
        if reply is None:
            return True
        measured.latencies.append(time.perf_counter() - self._sent_at)
        if reply.status >= 300:
            measured.failures.append(f"{reply.status}: {reply.body[:300]!r}")
        self._received = b""
        following = self._requests.send(reply)
        if go_on:
            self._send(following)
        return go_on

    def _send(self, request: bytes) -> None:
        self._sent_at = time.perf_counter()
        self.socket.sendall(request)


def measure(host: str, port: int, streams: list[Requests], seconds: float) -> Measured:
    """Send requests over one connection per stream for a time; every answer is waited for."""
    measured = Measured()
    connections = [_Connection(host, port, stream) for stream in streams]
    with selectors.DefaultSelector() as selector:
        started, computed = time.perf_counter(), time.process_time()
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.start()
        while selector.get_map():
            for key, _ in selector.select():
                go_on = time.perf_counter() - started < seconds
                if not key.data.receive(measured, go_on=go_on):
                    selector.unregister(key.fileobj)
        measured.seconds = time.perf_counter() - started
        measured.own_seconds = time.process_time() - computed
    for connection in connections:
        connection.socket.close()
    return measured


def once(host: str, port: int, request: bytes) -> Reply:
    """Send one request over a connection of its own."""
    with socket.create_connection((host, port)) as connection:
        connection.sendall(request)
        received = b""
        while (reply := _complete(received)) is None:
            chunk = connection.recv(262_144)
            if not chunk:
                raise ConnectionError(f"the server hung up after {received[:200]!r}")
            received += chunk
        return reply


def _complete(received: bytes) -> Reply | None:
    """The reply in `received` if all of it is there. Answers without a length are not understood."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = received[:end]
    at = head.lower().find(b"content-length:")
    if at < 0 and not head.startswith(b"HTTP/1.1 204"):
        raise ValueError(f"an answer without Content-Length: {head[:200]!r}")
    length = 0 if at < 0 else int(head[at + 15 :].split(b"\r\n", 1)[0])
    if len(received) < end + 4 + length:
        return None
    return Reply(int(received[9:12]), head, received[end + 4 : end + 4 + length])
