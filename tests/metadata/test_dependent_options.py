"""What documents may say with `depends_on` and `for`."""

import pytest

ENTITY = """kind: entity
name: office
title: name
fields:
  name: {type: text}
  land: {type: choice, options: [DK, NO]}
  city: {type: choice, depends_on: land, options: [{value: oslo, for: NO}, rest]}
"""


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("depends_on: land, ", "", "no_effect"),
        ("{value: oslo, for: NO}", "oslo", "no_effect"),
        ("depends_on: land", "depends_on: country", "bad_depends_on"),
        ("depends_on: land", "depends_on: name", "bad_depends_on"),
        ("depends_on: land", "depends_on: city", "bad_depends_on"),
        ("for: NO", "for: [NO, FI]", "unknown_option"),
        ("rest]", "rest, more]", None),
    ],
)
def test_a_dependency_that_could_do_nothing_is_an_error(old, new, code, check_text):
    assert old in ENTITY
    found = {problem.code for problem in check_text(ENTITY.replace(old, new)).errors}
    assert found == ({code} if code else set())
