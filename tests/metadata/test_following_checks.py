"""A check that follows another one takes over what has not changed, and finds what one from scratch finds.

An app of few documents that depend on each other in every way is changed at places drawn at random, step by
step. Each step is checked after the one before it and from scratch.
"""

from __future__ import annotations

import gc
import weakref

from hypothesis import example, given, settings

from fieldstone_metadata import check
from fieldstone_testing.changing_app import (
    CHANGES,
    ENTITY,
    FORMULA,
    FUNCTION,
    SHARING,
    STEPS,
    UNSHARED,
    layers_with,
    result,
)


def test_the_app_itself_is_accepted_with_its_warnings():
    checked = check(layers_with(frozenset(), None))
    assert not checked.errors
    assert {problem.code for problem in checked.problems} >= {"untested", "unread_source"}


@settings(max_examples=10, deadline=None)
@given(STEPS)
@example([(FORMULA, None), (ENTITY, None)])
@example([(SHARING, None), (SHARING | UNSHARED, None)])
@example([(FUNCTION, None)])
def test_a_check_after_another_finds_what_one_from_scratch_finds(steps):
    known = check(layers_with(frozenset(), None)).application
    for changes, gone in steps:
        layers = layers_with(changes, gone)
        following = check(layers, earlier=known)
        assert result(following) == result(check(layers))
        known = following.application or known


def test_what_nothing_has_changed_for_is_taken_over():
    line_more = next(n for n, change in enumerate(CHANGES) if "a line more" in change[2])
    before = check(layers_with(frozenset(), None)).application
    after = check(layers_with(frozenset({line_more}), None), earlier=before).application
    assert before is not None
    assert after is not None
    kept = {name for name, entity in after.entities.items() if entity is before.entities[name]}
    assert kept == {"user", "team", "line", "apart"}
    assert after.rules["apart"] is before.rules["apart"]
    assert after.rules["deals"] is not before.rules["deals"]


def test_a_check_after_another_keeps_nothing_of_the_one_before_alive():
    first = check(layers_with(frozenset(), None)).application
    assert first is not None
    schema = weakref.ref(first.schema)
    application = weakref.ref(first)
    second = check(layers_with(FORMULA, None), earlier=first).application
    del first
    gc.collect()
    assert second is not None
    assert (application(), schema()) == (None, None)
