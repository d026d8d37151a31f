"""Who reads: their context, what they may know of, and how fields look to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from flask import g, request

from fieldstone.access.grants import access
from fieldstone.context import Context
from fieldstone.errors import NotFound
from fieldstone.model.model import Entity
from fieldstone.model.organisation import organisation_currency, organisation_zone
from fieldstone.records.order import known_keys
from fieldstone.records.source import Viewer
from fieldstone.web.request_context import current_context
from fieldstone.web.runtime import current_runtime
from fieldstone_ui.presentation.formats import Formats, locale_of
from fieldstone_ui.presentation.labels import text
from fieldstone_ui.presentation.looks import FieldLook, field_look

Record = dict[str, Any]
COMMENT, FILE, NOTIFICATION = "comment", "file", "notification"
ACCEPT_DUPLICATES = "accept_duplicates"
"""Stands in a form whose reader has seen that there is a record like this one."""


def context() -> Context:
    """The context of this request. Raises NotAuthenticated when nobody is logged in."""
    found = current_context()
    return replace(found, accepts_duplicates=True) if ACCEPT_DUPLICATES in request.form else found


def locale() -> str:
    """The reader's locale, or the organisation's."""
    current = context()
    return current.principal.locale or str(current.model.settings.get("core", {}).get("locale") or "en")


def formats() -> Formats:
    """How the reader reads numbers and dates; made once per request."""
    if "formats" not in g:
        current = context()
        name = current.principal.timezone
        zone = ZoneInfo(name) if name else organisation_zone(current.model)
        g.formats = Formats(locale_of(locale()), zone, current.now, organisation_currency(current.model))
    made: Formats = g.formats
    return made


def organisation() -> str:
    """What the organisation is called; known before anybody has logged in."""
    model = current_runtime().current.model
    return str(model.settings.get("core", {}).get("organisation") or "Fieldstone")


def entity(name: str) -> Entity:
    """The entity, if the reader may know of it. Raises NotFound."""
    found = context().model.entities.get(name)
    if found is None or name not in readable_entities():
        raise NotFound("There is no such page, or you may not see it.", code="unknown_entity")
    return found


def counted(name: str, number: int) -> str:
    """ "3 opportunities", in the reader's language."""
    found = context().model.entities.get(name)
    if found is None:
        return f"{formats().number(number)} {'record' if number == 1 else 'records'}"
    label = found.label if number == 1 else found.plural
    return f"{formats().number(number)} {text(label, locale(), name).lower()}"


def readable_entities() -> frozenset[str]:
    """The entities of which the reader may read at least some records."""
    if "readable_entities" not in g:
        current = context()
        names = current.model.entities
        g.readable_entities = frozenset(name for name in names if may("read", name))
    found: frozenset[str] = g.readable_entities
    return found


def may(verb: str, name: str) -> bool:
    """Whether the reader may `read`, `create`, `update` or `delete` at least some records of an entity."""
    current = context()
    decision = getattr(access(current.model, current.principal, name), verb)
    return decision.constant is not False


def may_create_in_form(name: str) -> bool:
    """Whether the reader may create records of an entity by filling in a form: a file is uploaded instead."""
    return name != FILE and may("create", name)


def may_read_field(owner: Entity, name: str) -> bool:
    """Whether the reader may see a field in at least some records."""
    current = context()
    return access(current.model, current.principal, owner.name).field_read(name).constant is not False


def usual_order(owner: Entity) -> tuple[str, ...]:
    """The entity's own order, as far as the reader may know of what it sorts by."""
    current = context()
    viewer = Viewer(current.model, current.principal.access_key)
    return known_keys(owner, viewer, owner.declaration.order)


def look(owner: Entity, name: str) -> FieldLook:
    """The look of a declared or system field, made once per publication and locale. Raises NotFound."""
    field = owner.field(name)
    if field is None or not may_read_field(owner, name):
        raise NotFound(f"There is no field {name[:80]} that you may see.", code="unknown_field")
    cache, key = context().model.cache, ("look", owner.name, name, locale())
    if key not in cache:
        cache[key] = field_look(owner, field, locale())
    made: FieldLook = cache[key]
    return made


def looks(owner: Entity, names: Iterable[str]) -> list[FieldLook]:
    """The looks of those fields that exist and may be seen."""
    return [look(owner, name) for name in names if owner.field(name) and may_read_field(owner, name)]


def title_field(owner: Entity) -> str | None:
    """The field that is the record's title, if the title is just a field."""
    source = owner.declaration.title.source.strip()
    return source if source in owner.fields else None
