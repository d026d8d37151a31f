"""Who may do what: the specification of permissions, in plain Python over the world as it is.

1. What no role grants is denied. A user's grants are those of all roles held, directly, through teams or by
   inheritance: any of them is enough. Unknown is no grant.
2. What any of the roles denies is denied, whatever is granted or shared. Unknown denies.
3. A role's `fields` narrow that role's grant only: a field may be read where one role grants both.
4. Personal data needs the capability `private_data`, for reading and for writing.
5. A share opens a record as far as the roles of its sharer grant it at this moment; what the receiver's
   roles say of fields holds for it too.
6. What lives inside a record is read with it and changed with it; roles only narrow its fields.
7. A token only narrows: to entities, and to verbs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fieldstone_testing.permissions.conditions import FALSE, TRUE, Condition
from fieldstone_testing.permissions.documents import AROUND, PRIVATE
from fieldstone_testing.permissions.worlds import Grant, Limits, Narrowing, Person, Record, Role, Share, State

INSIDE = {"read": "read", "create": "update", "update": "update", "delete": "update", "begin": "create"}
"""What may be done with a line or part, for what may be done with its deal; `begin`: it comes with that."""


def may(state: State, who: Person, verb: str, record: Record) -> bool:
    """Whether somebody may `read`, `create`, `update` or `delete` a record."""
    if record["entity"] in AROUND:
        deal = state.outermost(record)
        return deal is not None and may(state, who, INSIDE[verb], deal)
    if not token_leaves(who, verb, record["entity"]) or denied(state, who, verb, record):
        return False
    return granted(state, who, verb, record) or any(True for _ in usable_shares(state, who, verb, record))


def may_read(state: State, who: Person, record: Record) -> bool:
    """Whether somebody may read a record, be it in the recycle bin."""
    return may(state, who, "read", record)


def may_field(state: State, who: Person, verb: str, record: Record, name: str) -> bool:
    """Whether somebody who may do it to the record may `read`, `create` or `update` this field of it."""
    if name in PRIVATE.get(record["entity"], ()) and "private_data" not in who.capabilities:
        return False
    if name in {"owner", "team", "created_by"} and verb == "read":
        return True
    if any(gives(state, who, role, verb, record, name) for role in state.held(who.roles)):
        return True
    return any(
        narrowed_to_true(state, who, narrowing, verb, record)
        for narrowing in receiving(state, who, record, name)
        for _ in usable_shares(state, who, verb, record, name)
    )


def may_assign(state: State, who: Person, record: Record) -> bool:
    """Whether somebody may give a record another owner or team."""
    leaves = token_leaves(who, "update", record["entity"])
    return leaves and granted(state, who, "assign", record)


def may_share(state: State, who: Person, record: Record, verb: str) -> bool:
    """Whether somebody may share a record for reading or updating: never beyond what their roles let them."""
    own = all(
        not denied(state, who, need, record) and granted(state, who, need, record)
        for need in {"read", "share", verb}
    )
    return own and all(token_leaves(who, need, record["entity"]) for need in ("read", "update"))


# -- grants and denials


def grants(state: State, who: Person, entity: str) -> Iterator[tuple[Role, Grant]]:
    """What each role of somebody says of an entity."""
    for role in state.held(who.roles):
        if entity in role.grants:
            yield role, role.grants[entity]


def granted(state: State, who: Person, verb: str, record: Record) -> bool:
    """Whether a role grants it."""
    found = grants(state, who, record["entity"])
    return any(condition_of(grant, verb).holds(state, record, who) is True for _, grant in found)


def denied(state: State, who: Person, verb: str, record: Record) -> bool:
    """Whether a role denies it; what is unknown is denied."""
    found = grants(state, who, record["entity"])
    return any(
        verb in grant.deny and grant.deny[verb].holds(state, record, who) is not False for _, grant in found
    )


def condition_of(grant: Grant, verb: str) -> Condition:
    """When a role grants a verb."""
    condition: Condition = getattr(grant, verb)
    return condition


def token_leaves(who: Person, verb: str, entity: str) -> bool:
    """Whether the token in use leaves a verb on an entity."""
    entities, verbs = who.limits.entities, who.limits.verbs
    return (entities is None or entity in entities) and (verbs is None or verb in verbs)


# -- fields


def gives(  # noqa: PLR0917  # the words of the question
    state: State, who: Person, role: Role, verb: str, record: Record, name: str
) -> bool:
    """Whether one role grants both a record and this field of it."""
    narrowing = narrowing_of(role, record["entity"], name)
    return grants_record(state, who, role, verb, record) and narrowed_to_true(
        state, who, narrowing, verb, record
    )


def grants_record(state: State, who: Person, role: Role, verb: str, record: Record) -> bool:
    """Whether a role grants a record; of a line, the deal that it lives in."""
    if record["entity"] in AROUND:
        deal = state.outermost(record)
        return deal is not None and grants_record(state, who, role, INSIDE[verb], deal)
    grant = role.grants.get(record["entity"])
    leaves = token_leaves(who, verb, record["entity"])
    return leaves and grant is not None and condition_of(grant, verb).holds(state, record, who) is True


def narrowing_of(role: Role, entity: str, name: str) -> Narrowing:
    """How a role narrows a field."""
    grant = role.grants.get(entity)
    return Narrowing() if grant is None else grant.fields.get(name, Narrowing())


def narrowed_to_true(state: State, who: Person, narrowing: Narrowing, verb: str, record: Record) -> bool:
    """Whether what narrows a field lets it through."""
    condition = narrowing.read if verb == "read" else narrowing.update
    return condition is None or condition.holds(state, record, who) is True


def receiving(state: State, who: Person, record: Record, name: str) -> list[Narrowing]:
    """How the roles of the receiver narrow a field of a shared record; without any, nothing does."""
    entity = record["entity"]
    around = "deal" if entity in AROUND else entity
    found = [narrowing_of(role, entity, name) for role, _ in grants(state, who, around)]
    return found or [Narrowing()]


# -- shares


def usable_shares(
    state: State, who: Person, verb: str, record: Record, name: str | None = None
) -> Iterator[Share]:
    """The shares that let somebody do it: given for as much, by somebody who may do as much themselves.

    name: to this field. Creating and deleting are never shared.
    """
    deal = state.outermost(record)
    asked = INSIDE[verb] if record["entity"] in AROUND else verb
    if deal is None or asked not in {"read", "update"} or not token_leaves(who, asked, deal["entity"]):
        return
    for share in state.shares:
        serves = share.verb in {asked, "update"} and share.receiver in who.receives
        if serves and share.record == deal["name"] and sharer_may(state, share, asked, record, name):
            yield share


def sharer_may(state: State, share: Share, verb: str, record: Record, name: str | None) -> bool:
    """Whether the roles of the one who shared a record let them do as much now; their token does not count.

    Inside the record they only show and set the fields that a role of theirs does not narrow at all.
    """
    sharer = unlimited(state.person(share.sharer))
    deal = state.records[share.record]
    if denied(state, sharer, verb, deal):
        return False
    if name in PRIVATE.get(record["entity"], ()) and "private_data" not in sharer.capabilities:
        return False
    for role in state.held(sharer.roles):
        narrowing = Narrowing() if name is None else narrowing_of(role, record["entity"], name)
        if record["entity"] in AROUND:
            condition = narrowing.read if verb == "read" else narrowing.update
            free = condition is None or condition.text == TRUE.text
        else:
            free = narrowed_to_true(state, sharer, narrowing, verb, record)
        if free and grants_record(state, sharer, role, verb, deal):
            return True
    return False


def unlimited(who: Person) -> Person:
    """Somebody without the limits of a token."""
    return replace(who, limits=Limits())


def is_shareable(state: State, entity: str) -> bool:
    """Whether some role says which records of an entity may be shared."""
    found = [role.grants[entity] for role in state.world.roles if entity in role.grants]
    return any(grant.share.text != FALSE.text for grant in found)
