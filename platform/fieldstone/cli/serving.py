"""`fieldstone serve`: pages and API over HTTP."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from fieldstone.cli.output import error_console
from fieldstone.database import embedded
from fieldstone.settings import Settings, load_settings

if TYPE_CHECKING:
    from fieldstone.cli.installation import Installation
    from fieldstone.model.model import Model


@click.command("serve")
@click.option("--host", help="Address to listen on. Default: FIELDSTONE_HOST, or 127.0.0.1.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Default: FIELDSTONE_PORT, or 8000; 0 takes a free one."
)
@click.option("--workers", type=click.IntRange(1, 64), help="Processes. Default: FIELDSTONE_WORKERS, or 1.")
def command(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve pages and API until Ctrl+C. The embedded database, if it is used, starts and stops with it.

    Publications made meanwhile (`fieldstone apply` in another window) are taken up without a restart.
    `GET /healthz` answers 200 when it is ready.

    \b
    Example:
      fieldstone serve --port 8080
    """
    settings = settings_with(host=host, port=port, workers=workers)
    with open_for_serving(settings) as installation:
        serve_installation(
            installation, None, lambda address: error_console().print(f"Fieldstone serves {address}")
        )


def settings_with(**options: Any) -> Settings:
    """The settings, with those options that were given on the command line."""
    return load_settings(**{name: value for name, value in options.items() if value is not None})


@contextmanager
def open_for_serving(settings: Settings) -> Iterator[Installation]:
    """The installation that the settings name, opened while what serving needs is loaded.

    PostgreSQL takes a part of a second to start and the imports take more, so they go side by side. That is
    why this module and `demo` import the rest of the platform inside functions.
    """
    with _database_coming_up(settings) as wait_for_database:
        with _no_collections():
            opened = importlib.import_module("fieldstone.cli.installation").opened
            importlib.import_module("fieldstone.server")
        wait_for_database()
        with opened(settings) as installation:
            yield installation


@contextmanager
def _no_collections() -> Iterator[None]:
    """Look for no garbage meanwhile: imports leave hardly any, and looking takes a tenth of their time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _database_coming_up(settings: Settings) -> Iterator[Callable[[], object]]:
    """Start the embedded database, if it is used, in a thread, and give it back in the end.

    Yields what waits for it, and raises what kept it from starting.
    """
    if settings.database_url is not None:
        yield lambda: None
        return
    background = ThreadPoolExecutor(1)
    starting = background.submit(embedded.start, settings.home)
    # The thread ends with its work: workers are forked later, and then no other thread may run.
    background.shutdown(wait=False)
    try:
        yield starting.result
    finally:
        # Here and not where it is waited for, since Ctrl+C may come in between.
        if starting.exception() is None:
            starting.result().release()


def serve_installation(
    installation: Installation, model: Model | None, when_ready: Callable[[str], None]
) -> None:
    """Serve an open installation until it is told to stop.

    model: the one in force, if the caller has it; it is looked up otherwise.
    """
    from fieldstone import server  # noqa: PLC0415  # see open_for_serving
    from fieldstone.publication.current import CurrentModel  # noqa: PLC0415  # as above

    # Once, and not in each worker.
    in_force = CurrentModel(installation.database, model).reload()
    # Before the workers are forked: what they share with this process must not be a connection.
    installation.database.close()
    server.serve(installation.settings, installation.embedded, in_force, when_ready)
