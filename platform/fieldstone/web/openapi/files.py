"""The operations on files: their contents, and the files of a record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fieldstone.fields.file import CONTENTS
from fieldstone.web.openapi import parameters
from fieldstone.web.openapi.common import record, reference
from fieldstone.web.openapi.responses import READING, WRITING, answers, empty, json_body
from fieldstone.web.openapi.surface import Surface
from fieldstone_metadata.names import FILE

Schema = dict[str, Any]
Operations = dict[str, Schema]
UPLOADING = (*WRITING, 411, 429)
_NAME = "What the file is called; its ending says what it is. A form may say it in its part instead."
_BINARY: Schema = {"type": "string", "format": "binary"}


def content_paths(surface: Surface) -> Iterator[tuple[str, Operations]]:
    """Path → operations on contents, for the entity of files as the caller sees it."""
    if "create" in surface.verbs:
        yield CONTENTS, {"post": _upload(surface)}
    if "read" in surface.verbs:
        yield f"{CONTENTS}/{{id}}", {"get": _download()}


def files_of(surface: Surface) -> Operations:
    """The operations on the files of a record."""
    found: Operations = {}
    verbs = surface.belongings[FILE]
    if "read" in verbs:
        listed = answers({200: json_body("A page.", reference(f"{FILE}.page"))}, READING)
        found["get"] = _operation(
            f"{surface.name}.files", surface, f"The files of one {surface.label}", listed
        )
        found["get"]["parameters"] = [parameters.record(), *parameters.listing("size > 1000000")]
    if "create" in verbs and "update" in surface.verbs:
        summary = f"Add a file to one {surface.label}"
        found["post"] = _operation(
            f"{surface.name}.add_file", surface, summary, _made(readable="read" in verbs)
        )
        found["post"] |= {"parameters": [parameters.record(), *_sent(surface)], "requestBody": _body()}
    return found


def _upload(surface: Surface) -> Schema:
    summary = "Upload a file, to be put into a field or attached later"
    responses = _made(readable="read" in surface.verbs)
    upload = _operation(f"{FILE}.upload", surface, summary, responses)
    named = parameters.query("name", _NAME, {"type": "string", "minLength": 1})
    return upload | {"parameters": [named, parameters.idempotency_key()], "requestBody": _body()}


def _sent(surface: Surface) -> list[Schema]:
    named = parameters.query("name", _NAME, {"type": "string", "minLength": 1})
    fields = [field.name for field in surface.entity.holding_files if field.name in surface.updatable]
    told = "The field to put it into; without it, it is attached to the record."
    chosen = [parameters.query("field", told, {"type": "string", "enum": fields})] if fields else []
    return [named, *chosen, parameters.idempotency_key()]


def _body() -> Schema:
    form: Schema = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": _BINARY},
        "additionalProperties": False,
    }
    content = {"application/octet-stream": {"schema": _BINARY}, "multipart/form-data": {"schema": form}}
    return {"required": True, "content": content}


def _made(*, readable: bool) -> Schema:
    shown = record(FILE) if readable else reference("WrittenRecord")
    headers: Schema = {
        "ETag": {"schema": {"type": "string"}, "description": "The version of its record."},
        "Location": {"schema": {"type": "string"}, "description": "Where its record is."},
    }
    return answers({201: json_body("Stored.", shown, headers)}, UPLOADING)


def _download() -> Schema:
    range_header: Schema = {
        "name": "Range",
        "in": "header",
        "description": "One part of the content (RFC 9110), such as `bytes=0-1023`.",
        "schema": {"type": "string"},
    }
    content = {"content": {"*/*": {"schema": _BINARY}}}
    successes = {
        200: {"description": "The content, to be saved: it is never shown as a page."} | content,
        206: {"description": "The part that was asked for."} | content,
        304: empty("It is what `If-None-Match` says."),
    }
    return {
        "operationId": f"{FILE}.download",
        "tags": [FILE],
        "summary": "The content of one file",
        "parameters": [parameters.record(), range_header],
        "responses": answers(successes, (*READING, 412, 416)),
    }


def _operation(name: str, surface: Surface, summary: str, responses: Schema) -> Schema:
    return {"operationId": name, "tags": [surface.name], "summary": summary, "responses": responses}
