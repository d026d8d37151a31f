"""The model in force: taken up by this process within moments of its publication, without a restart."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import psycopg
import sqlalchemy as sa
import structlog
from psycopg.conninfo import make_conninfo

from fieldstone.database.database import Database
from fieldstone.errors import FieldstoneError, Unavailable
from fieldstone.model.compile import compile_model
from fieldstone.model.model import Model
from fieldstone.publication.afterwards.unfinished import filling, filling_keys, keys_of
from fieldstone.publication.store import load_layers
from fieldstone.records.kept.plan import Key
from fieldstone_metadata import Layer, check
from fieldstone_metadata.declarations import Application

POLL_SECONDS = 0.4
_log = structlog.get_logger()


@dataclass(frozen=True)
class _State:
    version: int
    epoch: int
    filling: frozenset[Key]
    unfinished: int


class NoLongerAccepted(FieldstoneError):
    """An earlier version of Fieldstone published the documents, and this one does not take them."""

    status, code, title = 409, "no_longer_accepted", "The documents are no longer accepted"


def load_model(database: Database, version: int, known: Application | None = None) -> Model:
    """Compile publication `version` from its stored documents.

    known: of another publication, if the caller has it: what is the same in this one is not checked again.
    Otherwise it goes on from the check that an earlier command has left.
    Raises NewerData if a newer Fieldstone published it, and NoLongerAccepted.
    """
    with database.read() as connection:
        layers = load_layers(connection, database.system, version)
        waiting = filling(connection, database.system, version)
    application = _accepted(database, layers, version, known)
    model = compile_model(application, version=version, schema=database.schema)
    return model.while_filling(waiting)


def _accepted(
    database: Database, layers: tuple[Layer, ...], version: int, known: Application | None
) -> Application:
    store = database.checks if known is None else None
    kept = None if store is None else store.recall()
    if kept is not None and kept.layers == layers:
        return kept.application
    checked = check(layers, earlier=known if kept is None else kept.application)
    if checked.application is None:
        first = next(problem for problem in checked.problems if problem.severity == "error")
        raise NoLongerAccepted(f"Publication {version} is not accepted by this Fieldstone: {first}")
    if store is not None:
        store.keep(layers, checked.application)
    return checked.application


class CurrentModel:
    """Holds `model`, the one in force, and follows the database in a thread of its own.

    Use it as a context manager, or call `start` and `stop`. Until something is published there is no
    model, and asking for it raises Unavailable.
    """

    def __init__(
        self, database: Database, model: Model | None = None, *, let_go: Callable[[], object] | None = None
    ) -> None:
        """Follow `database`. model: the one in force, if the caller has compiled it already.

        let_go: called in the thread that follows, a moment after another model was taken up, when requests
        that began with the one before are mostly over: what that held can be freed.
        """
        self._database = database
        self._let_go = let_go
        self._model = model
        self._state = _State(model.version if model else 0, 0, model.filling if model else frozenset(), 0)
        self._changing = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def model(self) -> Model:
        """The newest model that this process knows."""
        if self._model is None:
            raise Unavailable(
                "Nothing has been published yet; run `fieldstone apply`.", code="nothing_published"
            )
        return self._model

    @property
    def in_force(self) -> Model | None:
        """The newest model that this process knows, if there is one."""
        return self._model

    @property
    def leaves_work(self) -> bool:
        """Whether publications left something that can be done now, as far as this process knows."""
        return self._state.unfinished > 0

    def reload(self) -> Model | None:
        """Look at the database now and take up what is new; the model then in force."""
        with self._changing:
            self._take_up(self._read_state())
        return self._model

    def start(self) -> Self:
        """Load the model and begin to follow; raises what `reload` raises."""
        self.reload()
        self._thread = threading.Thread(target=self._follow, name="current-model", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop following; returns when the thread has ended."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def __enter__(self) -> Self:
        """Start to follow."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop following."""
        self.stop()

    def _read_state(self) -> _State:
        system = self._database.system
        table = system.unfinished
        waiting = sa.select(sa.func.count()).select_from(table).where(table.c.problem.is_(None))
        epoch = sa.select(system.access.c.epoch)
        statement = sa.select(
            system.current.c.version, epoch.scalar_subquery(), filling_keys(system), waiting.scalar_subquery()
        )
        with self._database.read() as connection:
            version, epoch_now, keys, count = connection.execute(statement).one()
            return _State(version, epoch_now, keys_of(keys), count)

    def _take_up(self, state: _State) -> None:
        if state != self._state:
            # A new dictionary, so that what is being computed from old rights lands in the old one. Before
            # the model: rights that were taken away end also where a publication cannot be taken up.
            self._database.rights_cache = {}
        if state.version != self._state.version:
            known = None if self._model is None else self._model.application
            self._model = load_model(self._database, state.version, known)
            self._database.forget_statements()
            _log.info("model.loaded", version=state.version)
        if self._model is not None:
            self._model = self._model.while_filling(state.filling)
        self._state = state

    def _follow(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except Exception as error:  # a thread that ended would keep rights that were taken away
                _log.warning("model.follow.failed", reason=f"{type(error).__name__}: {error}")
                self._stopping.wait(POLL_SECONDS)

    def _listen(self) -> None:
        """Reload on each notice of the database and, as notices can be lost, every moment anyway."""
        options = self._database.url.translate_connect_args(username="user", database="dbname")
        # Several hosts are one text with commas to libpq, and several values to SQLAlchemy.
        query = {k: v if isinstance(v, str) else ",".join(v) for k, v in self._database.url.query.items()}
        address = make_conninfo("", **options, **query)
        with contextlib.closing(psycopg.connect(address, autocommit=True)) as connection:
            connection.execute(f'LISTEN "{self._database.system.schema}"')
            swapped = False
            while not self._stopping.is_set():
                before, due = self._state.version, swapped
                self.reload()
                swapped = before not in {0, self._state.version}
                if due and not swapped and self._let_go is not None:
                    self._let_go()
                for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
                    pass
