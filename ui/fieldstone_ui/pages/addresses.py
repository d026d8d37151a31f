"""Addresses of pages about an entity or a record."""

from __future__ import annotations

from typing import Any
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
