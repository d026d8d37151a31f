"""What the OpenAPI document offers somebody: what is not refused for every record, and no field more.

It is said without looking at a record, so a condition may let something through, and only what holds for
none is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fieldstone_testing.permissions.conditions import FALSE, TRUE, Condition
from fieldstone_testing.permissions.documents import AROUND, FIELDS, INVERSES, NARROWED, PRIVATE, TRANSITIONS
from fieldstone_testing.permissions.documents import INSIDE as LIVING
from fieldstone_testing.permissions.rights import INSIDE, grants, is_shareable, narrowing_of, token_leaves
from fieldstone_testing.permissions.worlds import Grant, Narrowing, Person, State

OWNERSHIP = {"owner", "team"}
COMPUTED = {"double"}
INSIDE_FORMS = ("inside", "new_inside")
SENT = {"create": "create", "update": "update", "inside": "update", "new_inside": "begin"}
"""Form of a schema of what is sent → the verb that it takes."""


def operations(state: State, who: Person, entity: str) -> set[str]:
    """What may be done with records of an entity, by the ends of the operations' names."""
    read, create, update, delete = (
        possible(state, who, verb, entity) for verb in ("read", "create", "update", "delete")
    )
    own = entity not in AROUND
    found = {
        "list": read, "get": read, "history": read, "query": read, "create": create, "update": update,
        "delete": delete, "restore": delete, "delete_preview": read and delete,
        "merge": read and update and delete and own,
        "export": read and "export" in who.capabilities,
        "bulk": any(bulk_modes(who, read=read, create=create, update=update, delete=delete)),
        "shares": read and own and is_shareable(state, entity),
        "share": read and own and is_shareable(state, entity) and by_roles(state, who, "share", entity),
    }  # fmt: skip  # as a table
    found["unshare"] = found["share"]
    found |= {f"related_{name}": read and leads_on(state, who, *way) for name, way in ways(entity).items()}
    if entity == "deal":
        found |= {
            f"transition_{name}": read and takes(state, who, name, update=update) for name in TRANSITIONS
        }
        found["upsert_by_code"] = create and update and field_possible(state, who, "create", entity, "code")
        branches = read and field_possible(state, who, "read", entity, "parent")
        found |= {"transitions": read, "below": branches, "above": branches}
    return {name for name, offered in found.items() if offered}


def ways(entity: str) -> dict[str, tuple[str, str]]:
    """The collections of an entity: name → the entity in it, and the reference that makes it."""
    kind, name = LIVING.get(entity, ("", ""))
    inside = {name: (kind, entity)} if name else {}
    return {**INVERSES.get(entity, {}), **inside}


def leads_on(state: State, who: Person, entity: str, reference: str) -> bool:
    """Whether a collection may hold anything for somebody."""
    return possible(state, who, "read", entity) and field_possible(state, who, "read", entity, reference)


def bulk_modes(who: Person, *, read: bool, create: bool, update: bool, delete: bool) -> Iterator[bool]:
    """Whether each mode of bulk calls is possible."""
    yield "import" in who.capabilities and create
    yield "bulk_edit" in who.capabilities and read and (update or delete)
    yield "import" in who.capabilities and read and create and update


def takes(state: State, who: Person, name: str, *, update: bool) -> bool:
    """Whether somebody may ever take a transition."""
    role = TRANSITIONS[name][2]
    return (
        update
        if role is None
        else role in who.roles and (who.limits.verbs is None or "update" in who.limits.verbs)
    )


def shown(state: State, who: Person, entity: str) -> set[str]:
    """The fields of a record that the document tells."""
    if not possible(state, who, "read", entity):
        return set()
    names = {*FIELDS[entity], *(OWNERSHIP if entity not in AROUND else ())}
    return {name for name in names if field_possible(state, who, "read", entity, name)}


def sent(state: State, who: Person, entity: str, form: str) -> set[str]:
    """The fields that may be sent; with the deal around it, a line does not name that."""
    verb = SENT[form]
    if not possible(state, who, verb, entity):
        return set()
    own = OWNERSHIP if entity not in AROUND else set()
    names = {*FIELDS[entity], *own} - COMPUTED - ({AROUND[entity]} if form in INSIDE_FORMS else set())
    return {name for name in names if may_send(state, who, verb, entity, name)}


def may_send(
    state: State, who: Person, verb: str, entity: str, name: str
) -> bool:  # the words of the question
    """Whether a known field may ever be sent: giving away takes `assign`, but for what one creates."""
    if name in OWNERSHIP and verb == "update":
        return by_roles(state, who, "assign", entity)
    return knows(state, who, entity, name) and field_possible(state, who, verb, entity, name)


def knows(state: State, who: Person, entity: str, name: str) -> bool:
    """Whether a field exists for somebody: who may read nothing knows what may be sent."""
    return field_possible(state, who, "read", entity, name) or not possible(state, who, "read", entity)


# -- what is possible


def possible(state: State, who: Person, verb: str, entity: str) -> bool:
    """Whether some record may be read, created, updated or deleted."""
    return any_way(state, who, verb, entity, lambda _: True)


def field_possible(state: State, who: Person, verb: str, entity: str, name: str) -> bool:  # as above
    """Whether some role that grants records lets this field of them through."""
    if name in PRIVATE.get(entity, ()) and "private_data" not in who.capabilities:
        return False

    def lets(narrowing: Narrowing) -> bool:
        condition = narrowing.read if verb == "read" else narrowing.update
        return condition is None or condition.text != FALSE.text

    if name not in NARROWED[entity]:
        return possible(state, who, verb, entity)
    return any_way(state, who, verb, entity, lambda role: lets(narrowing_of(role, entity, name)))


def any_way(state: State, who: Person, verb: str, entity: str, lets: Callable[..., bool]) -> bool:  # as above
    """Whether a role or a share may ever let something through that nothing denies for all records."""
    around = "deal" if entity in AROUND else entity
    asked = INSIDE[verb] if entity in AROUND else verb
    if not token_leaves(who, asked, around) or always_denied(state, who, asked, around):
        return False
    found = list(grants(state, who, around))
    if any(getattr(grant, asked).text != FALSE.text and lets(role) for role, grant in found):
        return True
    shared = asked in {"read", "update"} and is_shareable(state, around)
    return shared and (not found or any(lets(role) for role, _ in found))


def by_roles(state: State, who: Person, verb: str, entity: str) -> bool:
    """Whether a role grants `assign` or `share` for some record."""
    granted: Iterator[Condition] = (getattr(grant, verb) for _, grant in grants(state, who, entity))
    return token_leaves(who, "update", entity) and any(one.text != FALSE.text for one in granted)


def always_denied(state: State, who: Person, verb: str, entity: str) -> bool:
    """Whether a role denies it for every record."""
    found: Iterator[Grant] = (grant for _, grant in grants(state, who, entity))
    return any(verb in grant.deny and grant.deny[verb].text == TRUE.text for grant in found)
