"""The person whom a question about rights names: picked from a list, or called by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from fieldstone_ui import data

USER = "user"


@dataclass(frozen=True)
class Person:
    """Somebody else than the reader."""

    id: UUID
    name: str

    @property
    def token(self) -> str:
        """As a combobox sends it."""
        return f"{USER}:{self.id}"


def asked_person(sent: Mapping[str, str]) -> Person | None:
    """Whom `user` names: a token with the name that was picked with it, or another name typed over that.

    None for the reader, and where nobody is named. Raises ValueError with a sentence.
    """
    token, typed = sent.get("user", ""), sent.get("user.text", "").strip()
    if "user.text" in sent and typed != sent.get("user.was", "").strip():
        token = _called(typed)
    found = data.described(token) if token.startswith(f"{USER}:") else None
    if found is None or UUID(found["id"]) == data.context().principal.user:
        return None
    return Person(UUID(found["id"]), str(found["title"] or ""))


def _called(name: str) -> str:
    """The token of the one person of this name; empty for no name. Raises ValueError."""
    if not name:
        return ""
    found = data.by_title(USER, name)
    if len(found) != 1:
        several = f"Several people are called “{name}”. Pick one from the list."
        raise ValueError(several if found else f"Nobody is called “{name}”. Pick one from the list.")
    return f"{USER}:{found[0]['id']}"
