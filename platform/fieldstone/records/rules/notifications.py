"""Notifications that rules make: records of `core`, which the pages show to their recipient."""

from __future__ import annotations

from fieldstone.model.model import Entity
from fieldstone.records.rows import Values
from fieldstone_rules.types import Ref

ENTITY = "notification"
_LONGEST = 200
_NOTHING = "Notification"


def notification(
    entity: Entity, recipient: Ref, subject: str | None, about: Ref | None, body: str | None = None
) -> Values:
    """The values of a notification; a subject that is too long is shortened and stands in the body in full.

    entity: `notification`. about: the record that it is about, if that is still there.
    """
    words = " ".join((subject or _NOTHING).split())
    values: Values = {"subject": words, "recipient": recipient}
    told = [part for part in (subject if len(words) > _LONGEST else None, body) if part]
    if len(words) > _LONGEST:
        values["subject"] = words[: _LONGEST - 1] + "…"
    if told:
        values["body"] = "\n\n".join(told)
    if about is not None and "regarding" in entity.fields:
        values["regarding"] = about
    return values
