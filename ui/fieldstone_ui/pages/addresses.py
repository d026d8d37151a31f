"""Addresses of pages about an entity or a record, and those that a form may send people to."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import url_for

from fieldstone.model.model import Entity


def of_record(page: str, owner: Entity, identity: UUID, **parameters: str) -> str:
    """The address of a page about a record: `record`, `edit`, `save`, `states`, `history`…"""
    values: dict[str, Any] = {"entity": owner.name, "record": str(identity), **parameters}
    return url_for(f"pages.{page}", **values)


def of_entity(page: str, owner: Entity, **parameters: str | None) -> str:
    """The address of a page about an entity: `listing`, `new`, `create`…; a parameter of None is left out."""
    values: dict[str, Any] = {"entity": owner.name, **parameters}
    return url_for(f"pages.{page}", **values)


def inner_address(address: str | None) -> str | None:
    """An address on this server, or None: nobody is sent elsewhere."""
    if not address or not address.isprintable() or not address.startswith("/"):
        return None
    if address.startswith(("//", "/\\")):
        return None
    parts = urlsplit(address)
    return None if parts.scheme or parts.netloc or "\\" in address else address
