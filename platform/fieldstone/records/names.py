"""Entities as callers name them."""

from __future__ import annotations

from difflib import get_close_matches
from uuid import UUID

from fieldstone.errors import Malformed, NotFound
from fieldstone.model.model import Entity, Model


def entity_named(model: Model, name: str) -> Entity:
    """The entity called `name`.

    Raises:
        NotFound: `unknown_entity`, with a suggestion.
    """
    entity = model.entities.get(name)
    if entity is None:
        close = get_close_matches(name[:80], model.entities, n=1)
        hint = f" Did you mean “{close[0]}”?" if close else ""
        raise NotFound(f"There is no entity “{name[:80]}”.{hint}", code="unknown_entity")
    return entity


def record_id(text: str | UUID) -> UUID:
    """The id that a caller sent.

    Raises:
        Malformed: `bad_id`, if it is no UUID.
    """
    if isinstance(text, UUID):
        return text
    try:
        if len(text) == 36:
            return UUID(text)
    except ValueError:
        pass
    raise Malformed(f"“{text[:80]}” is not the id of a record.", code="bad_id")
