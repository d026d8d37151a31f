"""The tests of an application, each in a transaction of its own within that of the stage."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime
from datetime import time as clock_time

from fieldstone.access.principals import principal_for_user
from fieldstone.access.system_user import system_context
from fieldstone.access.users import create_user
from fieldstone.context import Context
from fieldstone.model.model import Model
from fieldstone.model.organisation import organisation_zone
from fieldstone.records.environment import environment
from fieldstone.rule_tests.outcome import Outcome
from fieldstone.rule_tests.script import Script
from fieldstone.rule_tests.stage import Stage
from fieldstone_rules import EvaluationError, compile_closure
from fieldstone_rules.rule_files.declarations import RuleFile, Test

ADMIN = "admin"
_NAME = "Test user"
_EMAIL = "test.user@example.com"


def run_tests(stage: Stage, layers: Collection[str]) -> Iterator[Outcome]:
    """Run the tests in the rule files of the named layers, file by file, in their order."""
    application = stage.model.application
    for name, file in application.rules.items():
        origin = application.rule_origins[name]
        if origin.layer in layers:
            yield from (_run(stage, file, origin.path, test) for test in file.tests)


def _run(stage: Stage, file: RuleFile, path: str, test: Test) -> Outcome:
    began = time.perf_counter()
    savepoint = stage.connection.begin_nested()
    try:
        script = Script(_context(stage, test), stage.connection, path)
        script.run(test)
    finally:
        savepoint.rollback()
    seconds = time.perf_counter() - began
    return Outcome(file.name, path, test.line, test.name, test.role, seconds, tuple(script.failures))


def _context(stage: Stage, test: Test) -> Context:
    """Somebody who holds the role of the test (without one: `admin`), at the time of the test."""
    system = system_context(stage.database, stage.model, note="test")
    moment = _moment(system, test)
    system = Context(stage.model, stage.database, system.principal, moment, source="system")
    user = create_user(system, email=_EMAIL, name=_NAME, password=None, roles=[test.role or ADMIN])
    principal = principal_for_user(stage.database, stage.model, user)
    return Context(stage.model, stage.database, principal, moment)


def _moment(context: Context, test: Test) -> datetime:
    """The time at which the clock stands: the given one, the first moment of the given day, or now."""
    if test.at is None:
        return context.now
    try:
        found = compile_closure(test.at)(environment(context))
    except EvaluationError:
        found = None
    if isinstance(found, datetime):
        return found
    return _first_moment(found, context.model) if isinstance(found, date) else context.now


def _first_moment(day: date, model: Model) -> datetime:
    zone = organisation_zone(model)
    return datetime.combine(day, clock_time.min, zone).astimezone(UTC)
