"""Bringing two changes of one text together, line by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldstone.publication.text_merging import merged

BASE = "a\nb\nc\nd\ne\n"
TEXTS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=8).map(
    lambda lines: "".join(f"{x}\n" for x in lines)
)


@pytest.mark.parametrize(
    ("mine", "theirs", "both"),
    [
        ("A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n", "A\nb\nc\nd\nE\n"),
        ("b\nc\nd\ne\n", "a\nb\nc\nd\ne\nf\n", "b\nc\nd\ne\nf\n"),
        ("a\nb\nx\nc\nd\ne\n", "a\nb\nc\nd\n", "a\nb\nx\nc\nd\n"),
        ("a\nB\nc\nd\ne\n", "a\nB\nc\nd\nE\n", "a\nB\nc\nd\nE\n"),
        ("a\nB\nc\nd\ne\n", "a\nß\nc\nd\ne\n", None),
        ("a\nb\nx\nc\nd\ne\n", "a\nb\ny\nc\nd\ne\n", None),
        ("a\nB\nc\nd\ne\n", "a\nb\nC\nd\ne\n", None),
    ],
)
def test_changes_of_other_lines_go_together_and_those_of_the_same_do_not(mine, theirs, both):
    assert merged(BASE, mine, theirs) == both
    assert merged(BASE, theirs, mine) == both


@given(TEXTS, TEXTS)
def test_one_who_changed_nothing_or_the_same_has_the_text_of_the_other(base, changed):
    assert (
        merged(base, base, changed)
        == merged(base, changed, base)
        == merged(base, changed, changed)
        == changed
    )


@given(TEXTS, TEXTS, TEXTS)
def test_the_order_of_the_two_makes_no_difference(base, mine, theirs):
    assert merged(base, mine, theirs) == merged(base, theirs, mine)
