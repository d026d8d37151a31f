"""Fixtures for tests of documents: a text is checked over the `core` app."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import pytest

from fieldstone_metadata import Application, Checked, File, Layer, Problem, check, core_layer


class Check(Protocol):
    """Checks a text (and further files of the same layer) as the layer `local` over `core`."""

    def __call__(self, text: str, **files: str) -> Checked: ...


@pytest.fixture
def check_text() -> Check:
    """`check_text("kind: entity …")`."""

    def checked(text: str, **files: str) -> Checked:
        others = [File(name.replace("__", "."), content) for name, content in files.items()]
        return check([core_layer(), Layer("local", (File("a.yaml", text), *others))])

    return checked


@pytest.fixture
def problems(check_text: Check) -> Callable[[str], list[str]]:
    """The problems of a text as `line:column code`."""
    return lambda text: [_short(problem) for problem in check_text(text).problems]


@pytest.fixture
def only_problem(check_text: Check) -> Callable[[str], Problem]:
    """The one problem that a text has."""

    def only(text: str) -> Problem:
        (problem,) = check_text(text).problems
        return problem

    return only


@pytest.fixture
def application(check_text: Check) -> Callable[[str], Application]:
    """What a text without errors declares."""

    def declared(text: str) -> Application:
        checked = check_text(text)
        assert checked.application is not None, "\n".join(map(str, checked.problems))
        return checked.application

    return declared


def _short(problem: Problem) -> str:
    return f"{problem.line}:{problem.column} {problem.code}"
