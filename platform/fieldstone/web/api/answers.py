"""Successful answers of the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from flask import Response

from fieldstone import exact_json, records
from fieldstone.context import Context
from fieldstone.errors import NotFound
from fieldstone.web.answer import Answer
from fieldstone.web.versions import etag

JSON = "application/json"
PREFIX = "/api/v1"


def json_bytes(body: bytes, status: int = 200) -> Response:
    """JSON as the database built it, untouched."""
    return Response(body, status=status, mimetype=JSON)


def json_value(value: Any, status: int = 200) -> Response:
    """A Python value in the API's form as JSON."""
    return json_bytes(exact_json.dumps(value), status)


def moment(value: datetime) -> str:
    """A point in time in the API's form."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def no_content() -> Response:
    """Done, and nothing to say."""
    return Response(status=204)


def one_record(body: bytes, version: int) -> Answer:
    """A record with its version as ETag."""
    return Answer(body, headers={"ETag": etag(version)})


def written_record(
    context: Context, entity: str, record: UUID, version: int, *, created: bool = False
) -> Response:
    """A record just written, as its writer may read it: all of it, or only `id` and `version`."""
    try:
        body, version = records.get_json(context, entity, record)
    except NotFound:
        body = orjson.dumps({"id": str(record), "version": version})
    response = one_record(body, version).response()
    if created:
        response.status_code = 201
        response.headers["Location"] = f"{PREFIX}/data/{entity}/{record}"
    return response
