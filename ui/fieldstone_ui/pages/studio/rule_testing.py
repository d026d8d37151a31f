"""The tests in rule files, run with the reader's draft where nobody sees it."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError
from fieldstone.rule_tests import Outcome
from fieldstone_ui.data import studio
from fieldstone_ui.pages.answers import from_script
from fieldstone_ui.pages.studio.frame import RULES, document_url, shown
from fieldstone_ui.presentation.labels import humanize
from fieldstone_ui.presentation.studio import TestRow, TestsShown

PASSED_ON = {401, 403, 503}


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.post("/studio/tests", endpoint="studio_tests")(run)


def run() -> ResponseReturnValue:
    """Run the tests of one rule file, or of all; for our script only what became of them."""
    found = studio.workplace()
    layer, path = request.form.get("layer", ""), request.form.get("path", "")
    tests = _run(found, (layer, path) if layer and path else None)
    if from_script():
        return render_template("studio/tests.html", tests=tests)
    return shown("tests_page.html", found, RULES, tests=tests)


def told(outcomes: Sequence[Outcome], layers: dict[str, str]) -> TestsShown:
    """Outcomes for people. layers: path of a rule file → its layer."""
    failed = [_row(one, layers) for one in outcomes if not one.passed]
    return TestsShown(len(outcomes) - len(failed), failed)


def layers_of_rules(found: studio.Workplace) -> dict[str, str]:
    """Path of a rule file → its layer."""
    places = (each.root.source for each in found.documents if each.kind == RULES)
    return {source.path: source.layer for source in places}


def _run(found: studio.Workplace, place: studio.Place | None) -> TestsShown:
    if found.checked.application is None:
        return TestsShown(0, problem="The documents have mistakes: solve them first, then the tests can run.")
    try:
        return told(studio.rule_tests(found, place), layers_of_rules(found))
    except FieldstoneError as error:
        if error.status in PASSED_ON:
            raise
        return TestsShown(0, problem=error.message)


def _row(outcome: Outcome, layers: dict[str, str]) -> TestRow:
    layer = layers.get(outcome.path, "")
    failures = [
        (one.place, document_url((layer, one.path), one.line) if layer else "", one.message, one.details)
        for one in outcome.failures
    ]
    url = document_url((layer, outcome.path), outcome.line) if layer else ""
    return TestRow(outcome.name, humanize(outcome.role or ""), url, failures)
