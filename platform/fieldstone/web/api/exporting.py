"""`GET …/export`: all records of a filter as a file, streamed."""

from __future__ import annotations

from flask import Blueprint, Response

from fieldstone.transfer import export
from fieldstone.web.api.reading import list_query
from fieldstone.web.parameters import Parameters, refuse
from fieldstone.web.request_context import current_context

FORMATS = ("csv", "ndjson", "xlsx")
PARAMETERS = ("where", "q", "fields", "order", "view", "deleted")
TYPES = {"csv": "text/csv; charset=utf-8; header=present", "ndjson": "application/x-ndjson"}


def install(api: Blueprint) -> None:
    """Add the route."""
    api.get("/data/<entity>/export")(export_records)


def export_records(entity: str) -> Response:
    """The records that the caller may read, as CSV (the usual) or NDJSON."""
    parameters = Parameters("format", *PARAMETERS)
    kind = parameters.choice("format", FORMATS)
    if kind == "xlsx":
        refuse("format", "Export as XLSX is not supported yet; take csv or ndjson.", "not_supported_yet")
    write = export.as_csv if kind == "csv" else export.ndjson
    return attachment(write(current_context(), entity, list_query(parameters)), entity, kind)


def attachment(body: object, name: str, kind: str) -> Response:
    """A file that a browser saves. body: parts of bytes."""
    response = Response(body, content_type=TYPES[kind])  # type: ignore[arg-type]  # an iterator of bytes
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
