"""Serving: granian with its workers, the embedded database kept alive beside them, one way to stop all."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

from fieldstone.database import embedded
from fieldstone.database.database import Database
from fieldstone.database.embedded import EmbeddedDatabase
from fieldstone.errors import FieldstoneError
from fieldstone.logs import configure_logs
from fieldstone.publication.current import CurrentModel
from fieldstone.settings import Settings, load_settings
from fieldstone_rules import limits

if TYPE_CHECKING:
    from flask import Flask

_WATCH_SECONDS = 0.5
_PORT_PATIENCE = 3.0
_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104  # addresses of all interfaces, to compare with
_log = structlog.get_logger()


class PortTaken(FieldstoneError):
    """Somebody else listens on the port."""

    status, code, title = 503, "port_taken", "The port is taken"


def serve(settings: Settings, share: EmbeddedDatabase | None, when_ready: Callable[[str], None]) -> None:
    """Serve until Ctrl+C or SIGTERM. The database is running, and the caller has no connection open to it.

    share: in the embedded database, if that is used; it is started again whenever it dies.
    when_ready: called with the address, in a thread, as soon as requests are answered.
    Raises PortTaken if nothing can be served at all.
    """
    port = free_port(settings.host, settings.port)
    address = f"http://{'127.0.0.1' if settings.host in _EVERYWHERE else settings.host}:{port}"
    stopping = threading.Event()
    server = _Server(
        f"{__name__}:worker_application",
        address=settings.host,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=settings.workers,
        blocking_threads=settings.threads,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        websockets=False,
        log_level=LogLevels.error,
    )
    server.companions = (
        threading.Thread(target=_watch, args=(share, stopping), name="database-watch", daemon=True),
        threading.Thread(
            target=_announce, args=(address, stopping, when_ready), name="announce", daemon=True
        ),
    )
    try:
        server.serve()
    finally:
        stopping.set()


class _Server(MPServer):
    """Granian, with threads beside it that start when the workers are there.

    Not before: a worker is a fork, and a fork while another thread imports something would wait for ever.
    """

    companions: tuple[threading.Thread, ...] = ()

    def startup(self, spawn_target: Callable[..., None], target_loader: Callable[..., Any]) -> None:
        """Start the workers, then the threads."""
        super().startup(spawn_target, target_loader)  # type: ignore[no-untyped-call]  # granian leaves it so
        for thread in self.companions:
            thread.start()


def worker_application() -> Flask:
    """The WSGI application of one worker process; granian calls this in each."""
    from fieldstone.web.app import create_app  # noqa: PLC0415  # costs a second, and only workers need it

    settings = load_settings()
    configure_logs(settings)
    limits.impose(settings.rule_limits)
    _end_with_parent(os.getppid())
    database = database_of(settings)
    return create_app(settings, database, CurrentModel(database).start())


def database_of(settings: Settings) -> Database:
    """Connections to the database of `settings`, enough for all threads of one server process."""
    given = settings.database_url
    return Database(
        given.get_secret_value() if given else embedded.at(settings.home).url(),
        tenant=settings.tenant,
        pool_size=settings.threads + 1,
        statement_timeout=settings.statement_timeout,
    )


def free_port(host: str, port: int) -> int:
    """`port` if it can be listened on, or some free one for 0. Raises PortTaken, naming who answers there."""
    deadline = time.monotonic() + _PORT_PATIENCE
    while True:
        try:
            with socket.create_server((host, port)) as probe:
                return int(probe.getsockname()[1])
        except PermissionError as error:
            raise PortTaken(
                f"Port {port} may not be used by this account. Set FIELDSTONE_PORT above 1023."
            ) from error
        except OSError as error:
            # The workers of a server that was just killed need a moment to notice.
            if time.monotonic() > deadline:
                raise PortTaken(_port_message(host, port, error)) from error
        time.sleep(0.1)


def _port_message(host: str, port: int, error: OSError) -> str:
    if _answers(f"http://{host}:{port}/healthz"):
        return (
            f"Fieldstone is already serving on http://{host}:{port}. Stop it with Ctrl+C there, or "
            f"set FIELDSTONE_PORT to another port, such as {port + 1}."
        )
    return (
        f"Port {port} on {host} cannot be used ({error.strerror}): another program listens there. "
        f"Stop it, or set FIELDSTONE_PORT to another port, such as {port + 1}."
    )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310  # http, our own address
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def _watch(share: EmbeddedDatabase | None, stopping: threading.Event) -> None:
    """Start the embedded database again whenever it dies, until told to stop."""
    while share is not None and not stopping.wait(_WATCH_SECONDS):
        try:
            if share.ensure_running():
                _log.warning("database.restarted")
        except FieldstoneError as error:
            _log.error("database.down", reason=error.message)


def _announce(address: str, stopping: threading.Event, when_ready: Callable[[str], None]) -> None:
    """Call `when_ready` once requests are answered at `address`, unless told to stop before."""
    while not stopping.wait(0.05):
        if _listens(address):
            when_ready(address)
            return


def _listens(address: str) -> bool:
    """Whether requests are answered there, with whatever status."""
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=2):  # noqa: S310  # http, our own address
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _end_with_parent(parent: int) -> None:
    """End this worker when the process that started it is gone, so that nothing keeps the port."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
