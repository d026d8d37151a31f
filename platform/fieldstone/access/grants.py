"""What a set of roles may do with an entity (metadata.md, "role"), compiled once per publication.

Grants of several roles add up; a role's `fields` narrow only what that role grants; what any role denies is
denied. The built-in role `admin` may do everything, and nothing is denied to it. A token only narrows.

A record that was shared is granted by that as well, for reading or updating, whatever else the receiver's
roles say of the entity; what these say of its fields, and what they deny, holds for it too.

What lives inside other records, such as the lines of an order, has no grants of its own: who may read those
may read it, and who may change those may create, change and delete it. A role only narrows its fields.

Who asks about changing or deleting asks about reading first: what one may not know of is not found (404),
what one may see but not change is forbidden (403).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from fieldstone.access.decisions import (
    ALWAYS,
    NEVER,
    Clause,
    Decision,
    Follows,
    OfParent,
    Part,
    Shared,
    decision,
)
from fieldstone.access.sharing import SHARED_VERBS, is_shareable, narrowed_fields
from fieldstone.context import Principal, TokenLimits
from fieldstone.model.compile import compile_condition
from fieldstone.model.model import FILE_FIELD, Condition, Model
from fieldstone.model.system_fields import TITLE
from fieldstone_metadata import declarations
from fieldstone_metadata.names import FILE
from fieldstone_rules import Expression

VERBS = ("create", "read", "update", "delete", "assign", "share")
BEGIN = "begin"
"""Creating what lives inside a record together with that record."""

OF_PARENT = {"read": "read", "create": "update", "update": "update", "delete": "update", BEGIN: "create"}
"""What may be done with what lives inside a record, for what may be done with that record."""
AccessKey = tuple[frozenset[str], TokenLimits | None]

ADMIN = "admin"
EMPLOYEE = "employee"
FOR_EVERYBODY = frozenset({"comment", "file", "notification"})
"""What the role `employee` grants on these holds for everybody who holds any role."""

PRIVATE_DATA = "private_data"
"""The capability without which fields with `private: true` do not exist for a reader."""

IDENTITY = frozenset({"id", "version", TITLE})
"""What whoever may read the record may read of it; nothing works without it."""


def access(model: Model, principal: Principal, entity: str) -> Access:
    """What `principal` may do with `entity`; shared by all users with the same roles and token limits.

    Raises:
        KeyError: if there is no such entity.
    """
    return access_for_key(model, principal.access_key, entity)


def access_for_key(model: Model, access_key: AccessKey, entity: str) -> Access:
    """The same, by the access key alone."""
    cache_key = ("access", access_key, entity)
    found: Access | None = model.cache.get(cache_key)
    if found is None:
        found = model.cache[cache_key] = _build(model, access_key, entity, shared=True)
    return found


def access_by_roles(model: Model, access_key: AccessKey, entity: str) -> Access:
    """The same without what was shared: what somebody may share, and may do as the sharer of a record."""
    cache_key = ("access by roles", access_key, entity)
    found: Access | None = model.cache.get(cache_key)
    if found is None:
        found = model.cache[cache_key] = _build(model, access_key, entity, shared=False)
    return found


@dataclass(frozen=True, eq=False)
class _Grant:
    """One role's grant with compiled conditions; `always` narrows it further, verb by verb.

    by_sharer: the fields that some sharers may not read or set, where it comes from sharing.
    """

    verbs: dict[str, Part]
    fields: dict[str, tuple[Condition, Condition]]
    always: Mapping[str, Part] = field(default_factory=dict)
    by_sharer: frozenset[str] = frozenset()

    def clause(self, verb: str) -> Clause:
        return (self.verbs[verb], self.always.get(verb, True))

    def field_clause(self, verb: str, field: str) -> Clause:
        read, update = self.fields.get(field, (True, True))
        part, *narrowing = self.clause(verb)
        if field in self.by_sharer:
            part = _about_field(part, field)
        return (part, *narrowing, read if verb == "read" else update)


def _about_field(part: Part, field: str) -> Part:
    """Whether the sharer may do it with this field, too."""
    if isinstance(part, OfParent):
        about = _about_field(part.asked, field)
        return part if isinstance(about, bool) else replace(part, asked=about)
    return replace(part, field=field) if isinstance(part, Shared) else part


class Access:
    """Decisions about the records and fields of one entity."""

    def __init__(
        self,
        entity: str,
        grants: tuple[_Grant, ...],
        denials: dict[str, tuple[Part, ...]],
        concealed: frozenset[str] = frozenset(),
    ) -> None:
        self.entity = entity
        self._concealed = concealed
        self._grants = grants
        self._denials = denials
        self._fields: dict[tuple[str, str], Decision] = {}
        self.read = self._decide("read")
        self.create = self._decide("create")
        self.update = self._decide("update")
        self.delete = self._decide("delete")
        self.begin = self._decide(BEGIN)
        self.assign = decision(grant.clause("assign") for grant in grants)
        self.share = decision(grant.clause("share") for grant in grants)

    def field_read(self, field: str) -> Decision:
        """May the field be seen in a record that may be read? Never: then the caller knows no such field."""
        return ALWAYS if field in IDENTITY and self.read.constant is not False else self._field("read", field)

    def field_update(self, field: str) -> Decision:
        """May the field be changed in a record that may be changed?"""
        return self._field("update", field)

    def field_create(self, field: str) -> Decision:
        """May the field be sent with a new record? Judged on the new record."""
        return self._field("create", field)

    def field_begin(self, field: str) -> Decision:
        """May the field be sent with a new record that comes together with the one it lives inside?"""
        return self._field(BEGIN, field)

    def knows_field(self, field: str) -> bool:
        """Whether a field exists for the caller: it can be read, or sent by who may create but not read."""
        if self.field_read(field).constant is not False:
            return True
        blind = self.read.constant is False
        sending = self.field_create(field), self.field_begin(field)
        return blind and any(decision.constant is not False for decision in sending)

    def denials(self, verb: str) -> tuple[Part, ...]:
        """What is refused to the caller whatever is granted."""
        return self._denials.get(verb, ())

    def _decide(self, verb: str) -> Decision:
        return decision((g.clause(verb) for g in self._grants), self._denials.get(verb, ()))

    def _field(self, verb: str, field: str) -> Decision:
        found = self._fields.get((verb, field))
        if found is None:
            found = self._fields[verb, field] = self._decide_field(verb, field)
        return found

    def _decide_field(self, verb: str, field: str) -> Decision:
        if field in self._concealed:
            return NEVER
        whole: Decision = getattr(self, verb)
        own = decision(grant.field_clause(verb, field) for grant in self._grants)
        return ALWAYS if own.grants == whole.grants and own.grants else own


def decided(access: Access, verb: str) -> Decision:
    """The decision about "read" or "update" of a record."""
    return access.read if verb == "read" else access.update


def decided_field(access: Access, verb: str, field: str) -> Decision:
    """The decision about "read" or "update" of a field."""
    return access.field_read(field) if verb == "read" else access.field_update(field)


def _build(model: Model, access_key: AccessKey, entity: str, *, shared: bool) -> Access:
    if entity not in model.entities:
        raise KeyError(entity)
    roles, limits = access_key
    if model.entities[entity].parent is not None:
        return _under_parent(model, access_key, entity, shared=shared)
    compiled = _everything() if ADMIN in roles else _grants_of(model, roles, entity)
    if shared and ADMIN not in roles:
        compiled += _shared_grants(model, roles, entity)
    narrowed = _narrowing(model, limits, entity)
    always = {verb: following(model, access_key, entity, verb) for verb in (*VERBS, BEGIN)}
    grants = tuple(
        replace(g, verbs={v: c if narrowed(v) else False for v, c in g.verbs.items()}, always=always)
        for g in compiled
    )
    denials = {} if ADMIN in roles else _denials_of(model, roles, entity)
    return Access(entity, grants, denials, _concealed(model, roles, entity))


def sharers_decision(model: Model, asked: Shared, roles: frozenset[str]) -> Decision:
    """What the roles of a sharer decide about the shared record.

    Of the fields of records inside it, they may only show and set what a role does not narrow at all.
    """
    granted = access_by_roles(model, (roles, None), asked.entity)
    whole: Decision = getattr(granted, asked.verb)
    if asked.field is None or ADMIN in roles:
        return whole
    if asked.inside is None:
        own = granted.field_read(asked.field) if asked.verb == "read" else granted.field_update(asked.field)
        return whole if own is ALWAYS else Decision(own.grants, whole.denials)
    if asked.field in _concealed(model, roles, asked.inside):
        return NEVER
    free = frozenset(name for name in roles if not _narrows(model, name, asked))
    of_free: Decision = getattr(access_by_roles(model, (free, None), asked.entity), asked.verb)
    return Decision(of_free.grants, whole.denials)


def _narrows(model: Model, role: str, asked: Shared) -> bool:
    """Whether a role says of a field inside the shared record anything but that it is free."""
    grant = model.roles[role].entities.get(asked.inside or "") if role in model.roles else None
    narrowed = None if grant is None or asked.field is None else grant.fields.get(asked.field)
    return narrowed is not None and getattr(narrowed, asked.verb) not in {None, True}


def sees_private_data(model: Model, roles: Iterable[str]) -> bool:
    """Whether holders of these roles see personal data."""
    held = [model.roles[name] for name in roles if name in model.roles]
    return any(role.name == ADMIN or PRIVATE_DATA in role.capabilities for role in held)


def _concealed(model: Model, roles: frozenset[str], entity: str) -> frozenset[str]:
    """The fields of personal data, for those who may not know of it: neither reading nor writing tells."""
    if sees_private_data(model, roles):
        return frozenset()
    return frozenset(
        name for name, field in model.entities[entity].fields.items() if field.declaration.private
    )


def _everything() -> tuple[_Grant, ...]:
    return (_Grant(dict.fromkeys((*VERBS, BEGIN), True), {}),)


def _under_parent(model: Model, access_key: AccessKey, entity: str, *, shared: bool) -> Access:
    """What may be done with records that live inside others: each role's grant on the outermost of those,
    narrowed by what that role says of the fields of these.
    """
    roles, limits = access_key
    ways, target = model.ways_out(entity), model.outermost(entity)
    narrowed = _narrowing(model, limits, target)

    def asked(part: Part) -> Part:
        for way, around in reversed(ways):
            part = part if isinstance(part, bool) else OfParent(way, around, part)
        return part

    always = {own: asked(following(model, access_key, target, verb)) for own, verb in OF_PARENT.items()}
    compiled = (
        _everything_inside() if ADMIN in roles else list(_grants_inside(model, roles, entity, target, shared))
    )
    grants = []
    for whole, fields in compiled:
        verbs = {own: asked(whole[verb]) if narrowed(verb) else False for own, verb in OF_PARENT.items()}
        by_sharer = narrowed_fields(model, entity)
        grants.append(_Grant(verbs | _NEVER_INSIDE, fields, always, by_sharer))
    denied = {} if ADMIN in roles else _denials_of(model, roles, target)
    denials = {own: tuple(map(asked, denied.get(verb, ()))) for own, verb in OF_PARENT.items()}
    return Access(entity, tuple(grants), denials, _concealed(model, roles, entity))


_NEVER_INSIDE: dict[str, Part] = {"assign": False, "share": False}
_Inside = tuple[dict[str, Part], dict[str, tuple[Condition, Condition]]]
"""A role's grant on the records outside, and how it narrows the fields of those inside."""


def _everything_inside() -> list[_Inside]:
    return [(dict.fromkeys(VERBS, True), {})]


def _grants_inside(
    model: Model, roles: frozenset[str], entity: str, target: str, shared: bool
) -> Iterator[_Inside]:
    opened = _shared_verbs(target, inside=entity) if shared and is_shareable(model, target) else None
    narrowing: list[dict[str, tuple[Condition, Condition]]] = []
    for name in sorted(roles):
        role = model.roles.get(name)
        if role is not None and target in role.entities:
            whole: dict[str, Part] = {
                verb: _compiled(model, getattr(role.entities[target], verb)) for verb in VERBS
            }
            own = role.entities.get(entity)
            narrowing.append({} if own is None else _field_conditions(model, own))
            yield whole, narrowing[-1]
    if opened is not None:
        yield from ((opened, fields) for fields in narrowing or [{}])


def _shared_grants(model: Model, roles: frozenset[str], entity: str) -> tuple[_Grant, ...]:
    """What sharing grants: the rows, with the fields as each role of the receiver narrows them."""
    if not is_shareable(model, entity):
        return ()
    narrowing = [_field_conditions(model, grant) for grant in _entity_grants(model, roles, entity)] or [{}]
    verbs, by_sharer = _shared_verbs(entity), narrowed_fields(model, entity)
    return tuple(_Grant(verbs, fields, by_sharer=by_sharer) for fields in narrowing)


def _shared_verbs(entity: str, inside: str | None = None) -> dict[str, Part]:
    nothing: dict[str, Part] = dict.fromkeys((*VERBS, BEGIN), False)
    return nothing | {verb: Shared(entity, verb, inside=inside) for verb in SHARED_VERBS}


def following(model: Model, access_key: AccessKey, entity: str, verb: str) -> Part:
    """What narrows everything that may be done with records about other records: the right to read those.

    Of a file, the same right over its record: to change it for all but reading. Not even an administrator
    sees a comment on a record that is in the recycle bin.
    """
    about = model.entities[entity].about
    if about is None:
        return True
    if entity == FILE:
        return Follows(about.name, access_key, "read" if verb == "read" else "update", within=FILE_FIELD)
    found = (access_for_key(model, access_key, other.name) for other in model.with_activities)
    readable = any(access.read.constant is not False for access in found)
    return Follows(about.name, access_key) if readable else False


def _narrowing(model: Model, limits: TokenLimits | None, entity: str) -> Callable[[str], bool]:
    """Which verbs a token leaves; assigning an owner and sharing are ways of updating.

    A record about another one, such as a comment, belongs to it: who may reach that may reach this.
    """
    if limits is None:
        return lambda _verb: True
    named = limits.entities is None or entity in limits.entities
    if not named and model.entities[entity].about is None:
        return lambda _verb: False
    verbs = limits.verbs
    return lambda verb: verbs is None or ("update" if verb in {"assign", "share"} else verb) in verbs


def _grants_of(model: Model, roles: frozenset[str], entity: str) -> tuple[_Grant, ...]:
    return tuple(_grant(model, grant) for grant in _entity_grants(model, roles, entity))


def _entity_grants(model: Model, roles: frozenset[str], entity: str) -> Iterator[declarations.EntityGrant]:
    everybodys = {EMPLOYEE} if roles and entity in FOR_EVERYBODY else set()
    for name in sorted(roles | everybodys):
        role = model.roles.get(name)
        if role is not None and entity in role.entities:
            yield role.entities[entity]


def _grant(model: Model, grant: declarations.EntityGrant) -> _Grant:
    verbs: dict[str, Part] = {verb: _compiled(model, getattr(grant, verb)) for verb in VERBS}
    return _Grant(verbs | {BEGIN: False}, _field_conditions(model, grant))


def _field_conditions(
    model: Model, grant: declarations.EntityGrant
) -> dict[str, tuple[Condition, Condition]]:
    """Field → when it may be read, and when it may be set."""
    return {
        name: (_field_condition(model, field.read), _field_condition(model, field.update))
        for name, field in grant.fields.items()
    }


def _field_condition(model: Model, condition: bool | Expression | None) -> Condition:
    return True if condition is None else _compiled(model, condition)


def _compiled(model: Model, condition: bool | Expression) -> Condition:
    """The compiled condition; one object per expression, so that equal parts of decisions are the same."""
    if isinstance(condition, bool):
        return condition
    cache_key = ("condition", id(condition))
    found: Condition | None = model.cache.get(cache_key)
    if found is None:
        found = model.cache[cache_key] = compile_condition(condition)
    return found


def _denials_of(model: Model, roles: frozenset[str], entity: str) -> dict[str, tuple[Part, ...]]:
    denials: dict[str, tuple[Part, ...]] = {}
    for grant in _entity_grants(model, roles, entity):
        for verb, condition in grant.deny.items():
            denials[verb] = (*denials.get(verb, ()), _compiled(model, condition))
    return denials
