"""`GET …/{id}/delete-preview`: what deleting the record would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response

from fieldstone import records
from fieldstone.records import Concerned
from fieldstone.records.labels import field_label, text_of
from fieldstone.web.api.answers import json_value
from fieldstone.web.api.reading import record_id
from fieldstone.web.parameters import Parameters
from fieldstone.web.request_context import current_context


def install(api: Blueprint) -> None:
    """Add the route."""
    api.get("/data/<entity>/<record>/delete-preview")(preview)


def preview(entity: str, record: str) -> Response:
    """What would go with the record, lose a reference to it, or is in the way."""
    Parameters()
    context = current_context()
    found = records.preview_delete(context, entity, record_id(record))
    locale = context.principal.locale
    told: dict[str, Any] = {
        name: _told(getattr(found, name), locale) for name in ("deleted", "cleared", "blocking", "forbidden")
    }
    return json_value({"allowed": found.allowed, "reason": found.reason, **told})


def _told(groups: Sequence[Concerned], locale: str) -> list[dict[str, Any]]:
    return [
        {
            "entity": one.entity.name,
            "label": text_of(one.entity.plural, locale),
            "field": one.field.name if one.field is not None else None,
            "field_label": field_label(one.field, locale) if one.field is not None else None,
            "count": one.count,
            "titles": list(one.titles),
        }
        for one in groups
    ]
