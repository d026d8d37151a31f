"""The documents of roles in force, to change and hand in."""

from __future__ import annotations

from fieldstone.access.grants import ADMIN
from fieldstone.context import Context
from fieldstone.errors import NotFound
from fieldstone.publication.store import load_layers
from fieldstone.records import require_others_view
from fieldstone_metadata.written_documents import written_document


def written_role(context: Context, name: str) -> str:
    """The whole document of a role as it is in force, as text.

    Raises:
        NotFound: there is no such role, or it is the built-in `admin`, of which nothing is written.
        Forbidden: the caller lacks the capability `explain`.
    """
    require_others_view(context)
    with context.database.read() as connection:
        layers = load_layers(connection, context.database.system, context.model.version)
    written = None if name == ADMIN else written_document(layers, "role", name)
    if written is None:
        raise NotFound(f"There is no role “{name[:80]}” to change.", code="unknown_role")
    return written
