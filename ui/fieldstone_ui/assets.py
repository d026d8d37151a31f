"""The built files: which hashed name stands for which, and how they are served."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask import Response, abort, request, send_from_directory, url_for
from markupsafe import Markup, escape

DIST = Path(__file__).parent / "static" / "dist"
A_YEAR = 365 * 24 * 3600
SPARE_ICON = "point"


@dataclass(frozen=True)
class Assets:
    """The manifest of one build: logical name → file, and the icons in the sprite."""

    files: dict[str, str]
    icons: frozenset[str]


class AssetsMissing(RuntimeError):
    """The pages were never built in this installation."""


@cache
def assets() -> Assets:
    """The manifest, read once per process. Raises AssetsMissing with what to do."""
    try:
        manifest: dict[str, Any] = json.loads((DIST / "manifest.json").read_text("utf-8"))
    except OSError as error:
        raise AssetsMissing("The pages are not built yet. Run: python ui/build_assets.py") from error
    return Assets(manifest["files"], frozenset(manifest["icons"]))


def asset_url(name: str) -> str:
    """The address of a built file, such as `asset_url("app.js")`."""
    return url_for("pages.asset", file=assets().files[name])


def icon(name: str, classes: str = "") -> Markup:
    """A Tabler icon from the sprite; one that is not in it shows as a dot, so that a typo hides nothing."""
    known = name if name in assets().icons else SPARE_ICON
    return Markup('<svg class="fs-i {}" aria-hidden="true"><use href="{}#{}"/></svg>').format(
        escape(classes), asset_url("icons.svg"), known
    )


def serve_asset(file: str) -> Response:
    """Serve a hashed file for a year, compressed where the browser takes it."""
    if file not in assets().files.values() and "woff2" not in file:
        abort(404)
    packed = DIST / f"{file}.gz"
    if not request.accept_encodings["gzip"] or not packed.is_file():
        return immutable(send_from_directory(DIST, file))
    response = send_from_directory(DIST, packed.name)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Type"] = content_type(file)
    return immutable(response)


def immutable(response: Response) -> Response:
    """Names carry a hash of their content, so they never change."""
    response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    response.headers["Vary"] = "Accept-Encoding"
    return response


def content_type(file: str) -> str:
    """The media type of a text file we built."""
    kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
    return f"{kinds[file.rsplit('.', 1)[-1]]}; charset=utf-8"
