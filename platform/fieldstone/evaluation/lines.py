"""Expressions that come as lines of JSON, each answered by one line: `fieldstone eval --stdin`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

import orjson

from fieldstone.database.database import Database
from fieldstone.errors import FieldstoneError, Malformed
from fieldstone.evaluation.outcome import Outcome, evaluate
from fieldstone.evaluation.world import World, world_of_fields
from fieldstone.evaluation.written_types import type_name
from fieldstone_rules import EvaluationError, Problem, RuleError

Answer = dict[str, Any]
Failure = RuleError | EvaluationError | FieldstoneError

LONGEST_LINE = 1024 * 1024
_KEYS = frozenset({"expression", "fields", "record"})


@dataclass(frozen=True)
class _Request:
    """What one line asks."""

    source: str
    fields: Mapping[str, Any] | None
    record: Mapping[str, Any]


def answers(database: Database, world: World, file: BinaryIO, *, trace: bool) -> Iterator[Answer]:
    """The answer to each line of a file, whatever it holds.

    world: what a line without `fields` is about.
    """
    for line in _lines(file):
        yield _answer(database, world, line, trace=trace)


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """Each line; None in place of one that is too long, which is never held in memory."""
    while line := file.readline(LONGEST_LINE + 1):
        complete = len(line) <= LONGEST_LINE or line.endswith(b"\n")
        yield line if complete else None
        while not complete:
            rest = file.readline(LONGEST_LINE)
            complete = not rest or rest.endswith(b"\n")


def _answer(database: Database, world: World, line: bytes | None, *, trace: bool) -> Answer:
    try:
        request = _request(line)
        about = world if request.fields is None else world_of_fields(request.fields)
        outcome = evaluate(database, about, request.source, request.record, trace=trace)
    except (RuleError, EvaluationError, FieldstoneError) as error:
        return failure(error)
    return result(outcome, trace=trace)


def _request(line: bytes | None) -> _Request:
    """What a line asks. Raises Malformed."""
    if line is None:
        raise Malformed(f"A line has at most {LONGEST_LINE:,} bytes.", code="too_long")
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"The line is no JSON: {error}", code="broken_json") from None
    if not isinstance(value, dict) or not isinstance(value.get("expression"), str):
        raise Malformed('A line is a JSON object with the text "expression".')
    unknown = sorted(value.keys() - _KEYS)
    if unknown:
        raise Malformed(f"There is no key “{unknown[0][:80]}”.", code="unknown_key")
    return _Request(value["expression"], _object(value, "fields"), _object(value, "record") or {})


def _object(value: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    found = value.get(key)
    if found is not None and not isinstance(found, dict):
        raise Malformed(f"“{key}” is a JSON object.")
    return found


# ---- answers


def result(outcome: Outcome, *, trace: bool) -> Answer:
    """`{"type", "value"}`, with `"disagree": true` and what each evaluator said where they differ."""
    answer: Answer = {"type": type_name(outcome.type), "value": outcome.value}
    if outcome.disagree:
        answer |= {"disagree": True, "values": dict(outcome.values)}
    if trace:
        answer["trace"] = [asdict(step) for step in outcome.trace]
    return answer


def failure(error: Failure) -> Answer:
    """`{"error": {"code", "message", …}}`: the first problem, and all of them under `errors`."""
    if isinstance(error, RuleError):
        problems = [_problem(problem) for problem in error.problems]
        return {"error": {**problems[0], "errors": problems}}
    found: Answer = {"code": error.code, "message": str(error)}
    if isinstance(error, EvaluationError):
        found |= {"line": error.line, "column": error.column}
    return {"error": found}


def _problem(problem: Problem) -> Answer:
    found: Answer = {"code": problem.code, "message": problem.message}
    found |= {"line": problem.line, "column": problem.column}
    return found | ({"hint": problem.hint} if problem.hint else {})
