"""`fieldstone serve`: pages and API over HTTP."""

from __future__ import annotations

from typing import Any

import click

from fieldstone.cli.installation import Installation, opened
from fieldstone.cli.output import error_console
from fieldstone.settings import Settings, load_settings


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
    with opened(settings) as installation:
        serve_installation(
            installation, lambda address: error_console().print(f"Fieldstone serves {address}")
        )


def settings_with(**options: Any) -> Settings:
    """The settings, with those options that were given on the command line."""
    return load_settings(**{name: value for name, value in options.items() if value is not None})


def serve_installation(installation: Installation, when_ready: Any) -> None:
    """Serve an open installation until it is told to stop."""
    from fieldstone import server  # noqa: PLC0415  # loads the web server, which other commands do not need

    # Before the workers are forked: what they share with this process must not be a connection.
    installation.database.close()
    server.serve(installation.settings, installation.embedded, when_ready)
