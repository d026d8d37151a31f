"""What belongs to a record: its history and its related records."""

from __future__ import annotations

from flask import Blueprint


def install(api: Blueprint) -> None:
    """Add the routes."""
    api.get("/data/<entity>/<record>/history")(list_history)
    api.get("/data/<entity>/<record>/related/<inverse>")(list_related)
