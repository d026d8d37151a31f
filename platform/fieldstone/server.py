"""Serving: granian with its workers, the embedded database kept alive beside them, one way to stop all."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from flask import Flask
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from fieldstone.database import embedded
from fieldstone.database.database import Database
from fieldstone.database.embedded import EmbeddedDatabase
from fieldstone.errors import FieldstoneError
from fieldstone.logs import configure_logs
from fieldstone.model.model import Model
from fieldstone.ports import free_port
from fieldstone.publication.afterwards.finishing import finish
from fieldstone.publication.current import CurrentModel
from fieldstone.records import feed
from fieldstone.settings import Settings, load_settings
from fieldstone.web import gateway
from fieldstone.web.app import create_app
from fieldstone_rules import limits

_WATCH_SECONDS = 0.5
_LOOK_SECONDS = 1
_TIDY_AFTER_SECONDS, _TIDY_EVERY_SECONDS = 60, 3600
_OBJECTS_BETWEEN_COLLECTIONS = 20_000
_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104  # addresses of all interfaces, to compare with
_log = structlog.get_logger()


def serve(
    settings: Settings,
    share: EmbeddedDatabase | None,
    model: Model | None,
    when_ready: Callable[[str], None],
) -> None:
    """Serve until Ctrl+C or SIGTERM. The database is running, and the caller has no connection open to it.

    share: in the embedded database, if that is used; it is started again whenever it dies.
    model: the one in force, which all workers share, or None before the first publication.
    when_ready: called with the address, in a thread, as soon as requests are answered.
    Raises PortTaken if nothing can be served at all.
    """
    _inherited.model = model
    port = free_port(settings.host, settings.port)
    address = f"http://{'127.0.0.1' if settings.host in _EVERYWHERE else settings.host}:{port}"
    stopping, resting = threading.Event(), threading.Lock()
    server = _Server(
        f"{__name__}:worker_application",
        address=settings.host,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=settings.workers,
        blocking_threads=settings.threads + gateway.WAITING,
        # With HTTP/2 besides, a client that says nothing at all would be waited for without end.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=int(settings.client_timeout * 1000)),
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        websockets=False,
        log_level=LogLevels.error,
    )
    server.resting = resting
    server.companions = (
        threading.Thread(target=_watch, args=(share, stopping, resting), name="database-watch", daemon=True),
        threading.Thread(
            target=_announce, args=(address, stopping, resting, when_ready), name="announce", daemon=True
        ),
    )
    try:
        server.serve()
    finally:
        stopping.set()


@dataclass
class _Inherited:
    """What a worker finds when it begins: a fork has the memory of this process, a spawned one is empty."""

    model: Model | None = None


_inherited = _Inherited()


class _Server(MPServer):
    """Granian, with threads beside it.

    A worker is a fork, and a fork while another thread imports, logs or prints could wait for ever for a lock
    that nobody in it holds. So the threads start after the first workers, work only while they hold
    `resting`, and later workers are made only while they do not.
    """

    companions: tuple[threading.Thread, ...] = ()
    resting: threading.Lock

    def startup(self, spawn_target: Callable[..., None], target_loader: Callable[..., Any]) -> None:
        """Start the workers, then the threads."""
        # What is there stays: a collection in a worker would copy the pages that it shares with this process.
        gc.freeze()
        super().startup(spawn_target, target_loader)  # type: ignore[no-untyped-call]  # granian leaves it so
        for thread in self.companions:
            thread.start()

    def _respawn_workers(self, *arguments: Any, **options: Any) -> None:
        """Replace workers that died, while the threads rest."""
        with self.resting:
            super()._respawn_workers(*arguments, **options)


def worker_application() -> Flask:
    """The WSGI application of one worker process; granian calls this in each."""
    settings = load_settings()
    configure_logs(settings)
    limits.impose(settings.rule_limits)
    _end_with_parent(os.getppid())
    gateway.install(settings.threads, settings.client_timeout)
    database = database_of(settings)
    threading.Thread(target=_tidy, args=(database,), name="tidy", daemon=True).start()
    inherited, _inherited.model = _inherited.model, None
    current = CurrentModel(database, inherited, let_go=_free_old_model).start()
    del inherited
    threading.Thread(target=_finish, args=(database, current), name="finish", daemon=True).start()
    app = create_app(settings, database, current)
    _collect_less()
    return app


def _collect_less() -> None:
    """Keep the garbage collector from what is there for good, and from every few hundred objects.

    A call with many records makes so many objects that it would else walk the whole model again and again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)


def _free_old_model() -> None:
    """Look for garbage in all there is, once for each publication: a model is full of circles.

    The first one is frozen, and the others would wait for a collection that seldom comes.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def database_of(settings: Settings) -> Database:
    """Connections to the database of `settings`, enough for all threads of one server process."""
    given = settings.database_url
    return Database(
        given.get_secret_value() if given else embedded.at(settings.home).url(),
        tenant=settings.tenant,
        # One that it reads with and one that it writes with, for each thread, and one beside them.
        pool_size=2 * settings.threads + 1,
        statement_timeout=settings.statement_timeout,
        files=settings.file_store(),
        secret_keys=settings.keys_of_secrets(),
        large_table=settings.large_table,
        fill_batch=settings.fill_batch,
    )


def _watch(share: EmbeddedDatabase | None, stopping: threading.Event, resting: threading.Lock) -> None:
    """Start the embedded database again whenever it dies, until told to stop."""
    while share is not None and not stopping.wait(_WATCH_SECONDS):
        with resting:
            _have_running(share)


def _have_running(share: EmbeddedDatabase) -> None:
    try:
        if share.ensure_running():
            _log.warning("database.restarted")
    except FieldstoneError as error:
        _log.error("database.down", reason=error.message)


def _announce(
    address: str, stopping: threading.Event, resting: threading.Lock, when_ready: Callable[[str], None]
) -> None:
    """Call `when_ready` once requests are answered at `address`, unless told to stop before."""
    while not stopping.wait(0.05):
        with resting:
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


def _tidy(database: Database) -> None:
    """Forget what is too old in the feed of changes, which nobody may ever read, now and then."""
    time.sleep(_TIDY_AFTER_SECONDS)
    while True:
        try:
            feed.tidy(database, datetime.now(UTC))
        except FieldstoneError as error:
            _log.warning("feed.not_tidied", reason=error.message)
        time.sleep(_TIDY_EVERY_SECONDS)


def _finish(database: Database, current: CurrentModel) -> None:
    """Do what publications left to be done, as soon as there is something; also what was a problem before."""
    again = True
    while True:
        try:
            if again or current.leaves_work:
                again = not finish(database, current.in_force)
        except FieldstoneError as error:
            _log.warning("publication.not_finished", reason=error.message)
        time.sleep(_LOOK_SECONDS)


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
