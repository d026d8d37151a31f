"""Versions of records in HTTP: `ETag` and `If-Match` (RFC 9110, section 13)."""

from __future__ import annotations

import re

from flask import request

from fieldstone.errors import Malformed

ENTITY_TAG = re.compile(r'^(?:W/)?"?([0-9]{1,9})"?$')


def etag(version: int) -> str:
    """The entity tag of a record's version."""
    return f'"{version}"'


def expected_version() -> int | None:
    """The version that `If-Match` names; None when it is absent or `*`. Raises `Malformed`."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    match = ENTITY_TAG.match(header.strip())
    if match is None:
        raise Malformed(
            'If-Match is the ETag of the record as you read it, such as "3".', code="bad_if_match"
        )
    return int(match[1])
