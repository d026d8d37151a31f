"""Ports to listen on: which one is free, and who answers where one is not."""

from __future__ import annotations

import socket
import time
import urllib.request

from fieldstone.errors import FieldstoneError

_PATIENCE = 3.0


class PortTaken(FieldstoneError):
    """Somebody else listens on the port."""

    status, code, title = 503, "port_taken", "The port is taken"


def free_port(host: str, port: int) -> int:
    """`port` if it can be listened on, or some free one for 0. Raises PortTaken, naming who answers there."""
    deadline = time.monotonic() + _PATIENCE
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
                raise PortTaken(_message(host, port, error)) from error
        time.sleep(0.1)


def _message(host: str, port: int, error: OSError) -> str:
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
