"""A small load generator on raw sockets with keep-alive: it costs little beside what it measures."""

from __future__ import annotations

import select
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
        received = self.socket.recv(262_144)
        self._received = self._received + received if self._received else received
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
    open_ones = [_Connection(host, port, stream) for stream in streams]
    connections = {connection.socket.fileno(): connection for connection in open_ones}
    with select.epoll() as poll:  # what `selectors` adds to it would count against the faster of two servers
        started, computed = time.perf_counter(), time.process_time()
        for number, connection in connections.items():
            poll.register(number, select.EPOLLIN)
            connection.start()
        left = len(connections)
        while left:
            for number, _ in poll.poll():
                go_on = time.perf_counter() - started < seconds
                if not connections[number].receive(measured, go_on=go_on):
                    poll.unregister(number)
                    left -= 1
        measured.seconds = time.perf_counter() - started
        measured.own_seconds = time.process_time() - computed
    for connection in open_ones:
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
    length = _length(head)
    if len(received) < end + 4 + length:
        return None
    return Reply(int(received[9:12]), head, received[end + 4 : end + 4 + length])


def _length(head: bytes) -> int:
    at = head.find(b"content-length:")
    if at < 0:
        at = head.lower().find(b"content-length:")
    if at < 0:
        if head.startswith(b"HTTP/1.1 204"):
            return 0
        raise ValueError(f"an answer without Content-Length: {head[:200]!r}")
    stop = head.find(b"\r\n", at)
    return int(head[at + 15 : stop if stop > 0 else len(head)])
