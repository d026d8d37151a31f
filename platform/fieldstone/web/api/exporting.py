"""`GET …/export`: all records of a filter as a file."""

from __future__ import annotations

import os
from typing import IO

from flask import Blueprint, Response

from fieldstone.transfer import export, spreadsheet
from fieldstone.transfer.finished import parts
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


def attachment(file: IO[bytes], name: str, kind: str) -> Response:
    """A file that a browser saves; it is closed when it has been sent."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    response = Response(parts(file), content_type=TYPES[kind])
    response.call_on_close(file.close)
    response.content_length = size
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
