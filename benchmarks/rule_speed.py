"""How fast rules are: the same condition by each evaluator and by hand, and a rule file read and checked."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from fieldstone_metadata import check, core_layer, read_layer
from fieldstone_rules import (
    Environment,
    Purpose,
    Ref,
    Schema,
    Scope,
    check_expression,
    compile_closure,
    compile_python,
)
from fieldstone_rules.rule_files import RuleFiles

HERE = Path(__file__).parent
RECORDS = 2_000
CONDITION = (
    'owner == user and stage not in ["won", "lost"] and amount >= 10000 and (discount ?? 0) < 50 '
    'and (next_step == null or next_step != "Call back")'
)
CLOSED = frozenset({"won", "lost"})
ME = Ref("user", UUID(int=1))
Evaluate = Callable[[Environment], Any]


def by_hand(facts: Environment) -> bool:
    """The condition as somebody would write it in Python, with the same idea of what is unknown."""
    record = facts.record
    assert record is not None
    amount, discount = record["amount"], record["discount"]
    return (
        record["owner"] == facts.user
        and record["stage"] not in CLOSED
        and amount is not None
        and amount >= 10000
        and (0 if discount is None else discount) < 50
        and (record["next_step"] is None or record["next_step"] != "Call back")
    )


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Scenario → its figures: `ratio` to the times of the condition by hand, `milliseconds` of a check."""
    world = _world()
    expression = check_expression(CONDITION, Scope(world, "opportunity", Purpose.CONDITION))
    evaluators = {"generated": compile_python(expression), "closures": compile_closure(expression)}
    facts, records = Environment(user=ME), _records()
    for evaluate in evaluators.values():
        _require_agreement(evaluate, facts, records)
    contestants = {"by hand": by_hand, **evaluators}
    times = [
        {name: _seconds(evaluate, facts, records) for name, evaluate in contestants.items()}
        for _ in range(rounds)
    ]
    found = {
        f"rule_{name}": {"ratio": round(statistics.median(one[name] / one["by hand"] for one in times), 2)}
        for name in evaluators
    }
    return found | {"rule_file": {"lines": 30, "milliseconds": _checking(world, rounds)}}


def _world() -> Schema:
    application = check([core_layer(), read_layer(HERE / "app")]).application
    assert application is not None
    return application.schema


def _records() -> list[dict[str, Any]]:
    chance = random.Random(1)
    return [
        {
            "owner": chance.choice([ME, ME, ME, Ref("user", UUID(int=2))]),
            "stage": chance.choice(["prospecting", "qualified", "negotiation", "won"]),
            "amount": chance.choice([None, Decimal(chance.randrange(1000, 90_000))]),
            "discount": chance.choice([None, Decimal(5), Decimal(60)]),
            "next_step": chance.choice([None, "Call back", "Send the offer"]),
        }
        for _ in range(RECORDS)
    ]


def _require_agreement(evaluate: Evaluate, facts: Environment, records: list[dict[str, Any]]) -> None:
    for record in records:
        facts.record = record
        if evaluate(facts) is not by_hand(facts):
            raise RuntimeError(f"not the same condition: {record}")


def _seconds(evaluate: Evaluate, facts: Environment, records: list[dict[str, Any]]) -> float:
    started = time.process_time()
    for _ in range(10):
        for record in records:
            facts.record = record
            evaluate(facts)
    return time.process_time() - started


def _checking(world: Schema, rounds: int) -> float:
    """Milliseconds to read and check a file of 30 lines, the parser being warm."""
    text = (HERE / "speed.rules").read_text()
    taken = []
    for _ in range(rounds + 1):
        started = time.process_time()
        problems = RuleFiles({"speed": text}, world).check().problems["speed"]  # type: ignore[arg-type]  # a whole world
        taken.append(time.process_time() - started)
        errors = [problem for problem in problems if problem.severity == "error"]
        if errors:
            raise RuntimeError(f"the rule file is wrong: {errors}")
    return round(statistics.median(taken[1:]) * 1000, 2)
