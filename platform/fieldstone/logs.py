"""What the platform logs: structured events, as text for people or as JSON for collectors."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

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


def _level(settings: Settings) -> int:
    return logging.getLevelNamesMapping()[settings.log_level.upper()]


def _logger_factory(*, as_text: bool) -> Callable[..., object]:
    if as_text:
        return structlog.PrintLoggerFactory(sys.stderr)
    return structlog.BytesLoggerFactory(sys.stderr.buffer)


def _text_renderers() -> list[structlog.typing.Processor]:
    # Plain, since a rich traceback shows values of variables, which may be personal, and takes long to draw.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def _json_renderers() -> list[structlog.typing.Processor]:
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=orjson.dumps)]
