"""Notifications that rules make: records of `core`, which the pages show to their recipient."""

from __future__ import annotations

from fieldstone.model.model import Entity
from fieldstone.records.rows import Values
from fieldstone_rules.types import Ref

ENTITY = "notification"
_LONGEST = 200
_NOTHING = "Notification"


def notification(entity: Entity, recipient: Ref, text: str | None, about: Ref | None) -> Values:
    """The values of a notification; a long text is shortened in its subject and stands in its body in full.

    entity: `notification`. about: the record that it is about, if that is still there.
    """
    words = " ".join((text or _NOTHING).split())
    values: Values = {"subject": words, "recipient": recipient}
    if len(words) > _LONGEST:
        values |= {"subject": words[: _LONGEST - 1] + "…", "body": text}
    if about is not None and "regarding" in entity.fields:
        values["regarding"] = about
    return values
