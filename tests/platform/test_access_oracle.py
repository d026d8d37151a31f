"""Permissions against a naive oracle: generated roles, predicates and rows, judged once more in plain Python.

The oracle knows nothing of expressions or SQL: each condition is generated as text and, beside it, as a
Python function over a record, with None for unknown. What list, get, count and aggregate show has to be
exactly what the oracle allows: no record and no field more or less.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson
import pytest

from fieldstone import records
from fieldstone.access.users import team_named
from fieldstone.context import Context
from fieldstone.errors import Forbidden, Invalid, NotFound
from fieldstone.records import Change, Measure, Query, Sharing
from fieldstone_rules.types import Ref
from fieldstone_testing import App, AppFactory

SEED = 20261122
ATTEMPTS = 60
ROLES = 9
DEALS = 24
READERS = 7
STAGES = ["open", "won", "lost"]
GUARDED = ["amount", "stage", "note"]

Truth = bool | None
Record = Mapping[str, Any]
Holds = Callable[[Record, "Reader"], Truth]


@dataclass(frozen=True)
class Reader:
    """Who reads, as the oracle sees them."""

    user: str
    teams: frozenset[str]
    roles: frozenset[str]
    receives: frozenset[str]


@dataclass(frozen=True)
class Condition:
    """A generated condition: its text and its meaning."""

    text: str
    holds: Holds


def atom(text: str, holds: Holds) -> Condition:
    return Condition(text, holds)


def less(name: str, limit: int) -> Condition:
    """`name < limit`, unknown without a value."""
    return atom(f"{name} < {limit}", lambda r, _: None if r[name] is None else r[name] < limit)


ATOMS = [
    *(less("amount", limit) for limit in (0, 10, 50)),
    *(atom(f'stage == "{stage}"', lambda r, _, s=stage: r["stage"] == s) for stage in STAGES),
    atom('stage != "won"', lambda r, _: r["stage"] != "won"),
    atom('stage in ["open", "lost"]', lambda r, _: r["stage"] in {"open", "lost"}),
    atom("note == null", lambda r, _: r["note"] is None),
    atom("amount != 10", lambda r, _: r["amount"] != 10),
    atom("owner == user", lambda r, reader: r["owner"] == reader.user),
    atom("team in user.teams", lambda r, reader: r["team"] in reader.teams),
    atom("account.owner == user", lambda r, reader: r["account_owner"] == reader.user),
    atom("account == null", lambda r, _: r["account"] is None),
    atom("account.size < 5", lambda r, _: None if r["account_size"] is None else r["account_size"] < 5),
    atom("true", lambda *_: True),
    atom("false", lambda *_: False),
]


def negated(condition: Condition) -> Condition:
    def holds(record: Record, reader: Reader) -> Truth:
        value = condition.holds(record, reader)
        return None if value is None else not value

    return Condition(f"not ({condition.text})", holds)


def conjunction(left: Condition, right: Condition) -> Condition:
    def holds(record: Record, reader: Reader) -> Truth:
        values = {left.holds(record, reader), right.holds(record, reader)}
        return False if False in values else None if None in values else True

    return Condition(f"({left.text}) and ({right.text})", holds)


def disjunction(left: Condition, right: Condition) -> Condition:
    def holds(record: Record, reader: Reader) -> Truth:
        values = {left.holds(record, reader), right.holds(record, reader)}
        return True if True in values else None if None in values else False

    return Condition(f"({left.text}) or ({right.text})", holds)


def generated(chance: random.Random, depth: int = 2) -> Condition:
    """A random condition."""
    kind = chance.choice(["atom", "atom", "not", "and", "or"][: 2 + 3 * bool(depth)])
    inner = [generated(chance, depth - 1) for _ in range(2 * (kind != "atom"))]
    made = {
        "atom": lambda: chance.choice(ATOMS),
        "not": lambda: negated(inner[0]),
        "and": lambda: conjunction(*inner),
        "or": lambda: disjunction(*inner),
    }
    return made[kind]()


@dataclass(frozen=True)
class Role:
    """A generated role over deals."""

    name: str
    inherits: tuple[str, ...]
    read: Condition
    update: Condition
    share: Condition
    fields: Mapping[str, Condition]
    deny: Mapping[str, Condition]

    def text(self) -> str:
        fields = "".join(f"      {name}: {{read: '{quoted(c.text)}'}}\n" for name, c in self.fields.items())
        denied = ", ".join(f"{verb}: '{quoted(c.text)}'" for verb, c in self.deny.items())
        deny = f"    deny: {{{denied}}}\n" if denied else ""
        return (
            f"---\nkind: role\nname: {self.name}\ninherits: [{', '.join(self.inherits)}]\nentities:\n"
            f"  account: {{read: true}}\n  deal:\n    read: '{quoted(self.read.text)}'\n"
            f"    update: '{quoted(self.update.text)}'\n    share: '{quoted(self.share.text)}'\n"
            + (f"    fields:\n{fields}" if fields else "")
            + deny
        )


def quoted(text: str) -> str:
    return text.replace("'", "''")


def generated_roles(chance: random.Random) -> list[Role]:
    roles: list[Role] = []
    for number in range(ROLES):
        parents = chance.sample([role.name for role in roles], k=min(len(roles), chance.choice([0, 0, 1])))
        narrowed = chance.sample(GUARDED, k=chance.choice([0, 0, 1, 2]))
        fields = {name: generated(chance, 1) for name in narrowed}
        deny = {verb: generated(chance, 1) for verb in ("read", "update") if chance.random() < 0.25}
        granted = [generated(chance, depth) for depth in (2, 1, 1)]
        roles.append(Role(f"role_{number}", tuple(parents), *granted, fields, deny))
    return roles


APP = """
kind: app
name: oracle
label: Oracle
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: account
fields:
  name: {type: text, required: true}
  size: {type: integer}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, inverse: deals}
  amount: {type: integer}
  stage: {type: choice, options: [open, won, lost]}
  note: {type: text}
"""


@dataclass(frozen=True)
class Shared:
    """A record that somebody shares, or wants to. receiver: the id of a user or team, or a role."""

    sharer: Reader
    record: str
    receiver: str
    verb: str


@dataclass(frozen=True)
class World:
    """The application, its roles, its rows as the oracle sees them, its readers, and what they shared.

    attempts: what somebody wanted to share, and whether it was let.
    """

    app: App
    roles: Mapping[str, Role]
    rows: tuple[Record, ...]
    readers: tuple[tuple[Context, Reader], ...]
    attempts: tuple[tuple[Shared, bool], ...] = ()

    @property
    def shares(self) -> list[Shared]:
        """What was shared; the last time with the same receiver counts."""
        let = [wanted for wanted, done in self.attempts if done]
        return list({(one.sharer.user, one.record, one.receiver): one for one in let}.values())


@pytest.fixture(scope="module")
def world(module_app_from: AppFactory) -> World:
    chance = random.Random(SEED)
    roles = {role.name: role for role in generated_roles(chance)}
    app = module_app_from(APP + "".join(role.text() for role in roles.values()))
    for below, above in (("North", "Europe"), ("Europe", "World")):
        parent = {"id": str(team_named(app.system, above)), "entity": "team"}
        records.update(app.system, "team", [Change(team_named(app.system, below), {"parent": parent})])
    readers = [reader(app, number, chance, list(roles)) for number in range(READERS)]
    users = [str(context.principal.user) for context, _ in readers]
    world = World(app, roles, tuple(rows(app, chance, users)), tuple(readers))
    return replace(world, attempts=tuple(attempt(world, chance) for _ in range(ATTEMPTS)))


def attempt(world: World, chance: random.Random) -> tuple[Shared, bool]:
    """Somebody tries to share a record with somebody, and is let or not."""
    context, sharer = chance.choice(world.readers)
    other = chance.choice(world.readers)[0].principal
    kind = chance.choice(["user", "team", "role"])
    receiver = {"user": other.user, "team": other.teams[0], "role": chance.choice(list(world.roles))}[kind]
    wanted = Shared(sharer, chance.choice(world.rows)["id"], str(receiver), chance.choice(["read", "update"]))
    named = (None, str(receiver)) if kind == "role" else (Ref(kind, receiver), None)
    try:
        records.share(context, "deal", UUID(wanted.record), Sharing(*named, wanted.verb))
    except (Forbidden, NotFound, Invalid):
        return wanted, False
    return wanted, True


def reader(app: App, number: int, chance: random.Random, roles: list[str]) -> tuple[Context, Reader]:
    held = chance.sample(roles, k=chance.randint(1, 3))
    context = app.context_for(f"Reader {number}", held, [chance.choice(["North", "South", "Europe"])])
    principal = context.principal
    teams = frozenset(map(str, principal.teams))
    receives = {str(principal.user), *teams, *principal.roles, *map(str, principal.teams_above)}
    return context, Reader(str(principal.user), teams, principal.roles, frozenset(receives))


def rows(app: App, chance: random.Random, users: list[str]) -> Iterable[Record]:
    """Accounts and deals of many owners, and what the oracle has to know of each deal."""
    sizes = [1, 5, 9, None]
    sent = [{"name": f"A{n}", "size": chance.choice(sizes), "owner": chance.choice(users)} for n in range(6)]
    accounts = [str(written.id) for written in records.create(app.system, "account", sent)]
    known = dict(zip(accounts, sent, strict=True))
    deals = [deal(chance, users, accounts, number) for number in range(DEALS)]
    written = records.create(app.system, "deal", deals)
    about = [{"body": "Said", "regarding": {"id": str(one.id), "entity": "deal"}} for one in written]
    records.create(app.system, "comment", about)
    shown = {record["id"]: record for record in records.list(app.system, "deal", Query(limit=1000)).data}
    for values, one in zip(deals, written, strict=True):
        account = known.get(values["account"], {"owner": None, "size": None})
        team = (shown[str(one.id)]["team"] or {}).get("id")
        behind = {"account_owner": account["owner"], "account_size": account["size"]}
        yield values | behind | {"id": str(one.id), "team": team}


def deal(chance: random.Random, users: list[str], accounts: list[str], number: int) -> dict[str, Any]:
    return {
        "name": f"D{number}",
        "account": chance.choice([*accounts, None]),
        "amount": chance.choice([-5, 0, 10, 30, 70, None]),
        "stage": chance.choice([*STAGES, None]),
        "note": chance.choice(["x", "y", None]),
        "owner": chance.choice(users),
    }


# --- the oracle


def held(world: World, reader: Reader) -> list[Role]:
    return [role for role in world.roles.values() if role.name in reader.roles]


def denied(world: World, reader: Reader, row: Record, verb: str) -> bool:
    roles = held(world, reader)
    return any(verb in role.deny and role.deny[verb].holds(row, reader) is not False for role in roles)


def granted(role: Role, reader: Reader, row: Record, verb: str) -> bool:
    condition: Condition = getattr(role, verb)
    return condition.holds(row, reader) is True


def free(role: Role, reader: Reader, row: Record, name: str) -> bool:
    return name not in role.fields or role.fields[name].holds(row, reader) is True


def by_roles(world: World, reader: Reader, row: Record, verb: str) -> bool:
    roles = held(world, reader)
    return not denied(world, reader, row, verb) and any(granted(role, reader, row, verb) for role in roles)


def usable(world: World, reader: Reader, row: Record, verb: str) -> list[Reader]:
    """Those who shared a record with somebody and may do as much themselves."""
    return [
        share.sharer
        for share in world.shares
        if share.record == row["id"] and share.receiver in reader.receives and share.verb in {verb, "update"}
        if by_roles(world, share.sharer, row, verb)
    ]


def may(world: World, reader: Reader, row: Record, verb: str) -> bool:
    if denied(world, reader, row, verb):
        return False
    return by_roles(world, reader, row, verb) or bool(usable(world, reader, row, verb))


def may_read(world: World, reader: Reader, row: Record) -> bool:
    return may(world, reader, row, "read")


def shown_by_roles(world: World, reader: Reader, row: Record, name: str) -> bool:
    roles = held(world, reader)
    return any(granted(role, reader, row, "read") and free(role, reader, row, name) for role in roles)


def may_read_field(world: World, reader: Reader, row: Record, name: str) -> bool:
    if shown_by_roles(world, reader, row, name):
        return True
    shown = any(shown_by_roles(world, one, row, name) for one in usable(world, reader, row, "read"))
    return shown and any(free(role, reader, row, name) for role in held(world, reader))


def allowed(world: World, reader: Reader) -> dict[str, dict[str, Any]]:
    """What the reader sees: id → guarded field → value, None where it may not be seen."""
    readable = [row for row in world.rows if may_read(world, reader, row)]
    return {
        row["id"]: {name: row[name] if may_read_field(world, reader, row, name) else None for name in GUARDED}
        for row in readable
    }


# --- the comparison


def listed(context: Context) -> dict[str, dict[str, Any]]:
    """What the list shows; a field that is not there for the reader counts as None."""
    try:
        found = records.list(context, "deal", Query(limit=1000)).data
    except Forbidden:
        return {}
    return {record["id"]: {name: record.get(name) for name in GUARDED} for record in found}


def got(context: Context, row: Record) -> dict[str, Any] | None:
    try:
        record = records.get(context, "deal", row["id"])
    except NotFound:
        return None
    return {name: record.get(name) for name in GUARDED}


def counted(context: Context) -> tuple[int | None, int]:
    try:
        page = records.list(context, "deal", Query(limit=1, count="exact"))
        [group] = records.aggregate(context, "deal", Query())
    except Forbidden:
        return 0, 0
    return page.count, group.measures["count"]


@pytest.mark.parametrize("number", range(READERS))
def test_a_list_shows_exactly_what_the_oracle_allows(world: World, number: int) -> None:
    context, reader = world.readers[number]
    assert listed(context) == allowed(world, reader)


@pytest.mark.parametrize("number", range(READERS))
def test_a_record_alone_shows_exactly_what_the_oracle_allows(world: World, number: int) -> None:
    context, reader = world.readers[number]
    expected = allowed(world, reader)
    assert {row["id"]: got(context, row) for row in world.rows} == {
        row["id"]: expected.get(row["id"]) for row in world.rows
    }


@pytest.mark.parametrize("number", range(READERS))
def test_counts_are_those_of_the_oracle(world: World, number: int) -> None:
    context, reader = world.readers[number]
    size = len(allowed(world, reader))
    assert counted(context) == (size, size)


@pytest.mark.parametrize("number", range(READERS))
def test_comments_are_those_on_the_records_that_the_oracle_allows(world: World, number: int) -> None:
    context, reader = world.readers[number]
    about = [comment["regarding"]["id"] for comment in commented(context)]
    assert sorted(about) == sorted(allowed(world, reader))


def commented(context: Context) -> list[dict[str, Any]]:
    """The comments that the list shows, which are as many as it counts."""
    found = records.list(context, "comment", Query(limit=1000, count="exact"))
    assert found.count == len(found.data)
    return found.data


@pytest.mark.parametrize("name", GUARDED)
@pytest.mark.parametrize("number", range(READERS))
def test_filters_and_groups_see_only_what_the_oracle_shows(world: World, number: int, name: str) -> None:
    context, reader = world.readers[number]
    expected = [values[name] for values in allowed(world, reader).values()]
    assert grouped(context, name) == tally(expected)
    assert filtered(context, name) == {"known": len([v for v in expected if v is not None])}


def tally(values: Iterable[Any]) -> dict[Any, int]:
    found = list(values)
    return {value: found.count(value) for value in found}


def readable(context: Context, name: str) -> bool:
    """Whether the field is there for the reader at all."""
    from fieldstone.access.grants import access

    granted = access(context.model, context.principal, "deal")
    return granted.read.constant is not False and granted.field_read(name).constant is not False


def grouped(context: Context, name: str) -> dict[Any, int]:
    if not readable(context, name):
        return tally([None] * counted(context)[1])
    groups = records.aggregate(context, "deal", Query(), (name,), {"count": Measure("count")})
    return {group.by[name]: group.measures["count"] for group in groups}


def filtered(context: Context, name: str) -> dict[str, int | None]:
    if not readable(context, name):
        return {"known": 0}
    return {"known": records.list(context, "deal", Query(where=f"{name} != null", count="exact")).count}


def test_only_those_share_who_may_and_for_what_they_may_do_themselves(world: World) -> None:
    rows_by_id = {row["id"]: row for row in world.rows}

    def let(wanted: Shared) -> bool:
        row, needed = rows_by_id[wanted.record], {"read", "share", wanted.verb}
        itself = wanted.receiver == wanted.sharer.user
        return not itself and all(by_roles(world, wanted.sharer, row, verb) for verb in needed)

    assert [done for _, done in world.attempts] == [let(wanted) for wanted, _ in world.attempts]


@pytest.mark.parametrize("number", range(READERS))
def test_an_export_and_a_related_list_show_exactly_what_the_oracle_allows(world: World, number: int) -> None:
    context, reader = world.readers[number]
    expected = allowed(world, reader)
    assert exported(context) == expected
    row = world.rows[number]
    same = {
        one["id"] for one in world.rows if one["account"] is not None and one["account"] == row["account"]
    }
    assert related(context, row["account"]) == same & expected.keys()


def exported(context: Context) -> dict[str, dict[str, Any]]:
    try:
        found = [orjson.loads(line) for line in records.each_json(context, "deal", Query())]
    except Forbidden:
        return {}
    return {record["id"]: {name: record.get(name) for name in GUARDED} for record in found}


def related(context: Context, account: str | None) -> set[str]:
    """The deals of an account; of none, no deals."""
    wanted = UUID(int=0) if account is None else UUID(account)
    try:
        found = records.list(context, "deal", Query(limit=1000, related=("account", Ref("account", wanted))))
    except Forbidden:
        return set()
    return {record["id"] for record in found.data}


@pytest.mark.parametrize("number", range(READERS))
def test_what_is_judged_in_python_is_what_the_oracle_allows(world: World, number: int) -> None:
    """The history, the readers of a record, and the right to change it."""
    context, reader = world.readers[number]
    expected = allowed(world, reader)
    for row in world.rows[number * 3 :][:4]:
        assert remembered(context, row) == (row["id"] in expected)
        assert records.who_may_read(world.app.system, "deal", UUID(row["id"]), [context.principal.user]) == [
            context.principal.user for _ in range(row["id"] in expected)
        ]
        assert changeable(context, row) == (row["id"] in expected and may(world, reader, row, "update"))


def remembered(context: Context, row: Record) -> bool:
    try:
        return bool(records.history(context, "deal", UUID(row["id"])))
    except NotFound:
        return False


def changeable(context: Context, row: Record) -> bool:
    try:
        return records.rights(context, "deal", UUID(row["id"])).update
    except NotFound:
        return False


def test_the_generated_shares_matter(world: World) -> None:
    gained = [
        row["id"]
        for _, reader in world.readers
        for row in world.rows
        if may_read(world, reader, row) and not by_roles(world, reader, row, "read")
    ]
    assert len(world.shares) > 8
    assert len(gained) > 4


def test_the_generated_world_is_neither_open_nor_closed(world: World) -> None:
    sizes = [len(allowed(world, reader)) for _, reader in world.readers]
    assert len(set(sizes)) > 3
    hidden = [
        value
        for _, reader in world.readers
        for values in allowed(world, reader).values()
        for value in values.values()
    ]
    assert 0.1 < hidden.count(None) / len(hidden) < 0.9
