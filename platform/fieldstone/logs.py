"""What the platform logs: structured events, as text for people or as JSON for collectors."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, TextIO, cast

import orjson
import structlog

from fieldstone.settings import Settings


def configure_logs(settings: Settings) -> None:
    """Send all log events of this process to standard error, in the form that the settings ask for."""
    as_text = settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *(_text_renderers() if as_text else _json_renderers()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_level(settings)),
        logger_factory=_logger_factory(as_text=as_text),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(_level(settings), logging.WARNING), stream=sys.stderr)


class StandardError:
    """Whatever standard error is when a line is written: it may be another one than when logs were set up."""

    def __init__(self, *, as_bytes: bool) -> None:
        self._as_bytes = as_bytes

    def write(self, line: Any) -> None:
        """Write a line of text, or of bytes."""
        (sys.stderr.buffer if self._as_bytes else sys.stderr).write(line)

    def flush(self) -> None:
        """Flush it."""
        sys.stderr.flush()


def _level(settings: Settings) -> int:
    return logging.getLevelNamesMapping()[settings.log_level.upper()]


def _logger_factory(*, as_text: bool) -> Callable[..., object]:
    if as_text:
        return structlog.WriteLoggerFactory(cast("TextIO", StandardError(as_bytes=False)))
    return structlog.BytesLoggerFactory(cast("BinaryIO", StandardError(as_bytes=True)))


def _text_renderers() -> list[structlog.typing.Processor]:
    # Plain, since a rich traceback shows values of variables, which may be personal, and takes long to draw.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def _json_renderers() -> list[structlog.typing.Processor]:
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=orjson.dumps)]
