"""The web application: REST API, OpenAPI, sessions, security headers; pages are added by plugins."""

from fieldstone.web.docs_page import use_assets
from fieldstone.web.failures import use_error_page
from fieldstone.web.problems import TooManyRequests
from fieldstone.web.request_context import current_context
from fieldstone.web.security import csp_nonce
from fieldstone.web.sessions import log_in, log_out

__all__ = [
    "TooManyRequests",
    "csp_nonce",
    "current_context",
    "log_in",
    "log_out",
    "use_assets",
    "use_error_page",
]
