"""Security headers of every answer, in one place, and the nonce that a page's style elements carry."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from flask import request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Headers = list[tuple[str, str]]
NONCE = "fieldstone.csp_nonce"
POLICY_HEADER = "Content-Security-Policy"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{nonce}; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
FIXED: Headers = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
]
WITHOUT_NONCE = [*FIXED, (POLICY_HEADER, POLICY.format(nonce=""))]
NOT_CACHED = ("Cache-Control", "private, no-cache")
USUAL = [*WITHOUT_NONCE, NOT_CACHED]


def csp_nonce() -> str:
    """The nonce of this answer's content security policy; made when a template first asks for it."""
    nonce: str = request.environ.setdefault(NONCE, secrets.token_urlsafe(16))
    return nonce


def headers_for(environ: WSGIEnvironment, sent: Headers) -> Headers:
    """What to add to an answer that has the headers `sent`; others never cache what a user may see.

    An answer with a policy of its own, stricter than that of pages, says itself how it may be cached.
    """
    names = {name for name, _ in sent}
    if POLICY_HEADER in names:
        return FIXED
    nonce = environ.get(NONCE)
    if nonce is None:
        return WITHOUT_NONCE if "Cache-Control" in names else USUAL
    found = [*FIXED, (POLICY_HEADER, _policy(nonce))]
    return found if "Cache-Control" in names else [*found, NOT_CACHED]


def _policy(nonce: str) -> str:
    return POLICY.format(nonce=f" 'nonce-{nonce}'")
