"""Who may see and change what is declared."""

from __future__ import annotations

from fieldstone.context import Context, Principal
from fieldstone.errors import Forbidden
from fieldstone.web.request_context import current_context

CAPABILITY = "publish"


def publisher() -> Context:
    """The context of a caller with the capability `publish` and a token that is not narrowed.

    Raises Forbidden.
    """
    context = current_context()
    reason = refusal_to_publish(context.principal)
    if reason is not None:
        raise Forbidden(reason, details={"reason": reason})
    return context


def refusal_to_publish(principal: Principal) -> str | None:
    """Why somebody may not see and change what is declared; None if they may."""
    if CAPABILITY not in principal.capabilities:
        return "You may not see or change what is declared: that needs the capability `publish`."
    limits = principal.limits
    if limits is not None and (limits.entities is not None or limits.verbs is not None):
        return "This token is narrowed to some entities or verbs; what is declared concerns all."
    return None
