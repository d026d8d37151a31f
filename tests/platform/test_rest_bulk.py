"""`POST …/bulk`: lines in, a result per line out; all or nothing, or what can be written."""

import io
import json

import pytest

from fieldstone import records
from fieldstone.errors import Unavailable
from fieldstone.records import uniqueness, write_rows
from fieldstone.web.bulk import calls
from fieldstone_testing.deals import DEALS
from fieldstone_testing.problems import assert_problem
from fieldstone_testing.statements import noted_statements

LOADER = """
---
kind: role
name: loader
inherits: [rep]
capabilities: [import, bulk_edit]
"""
NDJSON = "application/x-ndjson"


@pytest.fixture
def app(app_from):
    return app_from(DEALS + LOADER)


@pytest.fixture
def api(app, client):
    return client(app, app.token("Ann", ["loader"], ["North"]))


def send(api, path, lines, *, headers=None, kind=NDJSON):
    """POST lines (objects, or bytes as they are)."""
    body = b"".join(
        (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines
    )
    return api.post(path, data=body, headers={"Content-Type": kind, **(headers or {})})


def results(answer):
    assert answer.status_code == 200, answer.get_data(as_text=True)[:1000]
    assert answer.mimetype == NDJSON
    return [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]


def brief(answer):
    return [(found["line"], found["status"], found["action"]) for found in results(answer)]


def codes(answer):
    return [[error["code"] for error in found.get("errors", [])] for found in results(answer)]


def customers(app):
    return app.sql("SELECT code, name FROM main.customer WHERE deleted_at IS NULL ORDER BY code")


# -- a whole body


def chunked(api, path, body):
    """POST a body without saying how long it is."""
    stream = {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True, "CONTENT_LENGTH": None}
    return api.post(
        path, headers={"Content-Type": NDJSON, "Transfer-Encoding": "chunked"}, environ_overrides=stream
    )


def test_a_body_without_length_and_end_is_not_taken_for_whole(app, api):
    assert_problem(chunked(api, "/data/customer/bulk", b'{"name": "A"}\n'), 411, "length_required")
    assert customers(app) == []


@pytest.mark.parametrize("last", [b"done", b"done\n", b"done\r\n"])
def test_a_body_without_length_is_whole_when_its_last_line_is_the_one_named(app, api, last):
    answer = chunked(api, "/data/customer/bulk?end=done", b'{"name": "A"}\n' + last)
    assert brief(answer) == [(1, 201, "created")]
    assert customers(app) == [(None, "A")]


@pytest.mark.parametrize("broken", [b"", b"don", b"{}done", b"done\n\n"])
def test_a_body_that_does_not_end_as_named_broke_off_and_nothing_is_written(app, api, broken):
    for partial in ("", "&partial=true"):
        answer = chunked(api, f"/data/customer/bulk?end=done{partial}", b'{"name": "A"}\n' + broken)
        assert_problem(answer, 400, "broken_off")
    assert customers(app) == []


def test_a_table_may_end_with_a_named_line_too(app, api):
    answer = send(api, "/data/customer/bulk?end=--", [b"name,code", b"A,1", b"--"], kind="text/csv")
    assert brief(answer) == [(2, 201, "created")]


@pytest.mark.parametrize("mark", ["", " ", "a%0Ab", "x" * 101])
def test_an_end_that_is_no_line_is_refused(api, mark):
    assert_problem(send(api, f"/data/customer/bulk?end={mark}", [{"name": "A"}]), 400, "bad_parameter")


# -- creating


@pytest.mark.parametrize("cell", ["hello", '"{""a"": NaN}"', "[1"])
def test_a_cell_of_a_field_of_json_that_is_no_json_is_refused(app, api, cell):
    table = ["name,facts", 'Acme,"{""a"": 1}"', f"Bolt,{cell}"]
    answer = send(api, "/data/customer/bulk", [line.encode() for line in table], kind="text/csv")
    [error] = assert_problem(answer, 422, "lines_refused")["errors"]
    assert (error["field"], error["code"], error["line"]) == ("facts", "not_json", 3)
    assert customers(app) == []


def test_each_line_gets_its_result_in_the_order_sent(app, api):
    answer = send(api, "/data/customer/bulk", [{"name": f"C{n}", "code": f"{n:04}"} for n in range(1, 1203)])
    found = results(answer)
    assert [result["line"] for result in found] == list(range(1, 1203))
    assert {(result["status"], result["action"], result["version"]) for result in found} == {
        (201, "created", 1)
    }
    assert len(customers(app)) == 1202
    assert app.sql("SELECT DISTINCT operation::text FROM main_system.history WHERE entity = 'customer'") == [
        (answer.headers["Fieldstone-Operation"],)
    ]


def test_one_bad_line_leaves_nothing_written_and_is_named_with_its_number(app, api):
    told = assert_problem(
        send(api, "/data/customer/bulk", [{"name": "A"}, {"name": ""}, {"nme": "B"}]), 422, "lines_refused"
    )
    assert [(error["line"], error["field"], error["code"]) for error in told["errors"]] == [
        (2, "name", "required"),
        (3, "nme", "unknown_field"),
        (3, "name", "required"),
    ]
    assert (told["refused"], told["lines"]) == (2, 3)
    assert customers(app) == []
    assert app.sql("SELECT 1 FROM main_system.operation") == []


BAD_LINES = [
    (b'{"name": "broken"', "broken_json"),
    (b'["a", "list"]', "not_an_object"),
    (b'{"name": "twice", "name": "x"}', "duplicate_member"),
    (b'{"name": "\xff"}', "malformed"),
    (b'{"name": "half \\ud800"}', "broken_text"),
    (b'{"name": "' + b"x" * 1_000_001 + b'"}', "line_too_long"),
    (b'{"name": "A", "nme": "B"}', "unknown_field"),
    (b'{"name": 5}', "not_a_text"),
    (b'{"name": "A", "id": "0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11"}', "readonly"),
]


def test_bad_lines_are_refused_one_by_one_and_the_others_are_written(app, api):
    lines = [b'{"name": "First"}', *(line for line, _ in BAD_LINES), b"", b'{"name": "Last"}']
    answer = send(api, "/data/customer/bulk?partial=true", lines)
    told = results(answer)
    assert [found.get("code") for found in told] == [None, *(code for _, code in BAD_LINES), None]
    assert [found["line"] for found in told] == [*range(1, len(BAD_LINES) + 2), len(BAD_LINES) + 3]
    assert sorted(name for _, name in customers(app)) == ["First", "Last"]


def test_a_unique_value_that_is_taken_by_a_line_before_refuses_the_later_one(app, api):
    answer = send(
        api, "/data/customer/bulk?partial=true", [{"name": "A", "code": "1"}, {"name": "B", "code": "1"}]
    )
    assert brief(answer) == [(1, 201, "created"), (2, 409, "refused")]


def test_a_new_record_begins_in_the_initial_state_as_anywhere_in_the_api(api):
    answer = send(api, "/data/deal/bulk?partial=true", [{"name": "Won", "stage": "won"}])
    assert codes(answer) == [["not_initial"]]


# -- changing, upserting, deleting


def made(api, *codes_):
    return [
        result["id"]
        for result in results(send(api, "/data/customer/bulk", [{"name": c, "code": c} for c in codes_]))
    ]


def test_records_are_changed_by_their_ids_and_in_the_version_that_was_seen(app, api):
    first, second = made(api, "a", "b")
    lines = [{"id": first, "name": "A", "version": 1}, {"id": second, "name": "B", "version": 7}]
    answer = send(api, "/data/customer/bulk?mode=update&partial=true", lines)
    assert brief(answer) == [(1, 200, "updated"), (2, 412, "refused")]
    assert customers(app) == [("a", "A"), ("b", "b")]


def test_records_are_found_by_a_unique_key(app, api):
    made(api, "a")
    lines = [{"code": "a", "name": "A"}, {"code": "zz", "name": "Z"}, {"name": "no key"}]
    answer = send(api, "/data/customer/bulk?mode=update&key=code&partial=true", lines)
    assert brief(answer) == [(1, 200, "updated"), (2, 404, "refused"), (3, 400, "refused")]
    assert customers(app) == [("a", "A")]


def test_an_upsert_changes_what_somebody_created_after_it_had_looked(app, api, monkeypatch):
    find, looks = uniqueness.find_by_key, iter([True])

    def find_and_be_overtaken(*asked):
        found = find(*asked)
        for _ in looks:
            records.create(app.context_for("Ann"), "customer", [{"name": "Other", "code": "b"}])
        return found

    monkeypatch.setattr(uniqueness, "find_by_key", find_and_be_overtaken)
    lines = [{"code": "a", "name": "A"}, {"code": "b", "name": "B"}]
    answer = send(api, "/data/customer/bulk?mode=upsert&key=code", lines)
    assert brief(answer) == [(1, 201, "created"), (2, 200, "updated")]
    assert customers(app) == [("a", "A"), ("b", "B")]


def test_an_upsert_creates_changes_and_leaves_as_it_is(app, api):
    made(api, "a", "b")
    lines = [{"code": "a", "name": "A"}, {"code": "b", "name": "b"}, {"code": "c", "name": "C"}]
    answer = send(api, "/data/customer/bulk?mode=upsert&key=code", lines)
    assert brief(answer) == [(1, 200, "updated"), (2, 200, "unchanged"), (3, 201, "created")]
    assert customers(app) == [("a", "A"), ("b", "b"), ("c", "C")]


def test_a_key_that_stood_in_a_line_before_is_refused_however_far_up_that_is(api):
    lines = [{"code": f"{n}", "name": "x"} for n in range(700)] + [{"code": "3", "name": "again"}]
    told = results(send(api, "/data/customer/bulk?mode=upsert&key=code&partial=true", lines))
    assert (told[-1]["code"], told[-1]["detail"]) == (
        "duplicate_key",
        "Line 4 means the same record already.",
    )
    assert {found["action"] for found in told[:-1]} == {"created"}


def test_deleting_takes_ids_or_keys_and_nothing_else_and_leaves_what_others_hold(app, api):
    held, free, third = made(api, "held", "free", "third")
    api.post("/data/deal", json={"name": "Big", "customer": held})
    lines = [{"id": held}, {"id": free}, {"id": third, "name": "x"}, {"id": free}]
    answer = send(api, "/data/customer/bulk?mode=delete&partial=true", lines)
    assert [found.get("code") for found in results(answer)] == [
        "still_referenced",
        None,
        "unknown_member",
        "duplicate_key",
    ]
    assert [code for code, _ in customers(app)] == ["held", "third"]


def test_a_state_is_changed_by_its_transition_with_its_guard(app, api):
    lines = [{"name": "Rich", "amount": "5"}, {"name": "Poor"}]
    ids = [found["id"] for found in results(send(api, "/data/deal/bulk", lines))]
    answer = send(
        api, "/data/deal/bulk?mode=update&partial=true", [{"id": id_, "stage": "won"} for id_ in ids]
    )
    assert brief(answer) == [(1, 200, "updated"), (2, 422, "refused")]
    assert app.sql("SELECT action, transition FROM main_system.history WHERE transition IS NOT NULL") == [
        ("transition", "win")
    ]


# -- CSV


def test_csv_is_read_by_the_names_of_its_columns_and_an_empty_cell_takes_the_default(app, api):
    table = "\ufeffname,amount,quantity,close_date\nPump,1234.50,2,2026-03-01\nTap,,,\n".encode()
    answer = api.post("/data/deal/bulk", data=table, headers={"Content-Type": "text/csv"})
    assert brief(answer) == [(2, 201, "created"), (3, 201, "created")]
    assert app.sql("SELECT name, amount::text, stage, close_date::text FROM main.deal ORDER BY name") == [
        ("Pump", "1234.50", "open", "2026-03-01"),
        ("Tap", None, "open", None),
    ]


def test_rows_of_csv_that_cannot_be_read_are_told_with_line_column_and_code(app, api):
    table = b'name,quantity\nA,1\nB\nC,many\n"D,1\nE,2\n'
    answer = api.post("/data/deal/bulk?partial=true", data=table, headers={"Content-Type": "text/csv"})
    told = results(answer)
    assert [(found["line"], found.get("code")) for found in told] == [
        (2, None),
        (3, "ragged_row"),
        (4, "not_a_number"),
        (5, "broken_quotes"),
    ]
    assert told[2]["errors"][0]["field"] == "quantity"


def test_csv_in_another_encoding_is_read_as_it_says_and_wrong_bytes_are_refused(app, api):
    table = "name\nMüller\n".encode("latin-1")
    answer = api.post("/data/customer/bulk?partial=true", data=table, headers={"Content-Type": "text/csv"})
    assert codes(answer) == [["bad_characters"]]
    kind = {"Content-Type": "text/csv; charset=latin-1"}
    assert brief(api.post("/data/customer/bulk", data=table, headers=kind)) == [(2, 201, "created")]
    assert customers(app) == [(None, "Müller")]


@pytest.mark.parametrize("table", [b"", b"name,name\na,b\n", b"PK\x03\x04zip", b"name,,\na,b,c\n"])
def test_a_file_that_is_no_table_is_refused_as_a_whole(api, table):
    for partial in ("true", "false"):
        path = f"/data/customer/bulk?partial={partial}"
        assert_problem(api.post(path, data=table, headers={"Content-Type": "text/csv"}), 400)


# -- rights


def test_rights_are_judged_line_by_line(app, api, client):
    send(api, "/data/deal/bulk", [{"name": "Ann's"}])
    [(theirs,)] = app.sql("SELECT id::text FROM main.deal")
    bo = client(app, app.token("Bo", ["loader"], ["South"]))
    answer = send(bo, "/data/deal/bulk?mode=update&partial=true", [{"id": theirs, "name": "x"}])
    assert brief(answer) == [(1, 404, "refused")]
    answer = send(bo, "/data/deal/bulk?partial=true", [{"name": "a", "margin": "5"}, {"name": "b"}])
    assert brief(answer) == [(1, 422, "refused"), (2, 201, "created")]


@pytest.mark.parametrize(
    ("mode", "capability"), [("create", "import"), ("update", "bulk_edit"), ("delete", "bulk_edit")]
)
def test_many_at_once_need_the_capability(app, client, mode, capability):
    bo = client(app, app.token("Bo", ["rep"]))
    told = assert_problem(send(bo, f"/data/customer/bulk?mode={mode}", []), 403)
    assert told["capability"] == capability
    assert "/api/v1/data/customer/bulk" not in bo.get("/openapi.json").json["paths"]


def test_a_key_that_is_not_unique_or_not_known_is_refused(api):
    for question in (
        "mode=upsert",
        "mode=upsert&key=name",
        "mode=update&key=nothing",
        "mode=create&key=code",
    ):
        assert_problem(send(api, f"/data/customer/bulk?{question}", [{"code": "a"}]), 400, "bad_key")


# -- dry runs, repetitions, faults


def test_a_dry_run_tells_what_would_happen_and_leaves_nothing(app, api):
    lines = [{"code": "a", "name": "A"}, {"code": "b"}]
    answer = send(api, "/data/customer/bulk?mode=upsert&key=code&dry_run=true&partial=true", lines)
    assert brief(answer) == [(1, 201, "created"), (2, 422, "refused")]
    assert "Fieldstone-Operation" not in answer.headers
    assert_problem(send(api, "/data/customer/bulk?mode=upsert&key=code&dry_run=true", lines), 422)
    assert customers(app) == []
    assert app.sql("SELECT 1 FROM main_system.operation") == []


def test_a_repetition_with_the_same_key_gets_the_same_answer_and_writes_nothing_more(app, api):
    headers = {"Idempotency-Key": "once"}
    path, lines = "/data/customer/bulk?partial=true", [{"name": "A"}, {"name": ""}]
    first, second = (send(api, path, lines, headers=headers) for _ in range(2))
    assert first.get_data() == second.get_data()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert first.headers["Fieldstone-Operation"] == second.headers["Fieldstone-Operation"]
    assert len(customers(app)) == 1
    assert_problem(send(api, path, [{"name": "B"}], headers=headers), 422, "idempotency_key_reused")


def test_once_the_database_is_gone_the_rest_is_refused_and_what_was_written_stays(app, api, monkeypatch):
    rows = iter([write_rows.write_rows])

    def write(*arguments):
        work = next(rows, None)
        if work is None:
            raise Unavailable("The database cannot be reached just now.")
        return work(*arguments)

    monkeypatch.setattr(calls, "write_rows", write)
    lines = [{"name": f"C{n}", "code": f"{n:04}"} for n in range(1, 1300)]
    told = results(send(api, "/data/customer/bulk?partial=true", lines))
    assert [found["status"] for found in told] == [201] * 500 + [503] * 799
    assert len(customers(app)) == 500


def test_a_publication_in_between_is_taken_up(app, api):
    answer = send(api, "/data/customer/bulk?partial=true", [{"name": f"C{n}"} for n in range(600)])
    parts = answer.response
    app.publish(DEALS + LOADER + "\n---\nkind: entity\nname: more\nfields: {name: {type: text}}\n")
    assert sum(part.count(b"created") for part in parts) == 600


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-ndjson; charset=latin-1"])
def test_another_kind_of_body_is_refused(api, kind):
    assert_problem(send(api, "/data/customer/bulk", [{"name": "A"}], kind=kind), 415)


def test_a_body_that_broke_off_writes_nothing(app, api):
    answer = api.post(
        "/data/customer/bulk?partial=true",
        input_stream=io.BytesIO(b'{"name": "A"}\n{"name": "B'),
        headers={"Content-Type": NDJSON},
        environ_overrides={"CONTENT_LENGTH": "5000"},
    )
    assert_problem(answer, 400, "broken_off")
    assert customers(app) == []


def test_the_statements_of_a_batch_do_not_depend_on_its_lines(api):
    counted = []
    made(api, "once before")
    for few_or_many in (2, 400):
        lines = [{"name": "x", "code": f"{few_or_many}-{n}"} for n in range(few_or_many)]
        with noted_statements() as seen:
            results(send(api, "/data/customer/bulk?mode=upsert&key=code", lines))
        counted.append(len(seen))
    assert counted[0] == counted[1] < 16
