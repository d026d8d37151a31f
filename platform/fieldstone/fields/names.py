"""Names of tables, columns, constraints and indexes that people can read and PostgreSQL can hold."""

from __future__ import annotations

from hashlib import sha256

LONGEST = 63
"""Bytes that PostgreSQL keeps of an identifier (`NAMEDATALEN` - 1)."""


def identifier(*parts: str) -> str:
    """The parts joined by two underscores; too long a name is cut and ends in a hash of the whole."""
    name = "__".join(parts)
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 9]}_{sha256(name.encode()).hexdigest()[:8]}"
