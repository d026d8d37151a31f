# ruff: noqa: E501 - one shape of expression a line reads best
"""Random typed expressions and hostile records, for the differential tests."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from fieldstone_rules import Duration, Ref

from .evaluators import ME, MY_TEAM, row_of

Sources = st.SearchStrategy[str]

TEXTS = ["", " ", "a", "A", "ab", "%", "_", "\\", "100%", "a_b", "ß", "SS", "ÄÖ", "äö", "İ", "Σίσυφος", "é", "e\u0301",
         "😀", "\ud7ff", "won", "'", '"', "{x}", "a\tb\n"]  # fmt: skip
INTEGERS = [0, 1, -1, 2, 3, 7, 10, 100, -5, 2**31, -(2**31), 2**53 + 1, 2**63 - 1, -(2**63)]
DECIMALS = [
    Decimal(text)
    for text in ("0", "1", "-1", "0.5", "-0.5", "2.345", "-2.345", "0.000001", "99999999999999.999999")
]
DATES = [
    date(2024, 2, 29),
    date(2026, 1, 31),
    date(2026, 3, 29),
    date(2026, 12, 31),
    date(1, 1, 1),
    date(9999, 12, 31),
]
MOMENTS = [
    datetime(2026, 3, 29, 0, 59, 59, 999999, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime(2026, 1, 30, 23, 30, tzinfo=UTC),
    datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=UTC),
]
TIMES = [time(0), time(8, 30), time(23, 59, 59, 999999)]
SPANS = [
    Duration(),
    Duration(days=1),
    Duration(days=-3),
    Duration(microseconds=1),
    Duration(days=1, microseconds=-5),
]
PLACES: list[dict[str, Any]] = [
    {"city": "Ærø", "floor": Decimal("2.5")},
    {"city": "a", "floor": None},
    {"floor": Decimal(-1)},
    {},
]
STAGES = ["prospecting", "negotiation", "won", "lost"]


def world_records(seed: int = 7) -> tuple[dict[str, list[dict[str, Any]]], list[tuple[UUID, UUID]]]:
    """Records with everything that is awkward: nulls, missing hops, empty collections, turned clocks,
    deleted lines, and deleted opportunities with those that went with them.
    """
    dice = random.Random(seed)

    def maybe(values: list[Any]) -> Any:
        return None if dice.random() < 0.2 else dice.choice(values)

    users = [_row("user", 101 + i, name=maybe(TEXTS), email=maybe(TEXTS)) for i in range(4)]
    for user in users:
        user["manager"] = maybe([Ref("user", other["id"]) for other in users])
    accounts = [
        _row("account", 301 + i, name=dice.choice(TEXTS), country=maybe(TEXTS), employees=maybe(INTEGERS),
             owner=maybe([Ref("user", user["id"]) for user in users]), place=maybe(PLACES))
        for i in range(5)
    ]  # fmt: skip
    for account in accounts:
        account["parent"] = maybe([Ref("account", other["id"]) for other in accounts])
    opportunities = [_opportunity(i, maybe, dice, users, accounts) for i in range(24)]
    for opportunity in opportunities[:16:3]:
        opportunity["deleted_at"] = MOMENTS[0]
    lines = [
        _row("line", 501 + i, opportunity=Ref("opportunity", dice.choice(opportunities[:16])["id"]), name=maybe(TEXTS),
             quantity=maybe(INTEGERS[:10]), price=maybe(DECIMALS), due=maybe(DATES),
             deleted_at=MOMENTS[0] if dice.random() < 0.2 else None)
        for i in range(40)
    ]  # fmt: skip
    contacts = [_row("contact", 401 + i, name=maybe(TEXTS)) for i in range(6)]
    targets = [Ref("account", a["id"]) for a in accounts] + [
        Ref("opportunity", o["id"]) for o in opportunities
    ]
    notes = [_row("note", 601 + i, text=maybe(TEXTS), regarding=maybe(targets)) for i in range(20)]
    pairs = {(dice.choice(opportunities)["id"], dice.choice(contacts)["id"]) for _ in range(30)}
    records = {"opportunity": opportunities, "user": users, "account": accounts, "line": lines, "contact": contacts,
               "note": notes, "team": [_row("team", 201, name="mine")]}  # fmt: skip
    return records, sorted(pairs)


def _row(entity: str, number: int, **values: Any) -> dict[str, Any]:
    return {**row_of(entity, {}), "id": UUID(int=number), **values}


def _opportunity(
    number: int, maybe: Callable[[list[Any]], Any], dice: random.Random, users: list[Any], accounts: list[Any]
) -> dict[str, Any]:
    return _row(
        "opportunity",
        1 + number,
        name=maybe(TEXTS),
        code=dice.choice(TEXTS),
        account=maybe([Ref("account", account["id"]) for account in accounts]),
        owner=maybe([Ref("user", user["id"]) for user in users] + [Ref("user", ME)]),
        team=maybe([Ref("team", MY_TEAM), Ref("team", UUID(int=202))]),
        amount=maybe(DECIMALS),
        currency=maybe(["EUR", "USD"]),
        amount__base=maybe(DECIMALS),
        quantity=maybe(INTEGERS),
        count=dice.choice(INTEGERS),
        rate=maybe(DECIMALS),
        discount=maybe(DECIMALS[:6]),
        active=maybe([True, False]),
        flag=dice.choice([True, False]),
        close_date=maybe(DATES),
        opened=dice.choice(DATES),
        seen_at=maybe(MOMENTS),
        alarm=maybe(TIMES),
        pause=maybe(SPANS),
        tags=maybe([(), ("a",), ("a", "won"), ("%", "")]),
        stage=maybe(STAGES),
        place=maybe(PLACES),
    )


# ---- expressions


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t")
    return f"'{escaped}'"


def _leaves() -> dict[str, Sources]:
    return {
        "integer": st.sampled_from(
            ["quantity", "count", "account.employees", "0", "1", "-1", "3", "10", "100", "9223372036854775807",
             "stage.probability", "null ?? quantity", "account.size"]
        ),
        "decimal": st.sampled_from(["rate", "place.floor", "account.place.floor", "0.5", "-2.345", "1.000001", "sum(lines.price)", "100.0"]),
        "text": st.one_of(
            st.sampled_from(["name", "code", "account.name", "place.city", "account.place.city", "owner.email", "account.owner.manager.name", "stage",
                             "first(lines.name order by -price)", "first(contacts.name)"]),
            st.sampled_from(TEXTS).map(_quoted),
        ),
        "boolean": st.sampled_from(["active", "flag", "true", "false", "(active == null)", "(account.owner == user)",
                                    "(place == null)", "(account.place != null)"]),
        "date": st.sampled_from(
            ["close_date", "opened", 'date("2026-01-31")', 'date("2024-02-29")', "today()", "max(lines.due)"]
        ),
        "datetime": st.sampled_from(["seen_at", "now()", 'datetime("2026-10-25T00:30:00Z")']),
        "duration": st.sampled_from(["1 day", "3 days", "36 hours", "90 minutes", "pause", "-(2 weeks)"]),
        "reference": st.sampled_from(["account", "account.parent", "first(notes order by text).regarding as account"]).map(
            lambda leaf: f"({leaf})" if " as " in leaf else leaf
        ),
    }  # fmt: skip


def _filled(*shapes: str, **parts: Sources) -> Sources:
    return st.builds(
        lambda shape, values: shape.format(**values), st.sampled_from(shapes), st.fixed_dictionaries(parts)
    )


def expressions(depth: int) -> dict[str, Sources]:
    """Expressions of each kind that are nested at most `depth` deep."""
    leaves = _leaves()
    if depth == 0:
        return leaves
    e = expressions(depth - 1)
    number = st.one_of(e["integer"], e["decimal"])
    row = _row_conditions()
    grown: dict[str, Sources] = {
        "integer": st.one_of(
            _filled("({a} + {b})", "({a} - {b})", "({a} * {b})", "({a} % {b})", "({a} ?? {b})", "min({a}, {b})",
                    "max({a}, {b})", "clamp({a}, {b}, 7)", "(if {p} then {a} else {b})",
                    a=e["integer"], b=e["integer"], p=e["boolean"]),
            _filled("-({a})", "abs({a})", a=e["integer"]),
            _filled("round({a})", "floor({a})", "ceil({a})", a=number),
            _filled("len({a})", a=e["text"]),
            _filled("year({a})", "month({a})", "day({a})", "weekday({a})", "week({a})", "quarter({a})",
                    a=st.one_of(e["date"], e["datetime"])),
            _filled("days_between({a}, {b})", "months_between({a}, {b})", a=e["date"], b=e["date"]),
            _filled("count(lines where {p})", "sum(lines.quantity where {p})", "max(lines.quantity where {p})",
                    "count(contacts where {p})", "count(opportunity as o where o.account == record.account and {p})",
                    p=row),
        ),
        "decimal": st.one_of(
            _filled("({a} + {b})", "({a} - {b})", "({a} * {b})", "({a} / {b})", "({a} % {b})", "({a} ?? {b})",
                    "(if {p} then {a} else {b})", "min({a}, {b})", a=e["decimal"], b=number, p=e["boolean"]),
            _filled("({a} / {b})", a=e["integer"], b=e["integer"]),
            _filled("round({a}, 2)", "round({a}, -1)", "abs({a})", "-({a})", a=e["decimal"]),
            _filled("average(lines.price where {p})", "min(lines.price where {p})", p=row),
        ),
        "text": st.one_of(
            _filled("({a} + {b})", "({a} ?? {b})", "replace({a}, {b}, 'x')", "(if {p} then {a} else {b})",
                    "min({a}, {b})", a=e["text"], b=e["text"], p=e["boolean"]),
            _filled("lower({a})", "upper({a})", "trim({a})", "left({a}, 2)", "right({a}, -1)", "mid({a}, 0, 2)",
                    "mid({a}, 2, {n})", "left({a}, {n})", a=e["text"], n=e["integer"]),
            _filled('"{{{n}}}-{{{d}}}"', n=st.sampled_from(["quantity", "rate", "active", "name"]),
                    d=st.sampled_from(["close_date", "seen_at", "alarm", "stage"])),
            _filled("join(lines.name {k}, '-')", k=st.sampled_from(["", "order by -price", "order by [due, -name]"])),
        ),
        "boolean": st.one_of(
            _filled("({a} and {b})", "({a} or {b})", "(not {a})", "({a} == {b})", "({a} != {b})",
                    "(if {a} then {b} else {c})", "({a} ?? {b})", a=e["boolean"], b=e["boolean"], c=e["boolean"]),
            *(_compared(kind, e) for kind in ("integer", "decimal", "text", "date", "datetime", "duration")),
            _filled("({a} == {b})", "({a} != {b})", "({a} in [{b}, account])", a=e["reference"], b=e["reference"]),
            _filled("contains({a}, {b})", "starts_with({a}, {b})", "ends_with({a}, {b})", "({a} in tags)",
                    "({a} not in split({b}, 'a'))", a=e["text"], b=e["text"]),
            _filled("exists(lines where {p})", "all(lines where {p})", "(not any(contacts where {p}))",
                    p=row),
            st.just("exists(notes where text == 'a' or (regarding as opportunity).name == record.name)"),
        ),
        "date": st.one_of(
            _filled("({a} + {s})", "({a} - {s})", "(if {p} then {a} else {b})", "({a} ?? {b})", "max({a}, {b})",
                    a=e["date"], b=e["date"], p=e["boolean"],
                    s=st.sampled_from(["1 day", "1 month", "13 months", "1 year", "2 weeks", "36 hours", "pause"])),
            _filled("start_of('{u}', {a})", "end_of('{u}', {a})", a=e["date"],
                    u=st.sampled_from(["week", "month", "quarter", "year"])),
            _filled("date({a})", a=e["datetime"]),
            _filled("date({y}, {m}, {d})", y=e["integer"], m=e["integer"], d=e["integer"]),
        ),
        "datetime": st.one_of(
            _filled("({a} + {s})", "({a} - {s})", a=e["datetime"],
                    s=st.one_of(e["duration"], st.sampled_from(["1 month", "1 year"]))),
            _filled("start_of('{u}', {a})", "end_of('{u}', {a})", a=e["datetime"],
                    u=st.sampled_from(["day", "week", "month", "quarter", "year"])),
            _filled("datetime({a})", a=e["date"]),
        ),
        "duration": st.one_of(
            _filled("({a} + {b})", "({a} - {b})", a=e["duration"], b=e["duration"]),
            _filled("({a} - {b})", a=e["date"], b=e["date"]),
            _filled("({a} - {b})", a=e["datetime"], b=e["datetime"]),
            _filled("duration({n}, '{u}')", n=e["integer"], u=st.sampled_from(["days", "hours", "seconds", "week"])),
        ),
        "reference": _filled("(if {p} then {a} else {b})", "({a} ?? {b})", a=e["reference"], b=e["reference"], p=e["boolean"]),
    }  # fmt: skip
    return {kind: st.one_of(leaves[kind], grown[kind]) for kind in leaves}


def _compared(kind: str, e: dict[str, Sources]) -> Sources:
    return _filled(
        "({a} == {b})", "({a} != {b})", "({a} < {b})", "({a} >= {b})", "({a} between {b} and {c})",
        "(not ({a} > {b}))", "({a} in [{b}, {c}])", "({a} not in [{b}, null])",
        a=e[kind], b=e[kind], c=e[kind],
    )  # fmt: skip


def _row_conditions() -> Sources:
    """Conditions that hold for rows of any collection used above; the outer record is `record`."""
    return st.sampled_from(
        ["true", "name != null", "name == record.name", "name in [record.code, 'a', null]", "not (name > 'a')",
         "record.quantity > 1", "name < record.account.name", "lower(name) == name"]
    )  # fmt: skip
