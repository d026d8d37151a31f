"""Conditions of generated roles: each is a text for the product and, beside it, its meaning in plain Python.

The meaning is a function of the world as it is, a record, and whoever asks. It gives None for unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fieldstone_testing.permissions.worlds import Person, Record, State

Truth = bool | None
Meaning = Callable[["State", "Record", "Person"], Truth]


@dataclass(frozen=True)
class Condition:
    """A condition: its text and its meaning."""

    text: str
    holds: Meaning = field(repr=False, compare=False)


def less(text: str, value: Callable[[State, Record], Any], limit: int) -> Condition:
    """`text < limit`, unknown without a value."""

    def holds(state: State, record: Record, _: Person) -> Truth:
        found = value(state, record)
        return None if found is None else bool(found < limit)

    return Condition(f"{text} < {limit}", holds)


def equal(name: str, value: str | int | None) -> Condition:
    """`name == value`, which is never unknown."""
    written = "null" if value is None else f'"{value}"' if isinstance(value, str) else value
    return Condition(f"{name} == {written}", lambda _, record, __: record[name] == value)


def behind(state: State, record: Record, reference: str, name: str) -> Any:
    """A value behind a reference, None where there is nothing."""
    target = state.target(record, reference)
    return None if target is None else target[name]


TRUE = Condition("true", lambda *_: True)
FALSE = Condition("false", lambda *_: False)
OWN = Condition("owner == user", lambda _, record, who: record["owner"] == who.name)
TEAM = Condition("team in user.teams", lambda _, record, who: record["team"] in who.teams)
MADE = Condition("created_by == user", lambda _, record, who: record["created_by"] == who.name)
ROLE = Condition('has_role("role_1")', lambda _, __, who: "role_1" in who.roles)
ACCOUNT_OWN = Condition(
    "account.owner == user",
    lambda state, record, who: behind(state, record, "account", "owner") == who.name,
)
ACCOUNT_TEAM = Condition(
    "account.team in user.teams",
    lambda state, record, who: behind(state, record, "account", "team") in who.teams,
)

_EVERYWHERE = [TRUE, FALSE, OWN, TEAM, MADE, ROLE]

ATOMS: dict[str, list[Condition]] = {
    "account": [
        *_EVERYWHERE,
        less("size", lambda _, record: record["size"], 5),
        equal("size", None),
        Condition(
            "exists(deals where owner == user)",
            lambda state, record, who: any(
                deal["owner"] == who.name for deal in state.referring("deal", "account", record)
            ),
        ),
        less("count(deals)", lambda state, record: len(state.referring("deal", "account", record)), 2),
    ],
    "contact": [
        *_EVERYWHERE,
        ACCOUNT_OWN,
        equal("phone", None),
        equal("phone", "ant"),
        equal("account", None),
        Condition(
            'exists(seated where note == "ant")',
            lambda state, record, _: any(deal["note"] == "ant" for deal in state.seated(record)),
        ),
        Condition(
            'exists(deals where stage == "won")',
            lambda state, record, _: any(deal["stage"] == "won" for deal in state.linking(record)),
        ),
    ],
    "deal": [
        *_EVERYWHERE,
        ACCOUNT_OWN,
        ACCOUNT_TEAM,
        *(less("amount", lambda _, record: record["amount"], limit) for limit in (0, 10, 50)),
        *(equal("stage", stage) for stage in ("open", "won")),
        equal("note", None),
        equal("note", "ant"),
        equal("account", None),
        less("account.size", lambda state, record: behind(state, record, "account", "size"), 5),
        less("parent.amount", lambda state, record: behind(state, record, "parent", "amount"), 20),
        less("salary", lambda _, record: record["salary"], 3),
        Condition(
            "parent.account.owner == user",
            lambda state, record, who: (
                (parent := state.target(record, "parent")) is not None
                and behind(state, parent, "account", "owner") == who.name
            ),
        ),
        Condition(
            "exists(contacts where owner == user)",
            lambda state, record, who: any(one["owner"] == who.name for one in state.linked(record)),
        ),
        Condition(
            "exists(people where owner == user)",
            lambda state, record, who: any(one["owner"] == who.name for one in state.people(record)),
        ),
        less("count(seats)", lambda state, record: len(state.seats("deal", record)), 1),
        less("sum(lines.price)", lambda state, record: state.total(record), 6),
        Condition(
            "exists(lines where exists(parts where price == 2))",
            lambda state, record, _: any(
                part["price"] == 2 for line in state.inside(record) for part in state.inside(line)
            ),
        ),
        less("count(children)", lambda state, record: len(state.referring("deal", "parent", record)), 1),
    ],
    "seat": [
        *_EVERYWHERE,
        equal("duty", None),
        equal("duty", "x"),
        Condition(
            "deal.owner == user",
            lambda state, record, who: behind(state, record, "deal", "owner") == who.name,
        ),
        Condition(
            "contact.owner == user",
            lambda state, record, who: behind(state, record, "contact", "owner") == who.name,
        ),
        Condition(
            "exists(deal.people where phone == null)",
            lambda state, record, _: any(
                one["phone"] is None for one in state.people(state.records[record["deal"]])
            ),
        ),
    ],
    "line": [
        TRUE,
        FALSE,
        less("price", lambda _, record: record["price"], 5),
        Condition(
            "deal.owner == user",
            lambda state, record, who: behind(state, record, "deal", "owner") == who.name,
        ),
        less("count(parts)", lambda state, record: len(state.inside(record)), 1),
    ],
    "part": [
        TRUE,
        FALSE,
        less("price", lambda _, record: record["price"], 5),
        less("line.price", lambda state, record: behind(state, record, "line", "price"), 5),
        Condition(
            "line.deal.owner == user",
            lambda state, record, who: (state.outermost(record) or {}).get("owner") == who.name,
        ),
    ],
}


def negated(condition: Condition) -> Condition:
    """`not`: what is unknown stays so."""

    def holds(state: State, record: Record, who: Person) -> Truth:
        value = condition.holds(state, record, who)
        return None if value is None else not value

    return Condition(f"not ({condition.text})", holds)


def conjunction(left: Condition, right: Condition) -> Condition:
    """`and`: false if one is false, else unknown if one is unknown."""

    def holds(state: State, record: Record, who: Person) -> Truth:
        values = {left.holds(state, record, who), right.holds(state, record, who)}
        return False if False in values else None if None in values else True

    return Condition(f"({left.text}) and ({right.text})", holds)


def disjunction(left: Condition, right: Condition) -> Condition:
    """`or`: true if one is true, else unknown if one is unknown."""

    def holds(state: State, record: Record, who: Person) -> Truth:
        values = {left.holds(state, record, who), right.holds(state, record, who)}
        return True if True in values else None if None in values else False

    return Condition(f"({left.text}) or ({right.text})", holds)
