"""Security headers of every answer, in one place, and the nonce that a page's style elements carry."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{nonce}; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
FIXED_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
)
_WITHOUT_NONCE = PAGE_POLICY.format(nonce="")


def install(app: Flask) -> None:
    """Make `app` send the headers and offer `csp_nonce()` to its templates."""
    app.after_request(add_headers)
    app.jinja_env.globals["csp_nonce"] = csp_nonce


def csp_nonce() -> str:
    """The nonce of this answer's content security policy; made when first asked for."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def add_headers(response: Response) -> Response:
    """Add the policy and the fixed headers; what a page may show of a user is never cached by others."""
    response.headers.extend(FIXED_HEADERS)
    response.headers["Content-Security-Policy"] = content_security_policy()
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "private, no-cache"
    return response


def content_security_policy() -> str:
    """The strict policy of dependencies.md, with the nonce if a template asked for one."""
    nonce = g.get("csp_nonce")
    return PAGE_POLICY.format(nonce=f" 'nonce-{nonce}'") if nonce else _WITHOUT_NONCE
