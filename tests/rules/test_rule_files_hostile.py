"""Damaged rule files: always an answer with places inside of the text, never a crash."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fieldstone_rules.rule_files import RuleFiles

from .rule_world import SalesWorld
from .test_rule_files import TOUR

_PIECES = ["{", "}", "(", ")", '"', "'", "#", "trigger ", "set ", "if ", "\n", "record", ".", ",", "=", "\\"]
_CUTS = st.lists(
    st.tuples(st.integers(0, len(TOUR)), st.integers(0, 40), st.sampled_from(_PIECES)), min_size=1, max_size=5
)


def damaged(cuts: list[tuple[int, int, str]]) -> str:
    text = TOUR
    for start, length, piece in cuts:
        text = text[:start] + piece + text[start + length :]
    return text


@settings(max_examples=60, deadline=None)
@given(_CUTS)
def test_a_damaged_file_is_answered_with_problems_in_it(cuts: list[tuple[int, int, str]]) -> None:
    source = damaged(cuts)
    result = RuleFiles({"sales": source}, SalesWorld()).check()
    lines = source.count("\n") + 1
    assert all(1 <= problem.line <= lines for problem in result.problems["sales"])


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_answered(source: str) -> None:
    result = RuleFiles({"sales": source}, SalesWorld()).check()
    assert set(result.problems) == {"sales"}


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(["__class__", "__init__", "format", "mro", "__globals__"]))
def test_nothing_of_python_is_in_reach(name: str) -> None:
    source = f"trigger t on opportunity before save {{ set name = record.{name} }}"
    assert RuleFiles({"sales": source}, SalesWorld()).check().problems["sales"]
