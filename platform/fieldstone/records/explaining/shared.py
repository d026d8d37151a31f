"""What sharing adds to an explanation: who shared the record, when, and whether that still counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from fieldstone.access.decisions import Shared
from fieldstone.access.grants import OF_PARENT, access_by_roles
from fieldstone.access.sharing import SHARED_VERBS, Share, is_shareable
from fieldstone.context import Context
from fieldstone.records.caller_rights import received, sharer_may
from fieldstone.records.explaining.case import Case
from fieldstone.records.explaining.explanation import SHARED, ExplainedClause
from fieldstone.records.history import add_titles
from fieldstone.records.labels import text_of
from fieldstone.records.sharing import shareable_for

Names = Mapping[UUID, str]
_DOES = {"read": "read", "update": "read and change"}


NOT_SHAREABLE = "No role has `share` for it."


def may_be_shared(case: Case, context: Context) -> bool | None:
    """Whether the user of a context may share the record, at least for reading; None: it depends on it."""
    entity = case.entity.name
    if not is_shareable(context.model, entity):
        return False
    if case.judged is not None:
        return "read" in shareable_for(replace(case.judged, context=context))
    granted = access_by_roles(context.model, context.principal.access_key, entity)
    answers = {granted.share.constant, granted.read.constant}
    return False if False in answers else None if None in answers else True


def shared_clauses(case: Case, *, inside: bool) -> Iterator[ExplainedClause]:
    """A clause for each share of the record that the one in question may use for what is asked.

    inside: the question was about a record that lives inside the one of `case`.
    """
    verb = OF_PARENT.get(case.verb, case.verb) if inside else case.verb
    if verb not in SHARED_VERBS or not is_shareable(case.context.model, case.entity.name):
        return
    if case.judged is None:
        return
    judge, record = case.judged.stored, case.judged.items[0].old
    asked = Shared(case.entity.name, verb, None if inside else case.narrowed_to)
    shares = list(received(asked, judge, record))
    names = _names(case, shares)
    for share in shares:
        holds = sharer_may(asked, share, judge, record)
        yield ExplainedClause(None, None, SHARED, "", _words(case, share, names), holds)


def _words(case: Case, share: Share, names: Names) -> str:
    sharer, receiver = names.get(share.sharer, "a user"), _receiver(case, share, names)
    ends = "" if share.expires_at is None else f" until {share.expires_at.date().isoformat()}"
    return f"Shared by {sharer} with {receiver} on {share.at.date().isoformat()} to {_DOES[share.verb]}{ends}"


def _receiver(case: Case, share: Share, names: Names) -> str:
    if share.role is not None:
        role = case.context.model.roles.get(share.role)
        return share.role if role is None else text_of(role.label, case.context.principal.locale)
    kind = share.receiver_entity or "user"
    return names.get(share.receiver or share.sharer, f"a {kind}")


def _names(case: Case, shares: Sequence[Share]) -> Names:
    """What the users and teams are called whom the caller may see; a statement for each of the two."""
    people = [{"id": str(share.sharer), "entity": "user"} for share in shares]
    receivers = [(share.receiver, share.receiver_entity) for share in shares if share.receiver is not None]
    known = [*people, *({"id": str(id_), "entity": kind or "user"} for id_, kind in receivers)]
    add_titles(case.context, case.connection, known)
    return {UUID(one["id"]): str(one["title"]) for one in known if one["title"] is not None}
