"""What is shipped: the core app, the templates, the starter app, the reference pages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import fieldstone_metadata
from fieldstone_metadata import (
    MetadataError,
    check,
    core_layer,
    new_app,
    read_layer,
    template_layer,
    template_names,
)
from fieldstone_metadata.problem_codes import CODES, EXPRESSION_CODES
from fieldstone_metadata.reference import reference_pages

ROOT = Path(__file__).parents[2]


def test_the_core_app_checks_without_warnings():
    assert check([core_layer()]).problems == ()


@pytest.mark.parametrize("name", template_names())
def test_templates_check_without_warnings(name):
    assert check([core_layer(), template_layer(name)]).problems == ()


def test_the_core_app_declares_what_the_platform_relies_on():
    entities = check([core_layer()]).application.entities
    assert {"user", "team", "role_assignment", "file", "comment", "notification", "exchange_rate"} <= set(
        entities
    )
    assert {"name", "email", "manager", "teams", "timezone", "locale", "active"} <= set(
        entities["user"].fields
    )
    assert entities["role_assignment"].fields["holder"].target.entities == ("user", "team")


def test_no_secret_is_a_record():
    fields = {
        name for entity in check([core_layer()]).application.entities.values() for name in entity.fields
    }
    assert not {name for name in fields if "password" in name or "token" in name}


def test_the_sales_template_maps_the_stages_of_other_systems():
    workflow = check([core_layer(), template_layer("sales")]).application.workflows["opportunity_stage"]
    assert {"prospecting", "engaging", "won", "lost"} <= set(workflow.states)
    assert workflow.initial == "prospecting"


def test_a_rep_sees_no_cost_and_only_own_deals():
    roles = check([core_layer(), template_layer("sales")]).application.roles
    assert roles["sales_rep"].entities["product"].fields["cost"].read is False
    assert roles["sales_rep"].entities["opportunity"].read.source == "owner == user or team in user.teams"
    assert roles["sales_rep"].inherits == ("employee",)
    assert roles["sales_manager"].inherits == ("sales_rep", "employee")


def test_an_unknown_template_is_an_error_with_the_known_ones():
    with pytest.raises(MetadataError) as raised:
        template_layer("seles")
    assert "sales" in raised.value.problems[0].hint


def test_a_new_app_checks_without_warnings(tmp_path):
    written = new_app("help_desk", tmp_path / "app")
    layer = read_layer(tmp_path / "app")
    assert all(path.is_file() for path in written)
    assert layer.name == "help_desk"
    assert check([core_layer(), layer]).problems == ()


@pytest.mark.parametrize("name", ["Help Desk", "core", "local", "1st", "a__b", ""])
def test_a_new_app_needs_a_name_that_is_one(name, tmp_path):
    with pytest.raises(MetadataError):
        new_app(name, tmp_path / "app")
    assert not (tmp_path / "app").exists()


def test_a_new_app_overwrites_nothing(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(MetadataError) as raised:
        new_app("help_desk", tmp_path)
    assert raised.value.problems[0].code == "folder_in_use"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(("name", "text"), list(reference_pages().items()))
def test_reference_pages_are_current(name, text):
    assert (ROOT / "docs" / "reference" / name).read_text("utf-8") == text, "run python docs/generate.py"


CODE_POSITIONS = {
    "error": 1,
    "error_at_key": 1,
    "warning": 1,
    "warning_at_key": 1,
    "unknown": 1,
    "_unreadable": 1,
    "_stop": 1,
    "at": 3,
    "Problem": 3,
}
"""Callable that reports a problem → the position of the code among its arguments."""


def test_every_problem_code_is_explained_and_used():
    package = Path(fieldstone_metadata.__file__).parent
    used = {code for path in package.rglob("*.py") for code in codes_in(ast.parse(path.read_text("utf-8")))}
    assert used - set(EXPRESSION_CODES) == set(CODES) - set(EXPRESSION_CODES)


def codes_in(tree):
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [(getattr(call.func, "attr", getattr(call.func, "id", "")), call.args) for call in calls]
    codes = [args[CODE_POSITIONS[name]] for name, args in named if len(args) > CODE_POSITIONS.get(name, 99)]
    return {code.value for code in codes if isinstance(code, ast.Constant)}
