"""Servers for browsers, in this process: each keeps its address and serves one application after another."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.serving import make_server
from werkzeug.wsgi import ClosingIterator

from fieldstone_testing.waiting import LONGEST

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_idle: list[_Stage] = []


@contextmanager
def serving(web: Flask) -> Iterator[str]:
    """The address of a web application that is served from threads.

    Addresses pass from one application to the next, so that a browser knows its styles and scripts already.
    """
    stage = _idle.pop() if _idle else _Stage()
    stage.play(web)
    yield stage.url
    stage.wait_until_quiet()
    _idle.append(stage)


def close_stages() -> None:
    """Stop all servers that nobody uses."""
    while _idle:
        _idle.pop().close()


class _Stage:
    """A server that hands all requests to the application of today, and knows how many are being answered."""

    def __init__(self) -> None:
        self._web: Flask | None = None
        self._answering = 0
        self._changed = threading.Condition()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def play(self, web: Flask) -> None:
        """Serve this application from now on."""
        self._web = web

    def wait_until_quiet(self) -> None:
        """Wait until every request has its answer: the application then goes to another database."""
        with self._changed:
            assert self._changed.wait_for(lambda: not self._answering, LONGEST), "a request is never answered"

    def close(self) -> None:
        """Stop it and give its port back."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        assert self._web is not None
        self._count(1)
        try:
            with closing(ClosingIterator(self._web(environ, start_response))) as parts:
                return list(parts)
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._changed:
            self._answering += change
            self._changed.notify_all()
