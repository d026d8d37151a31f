"""People who use pages without a script: forms and links, as a plain browser sends them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from fieldstone_testing.apps import PASSWORD, address

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
TAGS = re.compile(r"<(script|style|template)\b.*?</\1>|<[^>]+>", re.DOTALL)


class Visitor:
    """One browser without a script, with its cookies."""

    def __init__(self, web: Flask) -> None:
        self.client = web.test_client()

    def get(self, path: str, **headers: str) -> TestResponse:
        """A page; redirects are followed."""
        return self.client.get(path, follow_redirects=True, headers=headers)

    def post(
        self, path: str, form: Mapping[str, Any], *, token: str | None = None, **headers: str
    ) -> TestResponse:
        """Send a form with this visitor's token, or another one; redirects are followed."""
        sent = {**form, "csrf_token": self.token() if token is None else token}
        return self.client.post(path, data=sent, follow_redirects=True, headers=headers)

    def token(self) -> str:
        """The token of this visitor's session."""
        return str(self.client.get("/session").json["csrf_token"])

    def log_in(self, name: str, password: str = PASSWORD, **fields: str) -> TestResponse:
        """Log in as a test user."""
        return self.post("/login", {"email": address(name), "password": password, **fields})


def words(response: TestResponse) -> str:
    """What a page says, without markup, on one line."""
    return " ".join(unescape(TAGS.sub(" ", response.text)).split())
