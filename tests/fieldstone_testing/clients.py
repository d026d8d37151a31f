"""Calls of the API inside the test process, as a user with a token."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

PREFIX = "/api/v1"


class ApiClient:
    """Flask's test client with a bearer token; paths are relative to `/api/v1`."""

    def __init__(self, app: Flask, token: str | None) -> None:
        self._client = app.test_client()
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **options: Any) -> TestResponse:
        """GET `path`; options as those of Flask's test client (`query_string`, `headers`)."""
        return self._open("GET", path, options)

    def post(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        """POST a JSON value to `path`."""
        return self._open("POST", path, {"json": json, **options})

    def patch(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        """PATCH `path` with a JSON value."""
        return self._open("PATCH", path, {"json": json, **options})

    def put(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        """PUT a JSON value to `path`."""
        return self._open("PUT", path, {"json": json, **options})

    def delete(self, path: str, **options: Any) -> TestResponse:
        """DELETE `path`."""
        return self._open("DELETE", path, options)

    def send(self, method: str, path: str, **options: Any) -> TestResponse:
        """Any method; options as those of Flask's test client."""
        return self._open(method, path, options)

    def _open(self, method: str, path: str, options: dict[str, Any]) -> TestResponse:
        headers = {**self._headers, **options.pop("headers", {})}
        return self._client.open(f"{PREFIX}{path}", method=method, headers=headers, **options)
