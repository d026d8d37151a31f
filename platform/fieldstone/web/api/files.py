"""Files: uploading and downloading their contents, and the files of a record.

What is downloaded is never executed in our origin: it is saved and not shown, browsers are told not to guess
its type, and the policy puts it into a sandbox. Pictures may still stand in our own pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from urllib.parse import quote

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper

from fieldstone import records
from fieldstone.context import Context
from fieldstone.errors import NotFound
from fieldstone.fields.file import largest_for
from fieldstone.files import Content
from fieldstone.files.store import CHUNK
from fieldstone.records import Written
from fieldstone.records.attaching import ABOUT
from fieldstone.web.api.answers import json_bytes, written_record
from fieldstone.web.api.comments import require_activities
from fieldstone.web.api.reading import LIST_PARAMETERS, list_query, record_id, require_readable
from fieldstone.web.idempotency import HEADER, answer_once, sent_key
from fieldstone.web.parameters import Parameters
from fieldstone.web.problems import RangeNotSatisfiable
from fieldstone.web.request_context import current_context
from fieldstone.web.uploads import read_upload
from fieldstone_metadata.names import FILE

POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_FACTS = ("name", "media_type", "size", "checksum")
Make = Callable[[Context, Content], Written]


def install(api: Blueprint) -> None:
    """Add the routes."""
    api.post("/files")(upload_file)
    api.get("/files/<file>")(download_file)
    api.get("/data/<entity>/<record>/files")(list_files)
    api.post("/data/<entity>/<record>/files")(attach_file)


def upload_file() -> Response:
    """A new file of nothing yet, the caller's alone until it is put into a field or attached."""
    name = Parameters("name").text("name")
    context = current_context()
    records.require_upload(context)
    return _made(read_upload(context.database.files, name), records.upload)


def attach_file(entity: str, record: str) -> Response:
    """A new file attached to the record, or put into a field of it."""
    parameters = Parameters("name", "field")
    context, identity, field = current_context(), record_id(record), parameters.text("field")
    if field is None:
        about = require_activities(context, entity, identity, FILE)
        records.require_upload(context)
        content = read_upload(context.database.files, parameters.text("name"))
        return _made(content, partial(records.upload, regarding=about))
    held = records.field_of_files(context, entity, field)
    about = require_readable(context, entity, identity)
    content = read_upload(context.database.files, parameters.text("name"), largest_for(held.declaration))
    return _made(content, partial(records.upload_into, record=about, field=field))


def list_files(entity: str, record: str) -> Response:
    """The files of the record, attached or in its fields, newest first unless another order is asked for."""
    query = list_query(Parameters(*LIST_PARAMETERS))
    context, identity = current_context(), record_id(record)
    about = require_readable(context, entity, identity)
    if context.model.entities[entity] not in context.model.with_files:
        raise NotFound(f"A record of `{entity}` has no files.", code="unknown_collection")
    return json_bytes(records.list_json(context, FILE, replace(query, related=(ABOUT, about))))


def download_file(file: str) -> Response:
    """The content, whole or a range of it (RFC 9110, sections 13 and 14)."""
    Parameters()
    context, identity = current_context(), record_id(file)
    require_readable(context, FILE, identity)
    facts = records.get(context, FILE, identity, _FACTS)
    content = context.database.files.open(identity)
    response = Response(FileWrapper(content, CHUNK), mimetype=facts["media_type"], direct_passthrough=True)
    response.headers["Content-Disposition"] = _saved_as(facts["name"])
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "private, no-cache"
    response.content_length = facts["size"]
    response.set_etag(facts["checksum"])
    try:
        response.make_conditional(request, _one_range(), facts["size"])
    except RequestedRangeNotSatisfiable:
        content.close()
        message = f"The file has {facts['size']} bytes; that range is not in it."
        raise RangeNotSatisfiable(message, details={"size": facts["size"]}) from None
    return response


def _saved_as(name: str) -> str:
    """Have browsers save it under its name, and old ones under what ASCII leaves of it (RFC 6266)."""
    plain = re.sub(r"[^ !#-\[\]-~]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _one_range() -> bool:
    """Whether a range can be answered; of several, the whole is sent instead, as the standard allows."""
    return request.range is None or len(request.range.ranges) == 1


def _made(content: Content, make: Make) -> Response:
    """The answer about a new file; a repeated request with the same key and content makes no second one."""
    store = current_context().database.files

    def answer() -> Response:
        context = current_context()
        written = make(context, content)
        return written_record(context, FILE, written.id, written.version, created=True)

    if HEADER not in request.headers:
        return answer()
    try:
        mark = f"{content.received.checksum} {content.name}".encode()
        return answer_once(sent_key(), answer, mark)
    finally:
        store.discard(content.received)
