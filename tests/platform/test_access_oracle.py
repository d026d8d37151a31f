"""Permissions against a naive oracle: generated roles, predicates and rows, judged once more in plain Python.

The oracle knows nothing of expressions or SQL: each condition is generated as text and, beside it, as a
Python function over a record, with None for unknown. What list, get, count and aggregate show has to be
exactly what the oracle allows: no record and no field more or less.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from fieldstone import records
from fieldstone.context import Context
from fieldstone.errors import Forbidden, NotFound
from fieldstone.records import Measure, Query
from fieldstone_testing import App, AppFactory

SEED = 20260308
ROLES = 9
DEALS = 40
READERS = 14
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
    fields: Mapping[str, Condition]
    deny: Condition | None

    def text(self) -> str:
        fields = "".join(f"      {name}: {{read: '{quoted(c.text)}'}}\n" for name, c in self.fields.items())
        deny = f"    deny: {{read: '{quoted(self.deny.text)}'}}\n" if self.deny else ""
        return (
            f"---\nkind: role\nname: {self.name}\ninherits: [{', '.join(self.inherits)}]\nentities:\n"
            f"  account: {{read: true}}\n  deal:\n    read: '{quoted(self.read.text)}'\n"
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
        deny = generated(chance, 1) if chance.random() < 0.3 else None
        roles.append(Role(f"role_{number}", tuple(parents), generated(chance), fields, deny))
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
class World:
    """The application, its roles, its rows as the oracle sees them, and its readers."""

    app: App
    roles: Mapping[str, Role]
    rows: tuple[Record, ...]
    readers: tuple[tuple[Context, Reader], ...]


@pytest.fixture(scope="module")
def world(module_app_from: AppFactory) -> World:
    chance = random.Random(SEED)
    roles = {role.name: role for role in generated_roles(chance)}
    app = module_app_from(APP + "".join(role.text() for role in roles.values()))
    readers = [reader(app, number, chance, list(roles)) for number in range(READERS)]
    users = [str(context.principal.user) for context, _ in readers]
    return World(app, roles, tuple(rows(app, chance, users)), tuple(readers))


def reader(app: App, number: int, chance: random.Random, roles: list[str]) -> tuple[Context, Reader]:
    held = chance.sample(roles, k=chance.randint(1, 3))
    context = app.context_for(f"Reader {number}", held, [chance.choice(["North", "South", "West"])])
    principal = context.principal
    return context, Reader(str(principal.user), frozenset(map(str, principal.teams)), principal.roles)


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


def may_read(world: World, reader: Reader, row: Record) -> bool:
    denied = any(
        role.deny is not None and role.deny.holds(row, reader) is not False for role in held(world, reader)
    )
    return not denied and any(role.read.holds(row, reader) is True for role in held(world, reader))


def may_read_field(world: World, reader: Reader, row: Record, name: str) -> bool:
    return any(
        role.read.holds(row, reader) is True
        and (name not in role.fields or role.fields[name].holds(row, reader) is True)
        for role in held(world, reader)
    )


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
