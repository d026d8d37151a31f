"""Bodies of requests while they arrive, and an end to waiting for those that come too slowly.

A read from granian lasts as long as the client likes and cannot be interrupted: only the end of the
connection ends it. So whoever sends too slowly is answered 408 with a body that is shorter than it says: that
makes granian end the connection.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Protocol

from fieldstone.errors import FieldstoneError
from fieldstone.web import problems

SLOWEST = 4 * 1024
"""Bytes of a body in each second, on average."""

_PIECE = 16 * 1024
_UNTIL_SENT = 0.05
"""Seconds that granian gets to send an answer before it notices that the rest is missing."""

Headers = list[tuple[str, str]]


class TooSlow(FieldstoneError):
    """The body of a request came too slowly; nothing was done."""

    status, code, title = 408, "too_slow", "The request came too slowly"


class Exchange(Protocol):
    """Granian's side of one request. Its first answer counts; later ones are passed over."""

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        """Answer with a whole body."""

    def response_iter(self, status: int, headers: Headers, body: Any) -> None:
        """Answer with the parts that `__next__` of `body` gives; returns when they are sent."""


class Source(Protocol):
    """The body as granian gives it."""

    def read(self, size: int) -> bytes:
        """So many bytes, or fewer at the end."""


class Watch:
    """Ends the reads of one process that last too long. patience: seconds that a client may take."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        # Adding, taking out and copying are one step each: who takes a body out decides what becomes of it.
        self._waiting: dict[Body, float] = {}
        threading.Thread(target=self._run, name="slow-clients", daemon=True).start()

    def begin(self, body: Body, until: float) -> None:
        """A read of `body` begins, which may last `until` a moment of the monotonic clock."""
        self._waiting[body] = until

    def end(self, body: Body) -> bool:
        """A read of `body` is over; whether that was in time."""
        return self._waiting.pop(body, None) is not None

    def _run(self) -> None:
        while True:
            time.sleep(min(1, self.patience / 4))
            now = time.monotonic()
            for body, until in tuple(self._waiting.items()):
                if until < now and self.end(body):
                    threading.Thread(target=body.give_up, daemon=True).start()


class Body:
    """`wsgi.input` of a request: reads in pieces, and only while they come fast enough.

    length: as the client said it; None of a chunked body. working: those who work for clients, among whom
    this thread has no place while it waits.
    """

    def __init__(
        self,
        source: Source,
        length: int | None,
        exchange: Exchange,
        working: threading.Semaphore,
        watch: Watch,
    ) -> None:
        self._source = source
        self._left = length
        self._exchange = exchange
        self._working = working
        self._watch = watch
        self._patience = watch.patience

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, all that is left if it is negative, nothing at the end. Raises `TooSlow`."""
        if size < 0:
            return b"".join(iter(lambda: self.read(_PIECE), b""))
        if self._left == 0 or size == 0:
            return b""
        piece = self._wait_for(min(size, _PIECE))
        if self._left is not None:
            self._left -= len(piece)
        return piece

    def _wait_for(self, size: int) -> bytes:
        began = time.monotonic()
        self._working.release()
        try:
            self._watch.begin(self, began + self._patience)
            piece = self._source.read(size)
            in_time = self._watch.end(self)
        finally:
            self._working.acquire()
        if not in_time:
            raise _too_slow()
        waited = time.monotonic() - began
        self._patience = min(self._watch.patience, self._patience - waited + len(piece) / SLOWEST)
        return piece

    def give_up(self) -> None:
        """Tell the client, and end the connection."""
        answer = problems.problem(_too_slow())
        headers = [("Content-Type", answer.media_type), ("Content-Length", str(len(answer.body) + 1))]
        self._exchange.response_iter(answer.status, headers, _Short(answer.body))


class _Short:
    """A body that ends before its announced length."""

    def __init__(self, body: bytes) -> None:
        self._parts = iter((body,))

    def __next__(self) -> bytes:
        part = next(self._parts, None)
        if part is None:
            time.sleep(_UNTIL_SENT)
            raise StopIteration
        return part

    def close(self) -> None:
        """Nothing is held."""


def _too_slow() -> TooSlow:
    return TooSlow("The body of the request came too slowly. Nothing was done; send it again.")
