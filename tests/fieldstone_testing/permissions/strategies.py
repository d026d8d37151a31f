"""How Hypothesis draws worlds: roles, teams, users with their tokens, records, and what users try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from fieldstone_testing.permissions.conditions import (
    ATOMS,
    FALSE,
    TRUE,
    Condition,
    conjunction,
    disjunction,
    negated,
)
from fieldstone_testing.permissions.documents import AROUND, NARROWED
from fieldstone_testing.permissions.probes import PARTS
from fieldstone_testing.permissions.worlds import (
    ABOVE,
    Grant,
    Limits,
    Member,
    Narrowing,
    Operation,
    Record,
    Role,
    World,
)

ROLES = ("role_0", "role_1", "role_2")
GENEROUS = "role_2"
USERS = ("user_0", "user_1")
ACCOUNTS = ("account_0", "account_1")
CONTACTS = ("contact_0", "contact_1", "contact_2")
DEALS = ("deal_0", "deal_1", "deal_2", "deal_3")
LINES = ("line_0", "line_1", "line_2")
SEATS = ("seat_0", "seat_1", "seat_2")
PARTS_INSIDE = ("part_0", "part_1")
CAPABILITIES = ("export", "import", "bulk_edit", "private_data", "explain", "purge")
TRIED_AT_ONCE = (0, 8, 16, 24)
"""How many things are tried in a world."""
TRIED = (
    "update", "share", "create", "create", "delete", "restore", "transition", "update", "share",
    "bulk update", "bulk delete", "bulk create", "unshare", "unshare", "expire", "upsert", "upsert",
    "purge", "change line", "add line", "drop line", "undo", "nested", "nested", "merge", "merge", "undo",
    "add seat", "change seat", "drop seat", "bulk nested",
)  # fmt: skip  # as a table
BESIDES_DEALS = {
    "change line", "add line", "drop line", "nested", "bulk nested", "merge", "add seat", "change seat",
    "drop seat",
}  # fmt: skip  # as a table
DUTIES = ("x", "y", None)
NOTES = ("ant", "bee", None)
PRICES = st.sampled_from((2, 7, None))
AMOUNTS = (30, 5, 10, 60, None)


@st.composite
def conditions(draw: st.DrawFn, entity: str) -> Condition:
    """Conditions over an entity: mostly one comparison, sometimes its opposite or two of different things."""
    first = draw(st.sampled_from(ATOMS[entity]))
    shape = draw(st.sampled_from(("one", "one", "not", "and", "or")))
    others = [one for one in ATOMS[entity] if about(one) != about(first) and one not in (TRUE, FALSE)]
    if shape == "one" or first in (TRUE, FALSE):
        return first
    if shape == "not":
        return negated(first)
    return (conjunction if shape == "and" else disjunction)(first, draw(st.sampled_from(others)))


def about(condition: Condition) -> str:
    """What a condition is about: two of the same thing, or of what is behind it, may contradict each other,
    which is refused.
    """
    return condition.text.split(maxsplit=1)[0].partition(".")[0]


def sometimes(strategy: st.SearchStrategy[Any], otherwise: Any, *, odds: int = 1) -> st.SearchStrategy[Any]:
    """Something, or in `odds` of `odds + 1` cases something else."""
    return st.one_of(*[st.just(otherwise)] * odds, strategy)


@st.composite
def grants(draw: st.DrawFn, entity: str, *, generous: bool) -> Grant:
    """What a role says of an entity. generous: it grants everything, but for some fields."""
    own = conditions(entity)
    narrowed = st.builds(Narrowing, st.one_of(st.none(), own), st.one_of(st.none(), own))
    drawn = draw(st.dictionaries(st.sampled_from(NARROWED[entity]), narrowed, max_size=2))
    drawn = {name: replace(one, update=None) if name == "double" else one for name, one in drawn.items()}
    fields = {name: one for name, one in drawn.items() if one.read is not None or one.update is not None}
    if entity in AROUND:
        return Grant(fields=fields)
    verbs = st.sampled_from(("read", "update", "delete"))
    deny = draw(sometimes(st.dictionaries(verbs, own, max_size=1), {}, odds=2))
    most, few = st.one_of(own, st.just(TRUE), st.just(FALSE)), sometimes(own, FALSE, odds=4)
    given = {
        "read": sometimes(own, TRUE),
        "create": most,
        "update": most,
        "delete": most,
        "share": few,
        "assign": few,
    }
    if generous:
        return Grant(**dict.fromkeys(given, TRUE), fields=fields)
    return Grant(**{verb: draw(strategy) for verb, strategy in given.items()}, fields=fields, deny=deny)


@st.composite
def roles(draw: st.DrawFn) -> tuple[Role, ...]:
    """Some roles, each of which may inherit from those before."""
    found = []
    for place, name in enumerate(ROLES):
        inherits = draw(sometimes(st.sampled_from(ROLES[:place]), None, odds=2)) if place else None
        capabilities = draw(st.sets(st.sampled_from(CAPABILITIES)))
        generous = name == GENEROUS and draw(st.booleans())
        sure = {"deal", "contact", "seat"} if name == GENEROUS else {"deal"}
        some = draw(st.sets(st.sampled_from(tuple(NARROWED)), min_size=1)) | sure
        entities = set(NARROWED) if generous else some
        free = entities - {"seat"} if generous else set()
        said = {one: draw(grants(one, generous=one in free)) for one in NARROWED if one in entities}
        said = {entity: grant for entity, grant in said.items() if entity not in AROUND or grant.fields}
        parents = (inherits,) if inherits else ()
        found.append(Role(name, parents, tuple(sorted(capabilities)), said))
    return tuple(found)


def limits() -> st.SearchStrategy[Limits]:
    """What a token is narrowed to, mostly nothing. Users and teams are always among the entities."""
    entities = st.sets(st.sampled_from(("account", "contact", "deal", "seat"))).map(
        lambda some: frozenset(some) | {"user", "team", "saved_view"}
    )
    verbs = st.sets(st.sampled_from(("create", "update", "delete"))).map(
        lambda some: frozenset(some) | {"read"}
    )
    narrow = st.builds(Limits, sometimes(entities, None), sometimes(verbs, None))
    return sometimes(narrow, Limits(), odds=3)


@st.composite
def members(draw: st.DrawFn) -> tuple[Member, ...]:
    """The users."""
    some_roles, some_teams = (
        sometimes(st.just(0), 1, odds=4).flatmap(
            lambda least: st.sets(st.sampled_from(ROLES), min_size=least, max_size=2)
        ),
        st.sets(st.sampled_from(tuple(ABOVE))),
    )
    return tuple(
        Member(name, tuple(sorted(draw(some_roles))), tuple(sorted(draw(some_teams))), draw(limits()))
        for name in USERS
    )


def base(name: str, entity: str) -> st.SearchStrategy[Record]:
    """What every record has."""
    return st.fixed_dictionaries(
        {
            "name": st.just(name),
            "entity": st.just(entity),
            "owner": st.sampled_from(USERS),
            "team": st.sampled_from((*ABOVE, None)),
            "created_by": st.just("system"),
            "deleted": st.just(False),
            "version": st.just(1),
        }
    )


@st.composite
def records(draw: st.DrawFn) -> tuple[Record, ...]:
    """Accounts, contacts, deals in trees, and lines inside them; some are in the recycle bin."""
    found = [draw(base(name, "account")) | {"size": draw(st.sampled_from((3, 7, None)))} for name in ACCOUNTS]
    accounts, phones = st.sampled_from((*ACCOUNTS, None)), st.sampled_from(("ant", "bee", None))
    found += [
        draw(base(name, "contact")) | {"account": draw(accounts), "phone": draw(phones)} for name in CONTACTS
    ]
    for place, name in enumerate(DEALS):
        own = {
            "parent": draw(st.sampled_from((None, *DEALS[:place]))),
            "account": draw(accounts),
            "contacts": sorted(draw(st.sets(st.sampled_from(CONTACTS)))),
            "code": draw(st.sampled_from((f"c{place}", None))),
            "amount": draw(st.sampled_from(AMOUNTS)),
            "note": draw(st.sampled_from(NOTES)),
            "salary": draw(st.sampled_from((1, 5, None))),
            "stage": draw(st.sampled_from(("open", "won", "lost"))),
            "paper": draw(st.sampled_from((None, f"paper_{place}"))),
            "files": [f"attached_{place}"],
        }
        found.append(draw(base(name, "deal")) | own)
    deals = st.sampled_from(DEALS)
    for name in LINES:
        plain = {"name": name, "entity": "line", "item": name, "deleted": False, "version": 1}
        found.append({**plain, "deal": draw(deals), "price": draw(PRICES)})
    pairs = draw(st.permutations([(deal, contact) for deal in DEALS for contact in CONTACTS]))
    for name, (deal, contact) in zip(SEATS, pairs, strict=False):
        leads = {"deal": deal, "contact": contact, "duty": draw(st.sampled_from(DUTIES))}
        found.append(draw(base(name, "seat")) | leads)
    for name in PARTS_INSIDE:
        plain = {"name": name, "entity": "part", "item": name, "deleted": False, "version": 1}
        found.append({**plain, "line": draw(st.sampled_from(LINES)), "price": draw(PRICES)})
    return tuple(with_doomed(found, draw(st.sets(st.sampled_from((*CONTACTS, *DEALS)), max_size=2))))


def with_doomed(found: list[Record], names: set[str]) -> list[Record]:
    """The records, of which some will go to the bin at the beginning; none goes that has others below it."""
    parents = {one.get("parent") for one in found}
    return [one | {"doomed": True} if one["name"] in names - parents else one for one in found]


def changes(place: int) -> st.SearchStrategy[Mapping[str, Any]]:
    """Values that somebody sends for a deal."""
    fields: dict[str, st.SearchStrategy[Any]] = {
        "people": people(10 * place + 700),
        "contacts": st.sets(st.sampled_from(CONTACTS)).map(sorted),
        "amount": st.sampled_from(AMOUNTS),
        "note": st.sampled_from(NOTES),
        "salary": st.sampled_from((1, 5, None)),
        "account": st.sampled_from((*ACCOUNTS, None)),
        "owner": st.sampled_from(USERS),
        "team": st.sampled_from((*ABOVE, None)),
    }
    return some_of(fields)


def some_of(fields: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Mapping[str, Any]]:
    """Values of one or two fields."""
    names = st.sets(st.sampled_from(tuple(fields)), min_size=1, max_size=2)
    return names.flatmap(lambda some: st.fixed_dictionaries({name: fields[name] for name in sorted(some)}))


@st.composite
def people(draw: st.DrawFn, number: int) -> list[Any]:
    """What somebody sends as the people of a deal: contacts, most of them with something about the seat."""
    found: list[Any] = []
    for at, contact in enumerate(sorted(draw(st.sets(st.sampled_from(CONTACTS), max_size=2)))):
        duty = draw(st.sampled_from(({}, {"duty": "x"}, {"duty": "y"}, {"duty": None})))
        named = {"id": contact, "link": {"name": f"seat_{number + at}", **duty}}
        found.append(draw(sometimes(st.just(contact), named, odds=3)))
    return found


@st.composite
def nested(draw: st.DrawFn, known: Sequence[Record], number: int) -> tuple[str, list[Record]]:
    """A deal, and what somebody sends for its lines and what is inside them in one call."""
    homes = {one["name"]: one[AROUND[one["entity"]]] for one in known if one["entity"] in AROUND}
    deal = homes[draw(st.sampled_from(LINES))]
    entries = []
    for line in (one for one in LINES if homes[one] == deal):
        parts = [one for one in PARTS_INSIDE if homes[one] == line]
        entries += draw(entry(line, [found for one in parts for found in draw(entry(one, ()))]))
    fresh = {"item": f"line_{number}", **draw(sent_parts(number))}
    entries += draw(st.sampled_from(([], [fresh], [{**fresh, "price": 2}])))
    return deal, entries or [fresh]


@st.composite
def entry(draw: st.DrawFn, name: str, parts: Sequence[Record]) -> list[Record]:
    """What is sent of a line or a part that is there: nothing, its removal, or changes."""
    inner = {"parts": list(parts)} if parts else {}
    priced = {"price": draw(PRICES)}
    choices = (
        [],
        [{"id": name, "_delete": True}],
        [{"id": name, **priced, **inner}],
        [{"id": name, **inner}],
    )
    return list(draw(st.sampled_from(choices)))


def new_lines(number: int) -> st.SearchStrategy[Mapping[str, Any]]:
    """Lines that come with a new deal, or none."""
    line = {"item": f"line_{number}"}
    lines = sent_parts(number).flatmap(
        lambda parts: st.sampled_from(([{**line, **parts}], [{**line, "price": 7, **parts}]))
    )
    return sometimes(st.fixed_dictionaries({"lines": lines}), {})


def sent_parts(number: int) -> st.SearchStrategy[Record]:
    """Parts that come with a new line."""
    part = {"item": f"part_{number}"}
    return st.sampled_from(({}, {"parts": [part]}, {"parts": [{**part, "price": 7}]}))


@st.composite
def beside_deals(  # noqa: PLR0917  # the parts of an operation
    draw: st.DrawFn, what: str, user: str, record: str, place: int, known: Sequence[Record]
) -> Operation:
    """Something that a user tries with lines, parts, seats, or two records at once."""
    if what in {"change line", "drop line"}:
        values = {"price": draw(PRICES)} if what == "change line" else {}
        return Operation(what, user, draw(st.sampled_from((*LINES, *PARTS_INSIDE))), values)
    if what == "add line":
        around, new = draw(st.sampled_from((("deal", f"line_{place + 10}"), ("line", f"part_{place + 10}"))))
        where = record if around == "deal" else draw(st.sampled_from(LINES))
        return Operation(what, user, new, {around: where, "price": draw(PRICES)})
    if what.endswith("nested"):
        deal, entries = draw(nested(known, 10 * place + 100))
        return Operation(what, user, deal, {"lines": entries})
    if what == "add seat":
        leads = {"deal": record, "contact": draw(st.sampled_from(CONTACTS))}
        return Operation(what, user, f"seat_{place + 10}", {**leads, "duty": draw(st.sampled_from(DUTIES))})
    if what in {"change seat", "drop seat"}:
        values = {"duty": draw(st.sampled_from(DUTIES))} if what == "change seat" else {}
        return Operation(what, user, draw(st.sampled_from(SEATS)), values)
    some = draw(st.sampled_from((DEALS, DEALS, CONTACTS, ACCOUNTS)))
    kept, other = draw(st.permutations(some))[:2]
    return Operation(what, user, kept, {"other": other, **draw(chosen(kept.partition("_")[0]))})


@st.composite
def chosen(draw: st.DrawFn, entity: str) -> Mapping[str, Any]:
    """What else somebody says who merges: which values of the other one are taken, and others."""
    own: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "account": {"size": st.sampled_from((3, 7, None))},
        "contact": {
            "phone": st.sampled_from(("ant", "bee", None)),
            "account": st.sampled_from((*ACCOUNTS, None)),
        },
        "deal": {"amount": st.sampled_from(AMOUNTS), "note": st.sampled_from(NOTES)},
    }
    ways = {"owner": st.sampled_from(USERS), "team": st.sampled_from((*ABOVE, None)), **own[entity]}
    values = draw(sometimes(some_of(ways), {}, odds=2))
    names = sorted({*NARROWED[entity], "owner", "team"} - {"stage", "parent"} - values.keys())
    return {"values": values, "take": sorted(draw(st.sets(st.sampled_from(names), max_size=2)))}


@st.composite
def operations(draw: st.DrawFn, place: int, known: Sequence[Record]) -> Operation:
    """Something that a user tries."""
    what = draw(st.sampled_from(TRIED))
    user, record = draw(st.sampled_from(USERS)), draw(st.sampled_from(DEALS))
    if what == "share":
        receiver = draw(st.sampled_from((*USERS, *ABOVE, *ROLES)))
        return Operation(
            what, user, record, {"receiver": receiver, "verb": draw(st.sampled_from(("read", "update")))}
        )
    if what == "unshare":
        receiver, sharer = draw(st.sampled_from((*USERS, *ABOVE, *ROLES))), draw(st.sampled_from(USERS))
        return Operation(what, user, record, {"receiver": receiver, "sharer": sharer})
    if what == "transition":
        return Operation(what, user, record, {"name": draw(st.sampled_from(("win", "lose")))})
    if what in BESIDES_DEALS:
        return draw(beside_deals(what, user, record, place, known))
    if what == "undo":
        return Operation(what, user)
    if what == "upsert":
        code = draw(st.sampled_from(("c0", "c1", "c2", "c3", f"x{place}")))
        values = {"code": code, **draw(changes(place))}
        return Operation(what, user, f"made_{place}" if code.startswith("x") else f"none_{place}", values)
    if what in {"delete", "restore", "purge"}:
        return Operation(what, user, draw(st.sampled_from((*DEALS, *CONTACTS, *ACCOUNTS, *SEATS))))
    if what == "expire":
        return Operation(what, user, record)
    if what == "bulk delete":
        return Operation(what, user, record)
    if what.endswith("create"):
        values = {**draw(changes(place)), **draw(new_lines(10 * place + 500))}
        return Operation(what, user, f"made_{place}", values)
    return Operation(what, user, record, draw(changes(place)))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A whole world."""
    filled = draw(records())
    team_roles = draw(st.dictionaries(st.sampled_from(tuple(ABOVE)), st.sampled_from(ROLES), max_size=2))
    world = World(
        roles=draw(roles()),
        team_roles={team: (role,) for team, role in team_roles.items()},
        members=draw(members()),
        records=filled,
        operations=[draw(operations(place, filled)) for place in range(draw(st.sampled_from(TRIED_AT_ONCE)))],
        asked=draw(st.integers(0, PARTS - 1)),
    )
    return opened(world) if draw(st.booleans()) else world


def opened(world: World) -> World:
    """The same world, in which the first user may do nearly everything and tries most: more comes of it.

    What may be done with the seats that all see stays as it was, for those to decide what is done to a deal.
    """

    def granting(grant: Grant, entity: str) -> Grant:
        verbs = dict.fromkeys(("create", "read", "update", "delete", "assign", "share"), TRUE)
        if entity == "seat":
            return replace(grant, read=TRUE)
        return grant if entity in AROUND else Grant(**verbs, fields=grant.fields)

    def generous(role: Role) -> Role:
        said = {entity: granting(grant, entity) for entity, grant in role.grants.items()}
        return replace(role, inherits=(), capabilities=CAPABILITIES, grants=said)

    first, *others = world.members
    mostly = [replace(one, user=first.name) if at % 4 else one for at, one in enumerate(world.operations)]
    return replace(
        world,
        roles=[generous(role) if role.name == GENEROUS else role for role in world.roles],
        members=[Member(first.name, (GENEROUS,), ()), *others],
        operations=mostly,
    )
