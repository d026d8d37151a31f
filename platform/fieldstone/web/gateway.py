"""Between granian and the application: no client, however slow, keeps others from being answered.

Granian gives each request a thread of its own until it is answered. Most requests are not worth waiting for
then: so there are more threads than may work at the same time, and a thread works only while it neither waits
for a body nor for somebody to take an answer.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from granian.server import mp

from fieldstone.web.arriving import Body, Exchange, Headers, Watch

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

WAITING = 100
"""Clients that a process waits for at the same time, beside those that it works for."""

SMALL = 2**20
"""Bytes of an answer that granian is given at once, so that no thread waits until they are sent."""

_ENVIRONMENT: Mapping[str, Any] = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": True,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}


def install(threads: int, patience: float) -> None:
    """Let granian, in this process, call applications through a `Gateway`."""
    # Granian has no public place for this; what it calls here it calls with each request.
    made = functools.partial(_made, threads=threads, patience=patience)
    mp._wsgi_call_wrap = made  # type: ignore[attr-defined]  # as said above


def _made(application: WSGIApplication, *_: object, threads: int, patience: float) -> Gateway:
    return Gateway(application, threads, patience)


class Gateway:
    """What granian calls with each request.

    threads: requests that are worked for at the same time. patience: seconds that a client may take.
    """

    def __init__(self, application: WSGIApplication, threads: int, patience: float) -> None:
        self._application = application
        self._working = threading.Semaphore(threads)
        self._watch = Watch(patience)

    def __call__(self, exchange: Exchange, scope: dict[str, Any]) -> int:
        """Answer a request; the status."""
        environ = {**_ENVIRONMENT, **scope}
        if environ.get("CONTENT_LENGTH", "0") != "0" or "HTTP_TRANSFER_ENCODING" in environ:
            environ["wsgi.input"] = self._body(exchange, environ)
        start = _Start()
        with self._working:
            parts = self._application(environ, start)
            whole = _whole(start, parts)
        if whole is None:
            exchange.response_iter(start.status, start.headers, _Streamed(parts, self._working))
        else:
            exchange.response_bytes(start.status, start.headers, whole)
        return start.status

    def _body(self, exchange: Exchange, environ: Mapping[str, Any]) -> Body:
        said = environ.get("CONTENT_LENGTH", "")
        length = int(said) if said.isascii() and said.isdigit() else None
        return Body(environ["wsgi.input"], length, exchange, self._working, self._watch)


class _Start:
    """`start_response`, which keeps what it is told."""

    status = 500

    def __init__(self) -> None:
        self.headers: Headers = []

    def __call__(self, status: str, headers: Headers, _error: object = None) -> Any:
        self.status = int(status.split(" ", 1)[0])
        self.headers = headers


def _whole(start: _Start, parts: Iterable[bytes]) -> bytes | None:
    """An answer that is there already, or small; None of one that is to be streamed."""
    if isinstance(parts, list):
        return b"".join(parts)
    said = next((value for name, value in start.headers if name.lower() == "content-length"), None)
    if said is None or int(said) > SMALL:
        return None
    try:
        return b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()


class _Streamed:
    """The parts of an answer, each of which takes a place among those who work while it is made."""

    def __init__(self, parts: Iterable[bytes], working: threading.Semaphore) -> None:
        self._parts = iter(parts)
        self._close = getattr(parts, "close", None)
        self._working = working

    def __next__(self) -> bytes:
        with self._working:
            return next(self._parts)

    def close(self) -> None:
        """Nobody wants more."""
        if self._close is not None:
            with self._working:
                self._close()
