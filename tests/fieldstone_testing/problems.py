"""The one place that says what an error of the API looks like."""

from typing import Any

from werkzeug.test import TestResponse

MEMBERS = {"type", "title", "status", "code", "detail", "errors"}
ENTRY = {"field", "code", "message", "line", "column"}


def assert_problem(answer: TestResponse, status: int, code: str | None = None) -> dict[str, Any]:
    """The members of `answer`, checked to be a complete RFC 9457 problem with this status and code."""
    assert answer.status_code == status, (answer.status_code, answer.get_data(as_text=True)[:2000])
    assert answer.mimetype == "application/problem+json"
    told: dict[str, Any] = answer.get_json(force=True)
    assert told.keys() >= MEMBERS, told
    assert told["status"] == status
    assert told["type"] == f"urn:fieldstone:problem:{told['code']}"
    assert told["title"]
    assert told["detail"]
    assert all(entry.keys() == ENTRY for entry in told["errors"]), told["errors"]
    assert code is None or told["code"] == code, told
    return told
