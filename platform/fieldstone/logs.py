"""What the platform logs: structured events, as text for people or as JSON for collectors."""

from __future__ import annotations

import logging
import sys

import structlog

from fieldstone.settings import Settings


def configure_logs(settings: Settings) -> None:
    """Send all log events of this process to standard error, in the form that the settings ask for."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *_renderers(settings),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_level(settings)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(_level(settings), logging.WARNING), stream=sys.stderr)


def _level(settings: Settings) -> int:
    return logging.getLevelNamesMapping()[settings.log_level.upper()]


def _renderers(settings: Settings) -> list[structlog.typing.Processor]:
    as_text = settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
    if as_text:
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
