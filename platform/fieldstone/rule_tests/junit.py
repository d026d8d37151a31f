"""Outcomes as the XML that build servers read (the JUnit format, as Jenkins and GitLab take it)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as Xml

from fieldstone.rule_tests.outcome import Outcome

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold (section 2.2)."""


def junit_xml(outcomes: Iterable[Outcome]) -> bytes:
    """A document with one suite for each rule file."""
    by_path: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_path[outcome.path].append(outcome)
    root = Xml.Element("testsuites")
    root.extend(_suite(path, found) for path, found in by_path.items())
    Xml.indent(root)
    document: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _suite(path: str, outcomes: Sequence[Outcome]) -> Xml.Element:
    numbers = {
        "name": path,
        "tests": str(len(outcomes)),
        "failures": str(sum(not outcome.passed for outcome in outcomes)),
        "time": _seconds(sum(outcome.seconds for outcome in outcomes)),
    }
    suite = Xml.Element("testsuite", numbers)
    suite.extend(_case(outcome) for outcome in outcomes)
    return suite


def _case(outcome: Outcome) -> Xml.Element:
    attributes = {
        "classname": outcome.file,
        "name": _clean(outcome.name),
        "file": outcome.path,
        "line": str(outcome.line),
        "time": _seconds(outcome.seconds),
    }
    case = Xml.Element("testcase", attributes)
    for failure in outcome.failures:
        told = Xml.SubElement(case, "failure", {"message": _clean(failure.message)})
        told.text = _clean("\n".join([f"{failure.place}: {failure.message}", *failure.details]))
    return case


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
