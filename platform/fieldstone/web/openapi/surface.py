"""What one caller may do with an entity, as far as it can be said without looking at a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from fieldstone.access.decisions import Decision
from fieldstone.access.grants import ADMIN, Access, access
from fieldstone.access.sharing import is_shareable
from fieldstone.context import Principal
from fieldstone.model.model import Entity, Field, Inverse, Model, Transition
from fieldstone.model.system_fields import ASSIGNABLE
from fieldstone.records.branches import tree_fields
from fieldstone.records.write_rows import CAPABILITIES, Mode
from fieldstone.transfer.export import CAPABILITY
from fieldstone_metadata.names import FILE

VERBS = ("read", "create", "update", "delete")
_NEEDED = {
    Mode.CREATE: {"create"},
    Mode.UPDATE: {"read", "update"},
    Mode.UPSERT: {"read", "create", "update"},
    Mode.DELETE: {"read", "delete"},
}
OWNERSHIP = frozenset({"owner", "team"})


@dataclass(frozen=True, eq=False)
class Surface:
    """An entity as a caller sees it.

    verbs: of `read`, `create`, `update`, `delete`, those not refused for every record.
    readable, creatable, updatable: fields by name; the last two hold only what may be sent.
    inverses: collections whose entity the caller may read.
    exports: whether the caller may export what it may read.
    bulk: the modes in which the caller may send many lines with one call.
    startable: the fields that may be sent with a new record together with the one that it lives inside.
    trees: the references that make trees and that the caller may read.
    shared: whether its records are shared one by one; shares: whether the caller may do so.
    belongings: what may be done with records about records of this entity, such as comments: name → verbs.
    """

    entity: Entity
    verbs: frozenset[str]
    readable: Mapping[str, Field]
    creatable: Mapping[str, Field]
    updatable: Mapping[str, Field]
    inverses: Mapping[str, Inverse]
    transitions: Mapping[str, Transition]
    exports: bool
    bulk: tuple[str, ...]
    belongings: Mapping[str, frozenset[str]]
    startable: Mapping[str, Field]
    trees: tuple[str, ...]
    shared: bool
    shares: bool

    @property
    def name(self) -> str:
        """The entity's name."""
        return self.entity.name

    @property
    def label(self) -> str:
        """What one record is called, for everybody."""
        return self.entity.label.get("") or self.name

    @property
    def plural(self) -> str:
        """What several records are called, for everybody."""
        return self.entity.plural.get("") or self.name

    @property
    def unique(self) -> tuple[str, ...]:
        """Fields by which a record may be addressed in `by/{field}/{value}`."""
        return tuple(name for name, field in self.creatable.items() if field.declaration.unique)


def surfaces(model: Model, principal: Principal) -> list[Surface]:
    """All entities that the caller may do anything with."""
    found = (_surface(model, principal, entity) for entity in model.entities.values())
    return [surface for surface in found if surface.verbs or surface.startable]


def _surface(model: Model, principal: Principal, entity: Entity) -> Surface:
    rights = access(model, principal, entity.name)
    verbs = _verbs(rights)
    fields = {**entity.system, **entity.fields}
    sendable = {name: field for name, field in _sendable(entity).items() if rights.knows_field(name)}
    return Surface(
        entity=entity,
        verbs=verbs,
        readable=_where(fields, rights.field_read),
        creatable=_where(sendable, rights.field_create),
        updatable=_where(sendable, lambda name: _updating(rights, name)),
        inverses=_inverses(model, principal, entity),
        transitions=_transitions(principal, entity, verbs),
        exports="read" in verbs and (CAPABILITY in principal.capabilities or ADMIN in principal.roles),
        bulk=_bulk(principal, verbs),
        belongings=_belongings(model, principal, entity),
        trees=tuple(f.name for f in tree_fields(entity) if _possible(rights.field_read(f.name))),
        shared=is_shareable(model, entity.name),
        shares=_possible(rights.share) and is_shareable(model, entity.name),
        startable=_where(sendable, rights.field_begin) if entity.parent else {},
    )


def _bulk(principal: Principal, verbs: frozenset[str]) -> tuple[str, ...]:
    held = principal.capabilities
    capable = [mode for mode, needed in CAPABILITIES.items() if needed in held or ADMIN in principal.roles]
    return tuple(mode for mode in Mode if mode in capable and verbs >= _NEEDED[mode])


def _verbs(rights: Access) -> frozenset[str]:
    return frozenset(verb for verb in VERBS if _possible(getattr(rights, verb)))


def _belongings(model: Model, principal: Principal, entity: Entity) -> Mapping[str, frozenset[str]]:
    """Of an entity without activities only the files, where it has fields for them."""
    about = [other.name for other in model.entities.values() if other.about is not None]
    files = [FILE] if entity.holding_files else []
    names = about if entity.declaration.activities else files
    return {name: _verbs(access(model, principal, name)) for name in names}


def _where(fields: Mapping[str, Field], decide: Callable[[str], Decision]) -> Mapping[str, Field]:
    return {name: field for name, field in fields.items() if _possible(decide(name))}


def _possible(decision: Decision) -> bool:
    return decision.constant is not False


def _sendable(entity: Entity) -> Mapping[str, Field]:
    system = {name: field for name, field in entity.system.items() if name in ASSIGNABLE and field.writable}
    return system | {name: field for name, field in entity.fields.items() if field.writable}


def _updating(rights: Access, name: str) -> Decision:
    return rights.assign if name in OWNERSHIP else rights.field_update(name)


def _inverses(model: Model, principal: Principal, entity: Entity) -> Mapping[str, Inverse]:
    return {
        name: inverse
        for name, inverse in entity.inverses.items()
        if _possible(access(model, principal, inverse.entity).read)
        and _possible(access(model, principal, inverse.entity).field_read(inverse.field))
    }


def _transitions(principal: Principal, entity: Entity, verbs: Iterable[str]) -> Mapping[str, Transition]:
    if entity.workflow is None:
        return {}
    return {
        name: transition
        for name, transition in entity.workflow.transitions.items()
        if _may_take(principal, transition, "update" in verbs)
    }


def _may_take(principal: Principal, transition: Transition, may_update: bool) -> bool:
    needed = set(transition.declaration.roles)
    if not needed:
        return may_update
    limits = principal.limits
    writes = limits is None or limits.verbs is None or "update" in limits.verbs
    return writes and (ADMIN in principal.roles or bool(needed & principal.roles))
