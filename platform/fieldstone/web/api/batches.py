"""Creating many records with one call: all or nothing, or a result for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response

from fieldstone import records
from fieldstone.context import Context
from fieldstone.errors import FieldError, FieldstoneError, Malformed, Unavailable
from fieldstone.records import Written
from fieldstone.web import bodies, problems
from fieldstone.web.api.answers import json_value

LARGEST_BATCH = 1000
Values = Mapping[str, Any]


def create_many(context: Context, entity: str, body: Mapping[str, Any], *, partial: bool) -> Response:
    """Create `{"records": [{…}, …]}`.

    Answers 201 with `{"data": [{"id", "version"}, …]}` in the order sent; with `partial`, 200 with a `status`
    for each, and for those refused `code`, `detail` and `errors`.
    """
    sent = _records(body)
    if partial:
        return json_value({"data": _each(context, entity, sent)})
    try:
        written = records.create(context, entity, sent)
    except FieldstoneError as error:
        raise problems.in_batch(error) from None
    return json_value({"data": [_identity(entry) for entry in written]}, 201)


def _records(body: Mapping[str, Any]) -> Sequence[Values]:
    bodies.only(body, ("records",))
    sent = body.get("records")
    if not isinstance(sent, list) or not sent or len(sent) > LARGEST_BATCH:
        raise _refused("records", f"`records` is a list of 1 to {LARGEST_BATCH:,} objects.")
    for place, values in enumerate(sent):
        if not isinstance(values, dict):
            raise _refused(f"records.{place}", f"`records.{place}` is not an object.")
    return sent


def _refused(name: str, message: str) -> Malformed:
    return Malformed(message, errors=[FieldError(name, "bad_batch", message)])


def _each(context: Context, entity: str, sent: Sequence[Values]) -> list[dict[str, Any]]:
    """All at once if all are well; otherwise one by one, so that a refused one holds up no others."""
    try:
        return [_created(entry) for entry in records.create(context, entity, sent)]
    except Unavailable:
        raise
    except FieldstoneError:
        return _one_by_one(context, entity, sent)


def _one_by_one(context: Context, entity: str, sent: Sequence[Values]) -> list[dict[str, Any]]:
    """A result for each. Raises `Unavailable` as long as nothing is created; then the rest is told that."""
    results: list[dict[str, Any]] = []
    for values in sent:
        try:
            results.append(_created(records.create(context, entity, [values])[0]))
        except FieldstoneError as error:
            if isinstance(error, Unavailable) and not any(found["status"] == 201 for found in results):
                raise
            results.append(_refused_one(error))
    return results


def _refused_one(error: FieldstoneError) -> dict[str, Any]:
    told = problems.members(error)
    return {name: told[name] for name in ("status", "code", "detail", "errors")}


def _created(entry: Written) -> dict[str, Any]:
    return {"status": 201, **_identity(entry)}


def _identity(entry: Written) -> dict[str, Any]:
    return {"id": str(entry.id), "version": entry.version}
