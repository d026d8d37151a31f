"""`fieldstone eval`: the value of an expression, in every evaluator."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
import orjson

from fieldstone.cli.installation import Installation, opened
from fieldstone.cli.output import error_console
from fieldstone.cli.planning import read_apps
from fieldstone.database.database import Database
from fieldstone.evaluation import NOTHING, Outcome, World, answers, evaluate, failure, result, world_of_model
from fieldstone.model.compile import compile_model
from fieldstone.publication.layers import combined_layers
from fieldstone_metadata import check, render_text
from fieldstone_rules import EvaluationError, Problem, RuleError, caret


@click.command("eval")
@click.argument("expression", required=False)
@click.option("--entity", metavar="ENTITY", help="The entity of the record at hand.")
@click.option("--app", metavar="PATH", help="An app folder or template. Default: what is published.")
@click.option("--record", metavar="JSON", help="The record's fields, as the API writes them; needs --entity.")
@click.option("--trace", is_flag=True, help="Show each part of the expression with its value.")
@click.option("--stdin", "lines", is_flag=True, help="Read one JSON object a line, and print one a line.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as --stdin does.")
def command(
    expression: str | None,
    *,
    entity: str | None,
    app: str | None,
    record: str | None,
    trace: bool,
    lines: bool,
    as_json: bool,
) -> int:
    """Evaluate an expression of the rule language in all evaluators; print its type and value.

    The record is all there is: references lead to no record and collections are empty. With --stdin each line
    is `{"expression", "fields": {name: type}, "record": {name: value}}`, where a type is any that fields have
    in documents: `integer`, `decimal(10, 2)`, `choice(open, closed)`, `list(text)`, `reference(account)`,
    `email` and so on; `integer!` is never null. Or it is the keys of a field: `{"type": "integer",
    "required": true}`. An amount is a number in the record's `currency`, or `{"amount", "currency"}`. A line
    is answered by `{"type", "value"}` or `{"error": {"code", "message"}}`, with values in the API's form.
    `"disagree": true` stands where evaluators differ, which is a fault of Fieldstone.

    Exits with 1 if there is no value; with --stdin only if evaluators disagree.

    \b
    Example:
      fieldstone eval "round(2.345, 2)"
      fieldstone eval "amount > 1000" --app sales --entity opportunity --record '{"amount": "1234.50"}'
      echo '{"expression": "n * 2", "fields": {"n": "integer"}, "record": {"n": 4}}' | fieldstone eval --stdin
    """
    _check_usage(expression, entity, record, lines=lines)
    values = _json_object(record)
    with _opened(entity, app) as (database, world):
        if expression is None:
            return _answer_lines(database, world, trace=trace)
        try:
            outcome = evaluate(database, world, expression, values, trace=trace)
        except (RuleError, EvaluationError) as error:
            return _show_failure(error, expression, as_json=as_json)
    return _show(outcome, as_json=as_json, trace=trace)


def _check_usage(expression: str | None, entity: str | None, record: str | None, *, lines: bool) -> None:
    if (expression is not None) is lines:
        raise click.UsageError("Say either an EXPRESSION or --stdin.")
    if record is not None and (entity is None or lines):
        raise click.UsageError("--record goes with an EXPRESSION and --entity.")


def _json_object(text: str | None) -> Mapping[str, Any]:
    try:
        value = orjson.loads("{}" if text is None else text)
    except orjson.JSONDecodeError as error:
        raise click.UsageError(f"--record is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise click.UsageError('--record is a JSON object such as {"amount": "1234.50"}.')
    return value


@contextmanager
def _opened(entity: str | None, app: str | None) -> Iterator[tuple[Database, World]]:
    """An open database, and the world that --entity and --app describe."""
    world = None if app is None else _world_of_app(app, entity)
    with opened() as installation:
        yield installation.database, world or _published(installation, entity)


def _published(installation: Installation, entity: str | None) -> World:
    return NOTHING if entity is None else world_of_model(installation.model(), entity)


def _world_of_app(app: str, entity: str | None) -> World:
    checked = check(combined_layers(read_apps([app]), ()))
    if checked.application is None:
        click.echo(render_text(checked.errors), err=True)
        raise click.exceptions.Exit(1)
    return world_of_model(compile_model(checked.application, version=0, schema="main"), entity)


def _answer_lines(database: Database, world: World, *, trace: bool) -> int:
    disagreed = False
    for answer in answers(database, world, sys.stdin.buffer, trace=trace):
        click.echo(orjson.dumps(answer))
        disagreed = disagreed or "disagree" in answer
    return 1 if disagreed else 0


def _show(outcome: Outcome, *, as_json: bool, trace: bool) -> int:
    shown = result(outcome, trace=trace)
    if as_json:
        click.echo(orjson.dumps(shown))
        return 1 if outcome.disagree else 0
    click.echo(f"type: {shown['type']}\nvalue: {_text(shown['value'])}")
    for part in outcome.trace:
        click.echo(f"  {part.line}:{part.column}  {part.source} = {_text(part.value)}")
    if outcome.disagree:
        error_console().print("The evaluators disagree. Please report this expression.")
        click.echo("\n".join(f"  {name}: {_text(value)}" for name, value in outcome.values.items()))
    return 1 if outcome.disagree else 0


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _show_failure(error: RuleError | EvaluationError, source: str, *, as_json: bool) -> int:
    if as_json:
        click.echo(orjson.dumps(failure(error)))
    elif isinstance(error, RuleError):
        for problem in error.problems:
            click.echo(f"{_told(problem)}\n{caret(source, problem)}", err=True)
    else:
        click.echo(f"{error.line}:{error.column}: {error.code}: {error.message}", err=True)
    return 1


def _told(problem: Problem) -> str:
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{problem.line}:{problem.column}: {problem.code}: {problem.message}{hint}"
