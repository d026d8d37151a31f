"""Personal data in formulas and titles."""

import pytest

ENTITY = """kind: entity
name: person
title: name
fields:
  name: {type: text}
  salary: {type: integer, private: true}
  boss: {type: reference, to: person}
"""


@pytest.mark.parametrize("keys", ["expression: salary * 2", "expression: boss.salary + 1, stored: true"])
def test_a_formula_that_tells_of_a_private_field_is_warned_of(keys, problems):
    formula = f"  told: {{type: formula, {keys}"
    [warning] = problems(f"{ENTITY}{formula}}}\n")
    assert "private_source" in warning
    assert problems(f"{ENTITY}{formula}, private: true}}\n") == []


@pytest.mark.parametrize("title", ['"{salary}"', '"{boss.salary}"', '"{told}"'])
def test_a_title_cannot_be_made_of_a_private_field(title, problems):
    told = "  told: {type: formula, expression: salary + 1, private: true}\n"
    text = f"{ENTITY}{told}".replace("title: name", f"title: '{title}'")
    [problem] = problems(text)
    assert "private_title" in problem
