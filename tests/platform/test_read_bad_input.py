"""Nonsense that callers send: a clear refusal, never an error of ours."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any

import pytest

from fieldstone import records
from fieldstone.errors import Malformed, NotFound
from fieldstone.records import Measure, Query
from fieldstone.records.cursor import encode
from fieldstone_testing import App, AppFactory

NOTES = """
kind: app
name: notes
label: Notes
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: topic
fields:
  name: {type: text, required: true}
  size: {type: integer}
  about: {type: reference, to: [topic, user]}
  words: {type: tags}
  closes: {type: date}
  whole: {type: reference, to: topic, inverse: parts}
---
kind: view
name: topics
entity: topic
type: list
label: Topics
columns: [name]
"""


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    app = module_app_from(NOTES)
    records.create(
        app.system, "topic", [{"name": str(n), "size": n, "closes": "2026-01-01"} for n in range(5)]
    )
    return app


def refusal(app: App, query: Query) -> Malformed:
    with pytest.raises(Malformed) as refused:
        records.list(app.system, "topic", query)
    assert refused.value.status == 400
    return refused.value


WHERES = {
    "syntax": "name = ",
    "unknown name": "nmae == 'x'",
    "wrong types": "name > 5",
    "no condition": "size + 1",
    "too deep": "(" * 500 + "true" + ")" * 500,
    "only noise": "\x00\x01\ud800",
    "not lowerable": "matches(name, 'a+')",
    "old state": "old.name == 'x'",
    "many": " or ".join(["size == 1"] * 3000),
    "sql": "1=1; DROP TABLE topic",
    "unclosed": "name == 'x",
    "collection": "entity.topic",
    "nothing follows": "about.name == 'x'",
}


@pytest.mark.parametrize("where", WHERES.values(), ids=WHERES.keys())
def test_a_condition_that_cannot_be_read_is_refused_with_its_place(app: App, where: str) -> None:
    error = refusal(app, Query(where=where))
    assert error.code == "bad_expression"
    assert all(one.field == "where" and one.line and one.column for one in error.errors)


def test_a_typing_mistake_is_answered_with_a_suggestion(app: App) -> None:
    error = refusal(app, Query(where="size == 1 and nmae == 'x'"))
    assert "name" in error.errors[0].message
    assert (error.errors[0].line, error.errors[0].column) == (1, 15)


def test_all_problems_of_a_condition_are_told_at_once(app: App) -> None:
    error = refusal(app, Query(where="nmae == 'x' and sise == 1"))
    assert [one.column for one in error.errors] == [1, 17]


def test_a_condition_goes_through_some_collections_and_not_through_hundreds(app: App) -> None:
    fifty = " or ".join(["exists(parts)"] * 50)
    assert records.list(app.system, "topic", Query(where=fifty)).data == []
    error = refusal(app, Query(where=f"{fifty} or count(parts where exists(parts)) > 1"))
    assert (error.code, error.errors[0].field) == ("bad_expression", "where")
    assert "at most 50 collections" in error.message


def test_a_huge_condition_is_refused_before_it_is_read() -> None:
    with pytest.raises(Malformed) as refused:
        Query(where="size == 1 or " * 8000)
    assert (refused.value.code, refused.value.errors[0].line) == ("too_long", 1)


PARAMETERS: list[tuple[dict[str, Any], str]] = [
    ({"fields": ("nmae",)}, "unknown_field"),
    ({"fields": ("_search",)}, "unknown_field"),
    ({"fields": ("name; DROP TABLE topic",)}, "unknown_field"),
    ({"fields": ("owner.nmae",)}, "unknown_field"),
    ({"fields": ("name.length",)}, "unknown_field"),
    ({"fields": ("about.name",)}, "unknown_field"),
    ({"fields": ("owner.manager.manager.manager.manager.name",)}, "unknown_field"),
    ({"fields": ("",)}, "unknown_field"),
    ({"order": ("nmae",)}, "unknown_field"),
    ({"order": ("--name",)}, "unknown_field"),
    ({"order": ("words",)}, "bad_order"),
    ({"order": ("name",) * 9}, "bad_order"),
    ({"q": "a " * 150}, "too_long"),
    ({"q": " ".join(map(str, range(11)))}, "too_long"),
    ({"q": "a\x00"}, "bad_characters"),
    ({"related": ("nmae", None)}, "unknown_field"),
]


@pytest.mark.parametrize(("values", "code"), PARAMETERS, ids=[f"{v}"[:60] for v, _ in PARAMETERS])
def test_a_parameter_that_makes_no_sense_is_refused_by_name(
    app: App, values: dict[str, Any], code: str
) -> None:
    from fieldstone_rules import Ref

    some = Ref("user", app.system.principal.user)
    sent = {name: (value[0], some) if name == "related" else value for name, value in values.items()}
    error = refusal(app, Query(**sent))
    assert error.code == code
    assert error.errors[0].field in values


@pytest.mark.parametrize("values", [{"limit": 0}, {"limit": 1001}, {"limit": -5}, {"count": "all"}])
def test_a_query_that_no_list_can_answer_cannot_be_made(values: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        Query(**values)


def test_an_unknown_field_is_answered_with_a_suggestion(app: App) -> None:
    assert "“name”" in refusal(app, Query(fields=("nmae",))).message


def test_an_unknown_entity_is_not_found_and_answered_with_a_suggestion(app: App) -> None:
    with pytest.raises(NotFound, match="topic") as listed:
        records.list(app.system, "topics", Query())
    with pytest.raises(NotFound) as read:
        records.get(app.system, "topics", "0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11")
    assert (listed.value.code, read.value.code) == ("unknown_entity", "unknown_entity")


def test_an_unknown_view_is_not_found_and_one_of_another_entity_refused(app: App) -> None:
    with pytest.raises(NotFound):
        records.list(app.system, "topic", Query(view="nothing"))
    with pytest.raises(Malformed):
        records.list(app.system, "user", Query(view="topics"))


@pytest.mark.parametrize(
    "text", ["", "5", "0198c2f4", "{0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11}", "x" * 36, "\x00" * 36]
)
def test_an_id_that_is_no_uuid_is_refused(app: App, text: str) -> None:
    with pytest.raises(Malformed) as refused:
        records.get(app.system, "topic", text)
    assert refused.value.code == "bad_id"


def test_an_id_that_nobody_has_is_not_found(app: App) -> None:
    with pytest.raises(NotFound):
        records.get(app.system, "topic", "0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11")


def garbage(cursor: str) -> list[str]:
    """Damaged cursors, made from a good one."""
    swapped = cursor[:-2] + ("AA" if not cursor.endswith("AA") else "BB")
    return ["", "x", "é", "!!!!", cursor[:-3], cursor[3:], swapped, cursor + "AAAA", "A" * 50_000]


def test_a_damaged_cursor_is_refused(app: App) -> None:
    cursor = records.list(app.system, "topic", Query(limit=1, order=("size",))).next
    assert cursor is not None
    codes = {refusal(app, Query(limit=1, order=("size",), cursor=bad)).code for bad in garbage(cursor)}
    assert codes == {"bad_cursor"}


OTHERS = [
    Query(limit=1, order=("-size",)),
    Query(limit=1, order=("size", "name")),
    Query(limit=1, order=("size",), where="size > 0"),
    Query(limit=1, order=("size",), q="1"),
    Query(limit=1, order=("size",), view="topics"),
    Query(limit=1, order=("size",), deleted=True),
    Query(limit=1),
]


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_a_cursor_from_another_query_is_refused(app: App, other: Query) -> None:
    cursor = records.list(app.system, "topic", Query(limit=1, order=("size",))).next
    assert refusal(app, replace(other, cursor=cursor)).code == "bad_cursor"


def test_a_cursor_goes_on_when_only_fields_and_limit_change(app: App) -> None:
    first = records.list(app.system, "topic", Query(limit=2, order=("size",)))
    rest = records.list(app.system, "topic", Query(order=("size",), fields=("size",), cursor=first.next))
    assert [record["size"] for record in rest.data] == [2, 3, 4]


def test_a_forged_cursor_with_impossible_keys_is_refused(app: App) -> None:
    from urllib.parse import unquote

    import orjson

    cursor = records.list(app.system, "topic", Query(limit=1, order=("closes",))).next or ""
    mark = orjson.loads(unquote(_decoded(cursor)))[0]
    forged = encode(["not a date", "nor an id"], mark)
    assert refusal(app, Query(limit=1, order=("closes",), cursor=forged)).code == "bad_cursor"


def _decoded(cursor: str) -> str:
    from base64 import urlsafe_b64decode

    return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[8:].decode()


def test_a_cursor_of_the_wrong_shape_is_refused(app: App) -> None:
    bad = urlsafe_b64encode(b'{"a": 1}').decode()
    assert refusal(app, Query(cursor=bad)).code == "bad_cursor"


@pytest.mark.parametrize(
    "measures",
    [
        {"x": Measure("sum")},
        {"x": Measure("sum", "name")},
        {"x": Measure("average", "closes")},
        {"x": Measure("sum", "nothing")},
        {'x"': Measure("count")},
    ],
)
def test_a_measure_that_makes_no_sense_is_refused(app: App, measures: dict[str, Measure]) -> None:
    with pytest.raises(Malformed):
        records.aggregate(app.system, "topic", Query(), measures=measures)
