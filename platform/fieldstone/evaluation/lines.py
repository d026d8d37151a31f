"""Expressions that come as lines of JSON, each answered by one line: `fieldstone eval --stdin`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, BinaryIO

import orjson
import structlog

from fieldstone.database.database import Database
from fieldstone.errors import FieldstoneError, Malformed
from fieldstone.evaluation.batches import Line, batches
from fieldstone.evaluation.outcome import Outcome, Prepared, in_database, outcome_of, prepare
from fieldstone.evaluation.world import World, world_of_fields
from fieldstone.evaluation.written_types import type_name
from fieldstone_rules import EvaluationError, Problem, RuleError

Answer = dict[str, Any]
Failure = RuleError | EvaluationError | FieldstoneError

LONGEST_LINE = 1024 * 1024
_BATCH = 100
_log = structlog.get_logger(__name__)
_KEYS = frozenset({"expression", "fields", "record"})


@dataclass(frozen=True)
class _Request:
    """What one line asks."""

    source: str
    fields: Mapping[str, Any] | None
    record: Mapping[str, Any]


def answers(database: Database, world: World, file: BinaryIO, *, trace: bool) -> Iterator[Answer]:
    """The answer to each line of a file, whatever it holds.

    Lines that are there together are asked of the database together; nobody waits for a line that is not
    there yet. world: what a line without `fields` is about.
    """
    for lines in batches(file, LONGEST_LINE, _BATCH):
        yield from _answers(database, world, lines, trace=trace)


def _answers(database: Database, world: World, lines: Sequence[Line], *, trace: bool) -> list[Answer]:
    now = datetime.now(UTC)
    prepared = [_attempt(partial(_prepared, world, line, now)) for line in lines]
    asked = [found for found in prepared if isinstance(found, Prepared) and found.query is not None]
    values = dict(zip(map(id, asked), in_database(database, asked), strict=True)) if asked else {}
    return [_answer(found, values, trace=trace) for found in prepared]


def _prepared(world: World, line: Line, now: datetime) -> Prepared:
    request = _request(line)
    about = world if request.fields is None else _world_of(orjson.dumps(request.fields))
    return prepare(about, request.source, request.record, now)


@lru_cache(maxsize=1024)
def _world_of(fields: bytes) -> World:
    """Lines often have the same fields."""
    return world_of_fields(orjson.loads(fields))


def _answer(found: Prepared | Answer, values: Mapping[int, Any], *, trace: bool) -> Answer:
    if not isinstance(found, Prepared):
        return found
    in_sql = [values[id(found)]] if id(found) in values else []
    if in_sql and isinstance(in_sql[0], FieldstoneError):
        return failure(in_sql[0])
    answered = _attempt(lambda: result(outcome_of(found, *in_sql, trace=trace), trace=trace))
    assert not isinstance(answered, Prepared)
    return answered


def _attempt(work: Callable[[], Prepared | Answer]) -> Prepared | Answer:
    """What comes of some work, or the answer that tells why nothing does."""
    try:
        return work()
    except (RuleError, EvaluationError, FieldstoneError) as error:
        return failure(error)
    except Exception:  # whatever one line brings about, the next one is answered
        _log.exception("evaluation.failed")
        return {"error": {"code": "internal", "message": "This cannot be evaluated; the log says why."}}


def _request(line: Line) -> _Request:
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
