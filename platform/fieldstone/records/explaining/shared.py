"""What sharing adds to an explanation: who shared the record, when, and whether that still counts."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from fieldstone.access.decisions import Shared
from fieldstone.access.grants import OF_PARENT
from fieldstone.access.sharing import SHARED_VERBS, Share, is_shareable
from fieldstone.records import rows
from fieldstone.records.caller_rights import CallerRights, received, sharer_may
from fieldstone.records.environment import evaluator
from fieldstone.records.explaining.case import Case
from fieldstone.records.explaining.explanation import SHARED, ExplainedClause
from fieldstone.records.labels import text_of
from fieldstone.records.rows import TITLE

_DOES = {"read": "read", "update": "read and change"}


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
    for share in received(asked, judge, record):
        holds = sharer_may(asked, share, judge, record)
        yield ExplainedClause(None, None, SHARED, "", _words(case, share), holds)


def _words(case: Case, share: Share) -> str:
    sharer, receiver = _name(case, "user", share.sharer), _receiver(case, share)
    ends = "" if share.expires_at is None else f" until {share.expires_at.date().isoformat()}"
    return f"Shared by {sharer} with {receiver} on {share.at.date().isoformat()} to {_DOES[share.verb]}{ends}"


def _receiver(case: Case, share: Share) -> str:
    if share.role is not None:
        role = case.context.model.roles.get(share.role)
        return share.role if role is None else text_of(role.label, case.context.principal.locale)
    return _name(case, share.receiver_entity or "user", share.receiver or share.sharer)


def _name(case: Case, kind: str, id_: UUID) -> str:
    """What a user or team is called, if the caller may see it."""
    entity = case.context.model.entities[kind]
    record = rows.load(case.connection, case.context.model, entity, [id_]).get(id_)
    judge = evaluator(case.context, case.connection, [record or {}])
    seen = record is not None and CallerRights(case.context, entity).may("read", judge, record)
    return str(record[TITLE]) if record is not None and seen else f"a {kind}"
