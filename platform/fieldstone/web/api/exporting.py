"""`GET …/export`: all records of a filter as a file, streamed."""

from __future__ import annotations

from flask import Blueprint, Response

from fieldstone.transfer import export, spreadsheet
from fieldstone.web.api.reading import list_query
from fieldstone.web.parameters import Parameters
from fieldstone.web.request_context import current_context

PARAMETERS = ("where", "q", "fields", "order", "view", "deleted")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = {"csv": "text/csv; charset=utf-8; header=present", "ndjson": "application/x-ndjson", "xlsx": XLSX}
WRITERS = {"csv": export.as_csv, "ndjson": export.ndjson, "xlsx": spreadsheet.as_xlsx}


def install(api: Blueprint) -> None:
    """Add the route."""
    api.get("/data/<entity>/export")(export_records)


def export_records(entity: str) -> Response:
    """The records that the caller may read, as CSV (the usual), NDJSON or XLSX."""
    parameters = Parameters("format", *PARAMETERS)
    kind = parameters.choice("format", tuple(WRITERS))
    return attachment(WRITERS[kind](current_context(), entity, list_query(parameters)), entity, kind)


def attachment(body: object, name: str, kind: str) -> Response:
    """A file that a browser saves. body: parts of bytes."""
    response = Response(body, content_type=TYPES[kind])  # type: ignore[arg-type]  # an iterator of bytes
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
