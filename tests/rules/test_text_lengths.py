"""A computed text that is too long: an error as a value, unknown in filters and in the database."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from fieldstone_rules import Kind, Purpose, Type, limits
from fieldstone_rules.spans import NOWHERE
from fieldstone_rules.sql.lengths import bounded
from fieldstone_rules.tree import Binding, Field, Interpolation
from fieldstone_rules.types import reference

from .evaluators import ERROR, Bench

WITHIN = [
    ("name + code", "12345", "12345"),
    ("name + code + 'x'", "1234", "12345"),
    ("'{name}{code}'", "123456", "1234"),
    ('"{name}-{code}{quantity}"', "12345", "1234"),
    ("replace(name, 'a', code)", "aaa12", "bcd"),
    ("replace(name, 'ab', code)", "ababab", "bc4"),
    ("replace(name, code, 'xyz')", "a12345", "a"),
    ("replace(name, '', code)", "1234567890", "x"),
    ("join([name, null, code], '--')", "1234", "1234"),
    ("join(tags, name)", "12345", ""),
    ("join(entity.account.name order by name, name)", "12", ""),
]
AT_THE_LIMIT = [(source, name + more, code) for source, name, code in WITHIN for more in ("", "1", "1" * 11)]


@pytest.mark.parametrize(("source", "name", "code"), AT_THE_LIMIT)
def test_the_evaluators_agree_on_what_is_too_long(
    source: str, name: str, code: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "current", replace(limits.current, text_length=10))
    row = {"name": name, "code": code, "tags": ["ab", "cde"]}
    accounts = [{"id": "account:1", "name": "abcd"}, {"id": "account:2", "name": "efgh"}]
    bench.load({"opportunity": [row], "account": accounts})
    expression = bench.check(source)
    made = bench.closure(expression)
    assert bench.python(expression) == made
    assert bench.sql(expression) == (None if made == ERROR else made)
    filtering = bench.check(f"{source} != null", Purpose.FILTER)
    assert bench.sql_ids(filtering) == bench.closure_ids(filtering) == bench.python_ids(filtering)


def test_ordinary_fields_of_documents_are_joined_without_a_look_at_their_length() -> None:
    text = Type(Kind.TEXT, longest=1_000_000)
    field = Field(text, NOWHERE, Binding(reference("deal"), NOWHERE, "record"), "deal", "x")
    column = sa.column("x", sa.Text)
    assert bounded(Interpolation(text, NOWHERE, (field, field)), column) is column
    assert bounded(Interpolation(text, NOWHERE, (field,) * 17), column) is not column
