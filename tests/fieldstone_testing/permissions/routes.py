"""Which routes of the API the oracle asks, and why others can show no record that it does not know of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flask import Flask

from fieldstone_testing.clients import PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Route = tuple[str, str]
"""A method, and a path with the names of its parts in braces."""

READING_POSTS = ("query", "explain", "search")
"""The last parts of the paths of those POST calls that only read."""

WITHOUT_RECORDS = {
    "/me": "tells of the caller alone: name, language and roles",
    "/approvals": "no workflow of the oracle's application asks for approvals",
    "/metadata/draft": "tells of documents, never of records, and takes the capability `publish`",
    "/metadata/documents": "tells of documents, never of records, and takes the capability `publish`",
    "/metadata/documents/{layer}/{path}": "as above",
    "/metadata/elements": "as above",
    "/metadata/export": "as above",
    "/metadata/versions": "as above",
    "/metadata/versions/{version}": "as above",
}
"""Path → why the oracle does not ask it."""

_GENERAL = (
    (re.compile(r"^/data/[a-z_]+"), "/data/{entity}"),
    (re.compile(r"/related/[a-z_]+"), "/related/{inverse}"),
)


@contextmanager
def noted(web: Flask) -> Iterator[set[Route]]:
    """The methods and paths of all calls of the API in the meantime, as they are sent."""
    found: set[Route] = set()
    answering = web.wsgi_app

    def noting(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(PREFIX):
            found.add((environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix(PREFIX)))
        return answering(environ, start_response)

    # Some reads are answered before Flask sees them, so its signals tell not of all.
    web.wsgi_app = noting  # type: ignore[method-assign]  # the way that Flask documents for middleware
    try:
        yield found
    finally:
        web.wsgi_app = answering  # type: ignore[method-assign]  # as above


def readable(document: Mapping[str, Any]) -> set[Route]:
    """The routes in an OpenAPI document that read: every GET, and what is searched by POST."""
    return {
        (method.upper(), general(path))
        for path, item in document["paths"].items()
        for method in item
        if method == "get" or (method == "post" and path.rpartition("/")[2] in READING_POSTS)
    }


def general(path: str) -> str:
    """A path of an OpenAPI document, the same for all entities and collections."""
    found = path.removeprefix(PREFIX)
    for pattern, text in _GENERAL:
        found = pattern.sub(text, found)
    return found


def unasked(document: Mapping[str, Any], asked: set[Route]) -> set[Route]:
    """The routes that read of which none of the calls was one, but for those that show no records."""
    sent = {(method, general(path)) for method, path in asked}
    return {
        (method, path)
        for method, path in readable(document)
        if path not in WITHOUT_RECORDS
        and not any(method == one and pattern_of(path).fullmatch(there) for one, there in sent)
    }


def pattern_of(path: str) -> re.Pattern[str]:
    """What fits a path with names in braces, or these names themselves."""
    parts = re.split(r"(\{\w+\})", path)
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts))
