"""The function library: each declaration is complete, and its example holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from fieldstone_rules import FUNCTIONS, Purpose, Scope, check_expression, compile_closure
from fieldstone_rules.functions import OPERATORS
from fieldstone_rules.functions.zones import zone_names

from .evaluators import Bench
from .world import WORLD

DECLARATIONS = {**FUNCTIONS, **OPERATORS}
DESIGN = """
coalesce abs round floor ceil min max clamp len lower upper trim left right mid contains starts_with
ends_with replace split join format matches date datetime time year quarter month week day weekday
hour start_of end_of days_between months_between add_business_days business_hours_between base
has_role in_team is_new changed became title count sum average any all exists first now today
duration convert
"""


@pytest.mark.parametrize("name", DESIGN.split())
def test_every_function_of_the_design_is_declared(name: str) -> None:
    assert name in FUNCTIONS


@pytest.mark.parametrize("name", DECLARATIONS)
def test_every_declaration_has_a_line_of_help(name: str) -> None:
    assert DECLARATIONS[name].help.endswith(".")


@pytest.mark.parametrize("name", DECLARATIONS)
def test_the_example_of_a_declaration_holds(name: str, bench: Bench) -> None:
    source, value = DECLARATIONS[name].example
    bench.load({"opportunity": [{"name": "a"}]})
    environment = replace(bench.environment, old=None)
    scope = Scope(WORLD, "opportunity", Purpose.VALUE, old=True)
    example = compile_closure(check_expression(source, scope))(environment)
    assert example == compile_closure(check_expression(value, scope))(environment)


def test_postgresql_knows_every_time_zone_that_can_be_named(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        known = set(connection.execute(sa.text("SELECT name FROM pg_timezone_names")).scalars())
    assert zone_names() - known == set()
