"""Sharing single records: with a user, a team and those below it, or a role, for reading or updating."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.decisions import Shared
from fieldstone.access.grants import access_by_roles
from fieldstone.access.sharing import SHARED_VERBS, Share, is_shareable
from fieldstone.access.stored_shares import shares_of
from fieldstone.access.system_user import system_principal
from fieldstone.context import Context, Principal
from fieldstone.errors import FieldError, Forbidden, Invalid, NotFound
from fieldstone.records import loading, rows
from fieldstone.records.batch import Batch, Item, find_entity
from fieldstone.records.caller_rights import CallerRights, allows, sharer_may
from fieldstone.records.environment import evaluator
from fieldstone.records.history import add_titles, instant
from fieldstone.records.ids import new_ids
from fieldstone.records.journal import SHARE, UNSHARE, Entry, journal
from fieldstone.records.labels import entity_label, text_of
from fieldstone.records.peeking import peek
from fieldstone.records.reasons import needed
from fieldstone.records.rows import TITLE, Lock
from fieldstone.records.writing import write
from fieldstone_rules.types import Ref

_DOES = {"read": "read", "update": "read and change"}


@dataclass(frozen=True)
class Sharing:
    """What somebody wants to share: with a user or team, or with the holders of a role.

    verb: "read" or "update", which includes reading. expires_at: when it ends, None for never.
    """

    receiver: Ref | None
    role: str | None
    verb: str = "read"
    expires_at: datetime | None = None


def shares(context: Context, entity: str, id_: UUID) -> list[dict[str, Any]]:
    """With whom a record is shared now, the oldest first, for whoever may read the record.

    Each has `id`, `with` (a reference, or the role's name and title), `verb`, `shared_by`, `shared_at`,
    `expires_at`, and `in_force`: whether the one who shared it may still do as much. Raises NotFound if there
    is no such record for the caller.
    """
    found = find_entity(context, entity)
    with context.database.read() as connection:
        batch = peek(context, connection, found, id_)
        live = [share for share in batch.related.shares(entity, id_) if share.serves("read", context.now)]
        told = [_told(batch, share) for share in live]
        people = [part for one in told for part in (one["with"], one["shared_by"]) if "entity" in part]
        add_titles(context, connection, people)
    return told


def may_share(context: Context, entity: str, id_: UUID) -> tuple[str, ...]:
    """What the caller may share a record for: some of "read" and "update". Raises NotFound as `shares`."""
    found = find_entity(context, entity)
    if not is_shareable(context.model, entity):
        return ()
    with context.database.read() as connection:
        return shareable_for(peek(context, connection, found, id_))


def shareable_for(batch: Batch) -> tuple[str, ...]:
    """The same for the one loaded record of a batch."""
    return tuple(verb for verb in SHARED_VERBS if _may_share(batch, verb))


def share(context: Context, entity: str, id_: UUID, wanted: Sharing) -> tuple[UUID, bool]:
    """Share a record; sharing it once more with the same receiver replaces what the caller shared before.

    Gives the id of the share, and whether it is a new one.

    Raises:
        NotFound: there is no such record for the caller.
        Forbidden: the caller may not share it, or may not do himself what it is shared for.
        Invalid: the receiver does not exist, or the verb or the end make no sense.
    """

    def work(connection: sa.Connection) -> tuple[UUID, bool]:
        batch = _loaded(context, connection, entity, id_)
        _require_sharing(batch, wanted.verb)
        name = _checked(batch, wanted)
        return _store(batch, wanted, name)

    return context.database.run_write(context.model.version, work)


def unshare(context: Context, entity: str, id_: UUID, share_id: UUID) -> None:
    """Take a share back: the caller's own, or, for whoever may share the record, anybody's.

    Raises:
        NotFound: there is no such record or share for the caller.
        Forbidden: somebody else shared it, and the caller may not share the record.
    """

    def work(connection: sa.Connection) -> None:
        batch = _loaded(context, connection, entity, id_)
        known = [one for one in batch.related.shares(entity, id_) if one.serves("read", context.now)]
        found = next((one for one in known if one.id == share_id), None)
        if found is None:
            raise NotFound(f"The record was not shared as {share_id}.", code="unknown_share")
        if found.sharer != context.principal.user:
            _require_sharing(batch, "read")
        table = context.database.system.share
        # The feed tells by the ended share who has lost sight of the record.
        connection.execute(sa.update(table).where(table.c.id == share_id).values(ended_at=context.now))
        name = _name_of(batch, found.receiver, found.role) or "Somebody"
        _remember(batch, UNSHARE, f"No longer shared with {name}")

    context.database.run_write(context.model.version, work)


def store(batch: Batch, wanted: Sharing) -> None:
    """Share the one loaded record of a batch in the name and with the rights of its context.

    Raises as `share`.
    """
    _require_sharing(batch, wanted.verb)
    _store(batch, wanted, _checked(batch, wanted))


def _loaded(context: Context, connection: sa.Connection, entity: str, id_: UUID) -> Batch:
    batch = Batch(context, connection, find_entity(context, entity), [Item(0, id_)])
    loading.load(batch, [None], Lock.CHANGED)
    return batch


def _may_share(batch: Batch, verb: str) -> bool:
    """Whether roles of the caller, and not only what was shared with him, let him share the record."""
    context, record = batch.context, batch.items[0].old
    if not is_shareable(context.model, batch.entity.name):
        return False
    granted = access_by_roles(context.model, context.principal.access_key, batch.entity.name)
    decisions = [granted.share, granted.read, *([granted.update] if verb == "update" else [])]
    return all(allows(decision, batch.stored, record) for decision in decisions)


def _require_sharing(batch: Batch, verb: str) -> None:
    if _may_share(batch, verb):
        return
    kind = entity_label(batch.entity, batch.context.principal.locale)
    if verb == "update" and _may_share(batch, "read"):
        reason = needed(batch.context, batch.entity, "update")
        message = f"You may not share this {kind} for changing, because you may not change it. {reason}"
    elif not is_shareable(batch.model, batch.entity.name):
        reason = "No role has `share` for it."
        message = f"A {kind} cannot be shared. {reason}"
    else:
        reason = needed(batch.context, batch.entity, "share")
        message = f"You may not share this {kind}. {reason}"
    raise Forbidden(message, details={"reason": reason})


def _checked(batch: Batch, wanted: Sharing) -> str:
    """What the receiver is called. Raises Invalid for what cannot be shared like this."""
    if wanted.verb not in SHARED_VERBS:
        raise _refused("verb", "unknown_verb", "A record is shared for `read` or `update`.")
    if wanted.expires_at is not None and wanted.expires_at <= batch.context.now:
        raise _refused("expires_at", "in_the_past", "The end lies in the past.")
    if wanted.receiver == batch.actor and batch.context.acting is None:
        raise _refused("with", "yourself", "You cannot share a record with yourself.")
    name = _name_of(batch, None if wanted.receiver is None else wanted.receiver.id, wanted.role)
    if name is None:
        raise _refused("with", "unknown_receiver", "There is no such active user, team or role.")
    return name


def _name_of(batch: Batch, receiver: UUID | None, role: str | None) -> str | None:
    """What a role, or an active user or live team, is called for those who read the history; None if it is
    not there. Whom the caller may not see is nobody in particular.
    """
    if receiver is None:
        found = None if role is None else batch.model.roles.get(role)
        return None if found is None else text_of(found.label, batch.context.principal.locale) or role
    for name in ("user", "team"):
        entity = batch.model.entities[name]
        record = rows.load(batch.connection, batch.model, entity, [receiver]).get(receiver)
        if record is not None and record["deleted_at"] is None and record.get("active") is not False:
            judge = evaluator(batch.context, batch.connection, [record])
            seen = CallerRights(batch.context, entity).may("read", judge, record)
            return str(record[TITLE]) if seen else f"a {name}"
    return None


def _store(batch: Batch, wanted: Sharing, name: str) -> tuple[UUID, bool]:
    table = batch.context.database.system.share
    same = _same(batch, wanted)
    values = _columns(batch, wanted)
    if same is None:
        (id_,) = new_ids(1)
        batch.connection.execute(sa.insert(table).values(values | {"id": id_}))
    else:
        id_ = same.id
        batch.connection.execute(sa.insert(table).values(_ended(same, batch.context.now)))
        batch.connection.execute(sa.update(table).where(table.c.id == id_).values(values))
    until = "" if wanted.expires_at is None else f" until {instant(batch.entity, wanted.expires_at)}"
    _remember(batch, SHARE, f"Shared with {name} to {_DOES[wanted.verb]}{until}")
    return id_, same is None


def _same(batch: Batch, wanted: Sharing) -> Share | None:
    """What the caller shared with the same receiver before."""
    record = batch.items[0].id
    known = shares_of(batch.connection, batch.model, batch.entity.name, [record])[record]
    receiver = None if wanted.receiver is None else wanted.receiver.id
    asked = (_sharer(batch).user, receiver, wanted.role)
    live = (one for one in known if one.serves("read", batch.context.now))
    return next((one for one in live if (one.sharer, one.receiver, one.role) == asked), None)


def _ended(share: Share, now: datetime) -> dict[str, Any]:
    """What is kept of a share that is replaced by another one."""
    (id_,) = new_ids(1)
    return asdict(share) | {"id": id_, "ended_at": now}


def _sharer(batch: Batch) -> Principal:
    """Who answers for a share: what a rule shares with the rights of the system stays with the system."""
    context = batch.context
    return context.principal if context.acting is None else system_principal(context.model)


def _columns(batch: Batch, wanted: Sharing) -> dict[str, Any]:
    principal = _sharer(batch)
    return {
        "entity": batch.entity.name,
        "record": batch.items[0].id,
        "verb": wanted.verb,
        "receiver": None if wanted.receiver is None else wanted.receiver.id,
        "receiver_entity": None if wanted.receiver is None else wanted.receiver.entity,
        "role": wanted.role,
        "sharer": principal.user,
        "sharer_roles": sorted(principal.roles),
        "sharer_teams": list(principal.teams),
        "at": batch.context.now,
        "expires_at": wanted.expires_at,
    }


def _remember(batch: Batch, action: str, note: str) -> None:
    """Have the history and the outbox tell it."""
    item = batch.items[0]
    entry = Entry(batch.entity.name, item.id, item.old["version"], action, {}, note=note)
    write(batch.connection, batch.model, [journal(batch.context, [entry])])


def _told(batch: Batch, one: Share) -> dict[str, Any]:
    asked = Shared(one.entity, one.verb)
    return {
        "id": str(one.id),
        "with": _receiver(batch, one),
        "verb": one.verb,
        "shared_by": {"id": str(one.sharer), "entity": "user"},
        "shared_at": instant(batch.entity, one.at),
        "expires_at": None if one.expires_at is None else instant(batch.entity, one.expires_at),
        "in_force": sharer_may(asked, one, batch.stored, batch.items[0].old),
    }


def _receiver(batch: Batch, one: Share) -> dict[str, Any]:
    if one.role is not None:
        role = batch.model.roles.get(one.role)
        label = None if role is None else text_of(role.label, batch.context.principal.locale)
        return {"role": one.role, "title": label or one.role}
    return {"id": str(one.receiver), "entity": one.receiver_entity}


def _refused(name: str, code: str, message: str) -> Invalid:
    return Invalid(message, code=code, errors=[FieldError(name, code, message)])
