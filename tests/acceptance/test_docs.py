"""The docs name everything there is: settings, commands, and only files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fieldstone.cli.main import commands
from fieldstone.cli.reference import commands_page
from fieldstone.settings import Settings
from fieldstone_rules import FUNCTIONS
from fieldstone_rules.reference import functions_page

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|#)(?P<path>[^)#\s]+)")


@pytest.mark.parametrize("setting", Settings.model_fields)
def test_every_setting_is_documented(setting):
    assert f"`FIELDSTONE_{setting.upper()}`" in (ROOT / "docs/how-to/install.md").read_text()


@pytest.mark.parametrize("command", commands.list_commands(None))
def test_every_command_is_named_in_the_docs(command):
    assert any(f"fieldstone {command}" in page.read_text() for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files_that_exist(page):
    missing = [path for path in LINK.findall(page.read_text()) if not (page.parent / path).exists()]
    assert missing == []


def test_the_readme_names_the_two_commands_first():
    commands_named = re.findall(r"^\$ (\S+ \S+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert commands_named[:2] == ["make demo", "make test"]


def test_the_reference_of_commands_is_current():
    page = (ROOT / "docs/reference/commands.md").read_text("utf-8")
    assert page == commands_page(commands), "run .venv/bin/python docs/generate.py"


def test_the_reference_of_functions_is_current():
    page = (ROOT / "docs/reference/functions.md").read_text("utf-8")
    assert page == functions_page(), "run .venv/bin/python docs/generate.py"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_in_the_reference(name):
    assert f"### `{name}(" in (ROOT / "docs/reference/functions.md").read_text("utf-8")
