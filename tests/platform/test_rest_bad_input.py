"""Whatever a caller sends, the answer is a clear refusal: never a 500, never something half done."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from fieldstone.access.tokens import create_token, list_tokens, revoke_token
from fieldstone_testing.deals import DEALS
from fieldstone_testing.problems import assert_problem

JSON = "application/json"


@pytest.fixture(scope="module")
def app(module_app_from):
    return module_app_from(DEALS)


@pytest.fixture
def api(app, client):
    return client(app, app.token("Ann", ["rep"], ["North"]))


@pytest.fixture
def record(api):
    return api.post("/data/customer", {"name": "Acme"}).json["id"]


BROKEN_BODIES = {
    "nothing": b"",
    "only spaces": b"  \n",
    "half an object": b'{"name": "Acme"',
    "a bare word": b"hello",
    "a trailing comma": b'{"name": "Acme",}',
    "single quotes": b"{'name': 'Acme'}",
    "two documents": b'{"name": "Acme"}{"name": "B"}',
    "a list": b'[{"name": "Acme"}]',
    "a text": b'"Acme"',
    "null": b"null",
    "a member twice": b'{"name": "Acme", "name": "B"}',
    "a nested member twice": b'{"name": "Acme", "facts": {"a": 1, "a": 2}}',
    "NaN": b'{"name": "Acme", "facts": NaN}',
    "Infinity": b'{"name": "Acme", "facts": -Infinity}',
    "not UTF-8": b'{"name": "Acm\xe9"}',
    "UTF-16": '{"name": "Acme"}'.encode("utf-16"),
    "half a character": b'{"name": "\\ud800"}',
    "half a character as member": b'{"\\udfff": "x"}',
    "half a character as member twice": b'{"\\udfff": 1, "\\udfff": 2}',
    "NUL": b'{"name": "a\\u0000b"}',
    "a raw NUL": b'{"name": "a\x00b"}',
    "nested 100 deep": b'{"name": "Acme", "facts": ' + b"[" * 100 + b"]" * 100 + b"}",
    "nested 100,000 deep": b'{"facts": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a number of 10,000 digits": b'{"name": "Acme", "facts": ' + b"9" * 10_000 + b"}",
    "a number beyond all ranges": b'{"name": "Acme", "facts": 1e999999999}',
}


@pytest.mark.parametrize("body", BROKEN_BODIES.values(), ids=BROKEN_BODIES.keys())
def test_a_broken_body_is_a_400_and_changes_nothing(api, record, body):
    path = f"/data/customer/{record}"
    assert_problem(api.post("/data/customer", data=body, content_type=JSON), 400)
    assert_problem(api.patch(path, data=body, content_type=JSON), 400)
    assert_problem(api.put("/data/customer/by/code/A1", data=body, content_type=JSON), 400)
    assert_problem(api.post("/data/customer/query", data=body, content_type=JSON), 400)
    assert api.get(path).json["version"] == 1


def test_broken_json_is_told_with_its_place(api):
    refused = assert_problem(api.post("/data/customer", data=b'{\n "name": x}', content_type=JSON), 400)
    assert (refused["errors"][0]["line"], refused["errors"][0]["column"]) == (2, 10)


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        (b'{"name": "a\\u0000b"}', "name", "broken_text"),
        (b'{"facts": {"a": [1, {"b": "\\ud800"}]}}', "facts.a[1].b", "broken_text"),
        (b'{"revenue": 1e400}', "revenue", "number_out_of_range"),
        (b'{"revenue": NaN}', "revenue", "broken_json"),
        (b'{"records": [{"name": "A"}, {"name": "\\u0000"}]}', "records.1.name", "broken_text"),
        (b'{"name": "A", "name": "B"}', "name", "duplicate_member"),
    ],
)
def test_what_no_field_can_hold_is_told_with_the_field_that_should(api, body, field, code):
    refused = assert_problem(api.post("/data/customer", data=body, content_type=JSON), 400, code)
    assert [(error["field"], error["code"]) for error in refused["errors"]] == [(field, code)]


@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml",
     "application/json; charset=latin-1"],
)  # fmt: skip
def test_another_content_type_is_a_415(api, content_type):
    assert_problem(api.post("/data/customer", data=b'{"name": "A"}', content_type=content_type), 415)


def test_a_body_that_is_too_large_is_a_413(api):
    body = b'{"name": "' + b"x" * (11 * 2**20) + b'"}'
    assert_problem(api.post("/data/customer", data=body, content_type=JSON), 413)


@pytest.mark.parametrize(
    "sent", ["1", "abc", "0" * 36, "0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a1z", "%00", "'", "a" * 9000]
)
def test_an_id_that_is_no_uuid_is_a_400_everywhere(api, sent):
    for path in (
        f"/data/customer/{sent}",
        f"/data/customer/{sent}/history",
        f"/data/customer/{sent}/related/deals",
    ):
        assert_problem(api.get(path), 400, "bad_id")
    assert_problem(api.patch(f"/data/customer/{sent}", {"name": "A"}), 400, "bad_id")
    assert_problem(api.delete(f"/data/customer/{sent}"), 400, "bad_id")
    assert_problem(api.post(f"/data/customer/{sent}/restore"), 400, "bad_id")
    assert_problem(api.post(f"/data/deal/{sent}/transitions/win"), 400, "bad_id")


def test_a_record_that_does_not_exist_is_a_404_everywhere(api):
    nowhere = f"/data/customer/{uuid4()}"
    for path in (nowhere, f"{nowhere}/history", f"{nowhere}/transitions"):
        assert_problem(api.get(path), 404)
    assert_problem(api.patch(nowhere, {"name": "A"}), 404)
    assert_problem(api.delete(nowhere), 404)
    assert_problem(api.post(f"{nowhere}/restore"), 404)
    assert_problem(api.post(f"/data/deal/{uuid4()}/transitions/win"), 404)


@pytest.mark.parametrize(
    "entity", ["nonsense", "Customer", "customer;", "pg_class", "%27", "a" * 5000, "__class__"]
)
def test_an_entity_that_does_not_exist_is_a_404_everywhere(api, entity):
    base = f"/data/{entity}"
    for path in (base, f"{base}/{uuid4()}", f"{base}/{uuid4()}/history", f"{base}/{uuid4()}/transitions"):
        assert_problem(api.get(path), 404)
    assert_problem(api.post(base, {"name": "A"}), 404)
    assert_problem(api.post(f"{base}/query", {}), 404)
    assert_problem(api.patch(f"{base}/{uuid4()}", {"name": "A"}), 404)
    assert_problem(api.put(f"{base}/by/code/A", {"name": "A"}), 404)
    assert_problem(api.delete(f"{base}/{uuid4()}"), 404)


@pytest.mark.parametrize(
    "path",
    [
        "/nonsense",
        "/data",
        "/data/customer/x/y/z",
        "/explain",
        "/metadata/x",
    ],
)
def test_what_is_not_there_yet_is_a_404_or_400(api, path):
    assert api.get(path).status_code in {400, 404, 405}
    assert api.get(path).mimetype == "application/problem+json"


def test_a_method_that_an_address_does_not_have_is_a_405_with_those_it_has(api):
    refused = api.delete("/data/customer")
    assert_problem(refused, 405)
    assert refused.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_an_unknown_field_in_the_input_is_refused_by_name(api, record):
    for answer in (
        api.post("/data/customer", {"name": "A", "nmae": "B"}),
        api.patch(f"/data/customer/{record}", {"nmae": "B"}),
        api.put("/data/customer/by/code/A1", {"nmae": "B"}),
    ):
        refused = assert_problem(answer, 422)
        assert refused["errors"][0]["field"] == "nmae"


@pytest.mark.parametrize(
    "field", ["id", "version", "created_at", "created_by", "deleted_at", "_title", "doubled"]
)
def test_what_the_platform_keeps_cannot_be_sent(api, field):
    refused = assert_problem(api.post("/data/deal", {"name": "A", field: "x"}), 422)
    assert refused["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("wher=1", "wher"),
        ("limti=5", "limti"),
        ("WHERE=1", "WHERE"),
        ("limit=1&limit=2", "limit"),
        ("=1", ""),
    ],
)
def test_an_unknown_or_repeated_parameter_is_refused_by_name(api, query, name):
    refused = assert_problem(api.get(f"/data/customer?{query}"), 400)
    assert refused["errors"][0]["field"] == name


def test_a_misspelt_parameter_is_answered_with_the_right_one(api):
    assert "`limit`" in assert_problem(api.get("/data/customer?limti=5"), 400)["detail"]


def test_time_travel_of_related_records_is_refused_as_not_supported_yet(api):
    path = f"/data/customer/{uuid4()}/related/deals"
    assert_problem(api.get(f"{path}?at=2026-01-01"), 400, "not_supported_yet")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=1001", "limit=ten", "limit=1e2", "limit=", "limit=٣",
        "limit=9999999999999",
        "count=maybe", "deleted=yes", "deleted=", "fields=", "fields=a,,b", "fields=nonsense",
        "fields=name;drop", "order=nonsense", "order=--name", "order=", "order=facts.x.y", "where=nonsense",
        "where=name", "where=name%20==", "where=1;drop", "where=name%20==%20'%00'",
        "where=%ff", "fields=name%00", "where=(((((((((((", "where=secret%20==%201", "where=name%20==%201",
    ],
)  # fmt: skip
def test_a_parameter_that_makes_no_sense_is_a_400(api, query):
    assert_problem(api.get(f"/data/customer?{query}"), 400)


def test_an_unknown_view_is_a_404(api):
    assert_problem(api.get("/data/customer?view=nonsense"), 404, "unknown_view")


def test_a_nonsense_filter_is_told_with_its_place(api):
    refused = assert_problem(api.get("/data/customer", query_string={"where": "name == nonsense"}), 400)
    entry = refused["errors"][0]
    assert (entry["field"], entry["line"], entry["column"]) == ("where", 1, 9)


@pytest.mark.parametrize(
    "text", ["x" * 100_000, "(" * 50_000, "name == 'a' or " * 7_000 + "true", "-" * 100_000]
)
def test_a_filter_of_100_kilobytes_is_a_400(api, text):
    assert_problem(api.get("/data/customer", query_string={"where": text}), 400)
    assert_problem(api.post("/data/customer/query", {"where": text, "measures": {"n": "count()"}}), 400)


def test_a_cursor_of_another_query_is_a_400(api):
    api.post("/data/customer", {"records": [{"name": "A"}, {"name": "B"}]})
    cursor = api.get("/data/customer?limit=1&order=name").json["next"]
    assert_problem(api.get(f"/data/customer?limit=1&order=-name&cursor={cursor}"), 400)
    assert_problem(api.get("/data/customer", query_string={"cursor": cursor, "where": "name != 'x'"}), 400)
    assert_problem(api.get(f"/data/deal?cursor={cursor}"), 400)


@pytest.mark.parametrize("cursor", ["nonsense", "", "AAAA", "e30", "%00", "x" * 5000])
def test_a_cursor_that_is_none_is_a_400(api, cursor):
    assert_problem(api.get(f"/data/customer?cursor={cursor}"), 400)


@pytest.mark.parametrize("cursor", ["nonsense", "-1", "9" * 30, "1.5"])
def test_a_history_cursor_that_is_none_is_a_400(api, record, cursor):
    assert_problem(api.get(f"/data/customer/{record}/history?cursor={cursor}"), 400)


@pytest.mark.parametrize("header", ["abc", '"x"', "", '"1", "2"', "-1", '"99999999999999999999"'])
def test_an_if_match_that_is_no_version_is_a_400(api, record, header):
    assert_problem(api.patch(f"/data/customer/{record}", {"name": "B"}, headers={"If-Match": header}), 400)


@pytest.mark.parametrize("path", ["restore", "transitions/win"])
def test_members_that_an_address_does_not_take_are_refused(api, path):
    deal = api.post("/data/deal", {"name": "Pump"}).json["id"]
    assert api.post(f"/data/deal/{deal}/{path}", {"nonsense": 1}).status_code in {400, 422}


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Basic YTpi",
        "fst_x",
        "Bearer fst_" + "x" * 5000,
        "Bearer a\xe9b",
    ],
)
def test_a_token_that_is_none_is_a_401(app, client, header):
    answer = client(app).get("/data/customer", headers={"Authorization": header})
    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_without_a_token_every_address_is_a_401(app, client):
    nobody = client(app)
    for path in ("/data/customer", f"/data/customer/{uuid4()}", "/me", "/openapi.json", "/search?q=a"):
        assert_problem(nobody.get(path), 401, "not_authenticated")
    assert_problem(nobody.post("/data/customer", {"name": "A"}), 401)
    assert_problem(nobody.delete(f"/data/customer/{uuid4()}"), 401)


def test_an_expired_token_is_a_401(app, client):
    yan = app.user("Yan", ["rep"])
    yesterday = datetime.now(UTC) - timedelta(days=1)
    token = create_token(app.database, yan, author=yan, now=yesterday, lifetime=timedelta(hours=1))
    assert_problem(client(app, token).get("/me"), 401, "token_expired")


def test_a_revoked_token_is_a_401(app, client):
    zoe = app.user("Zoe", ["rep"])
    token = create_token(app.database, zoe, author=zoe, now=datetime.now(UTC))
    revoke_token(app.database, list_tokens(app.database, zoe)[0].id, datetime.now(UTC))
    assert_problem(client(app, token).get("/me"), 401, "bad_token")


@pytest.mark.parametrize(
    "body",
    [
        {"nonsense": 1}, {"rows": "stage"}, {"rows": [1]}, {"rows": ["nonsense"]}, {"measures": []},
        {"measures": {"a": "nonsense"}}, {"measures": {"a": 1}}, {"measures": {"a": "sum(name)"}},
        {"measures": {"a'b": "count()"}}, {"where": 1}, {"where": "nonsense"}, {"where": ["a"]},
        {"rows": ["stage"] * 1000},
    ],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_refused(api, body):
    assert api.post("/data/deal/query", body).status_code in {400, 422}
    assert api.post("/data/deal/query", body).mimetype == "application/problem+json"


@pytest.mark.parametrize("query", ["", "q=", "nonsense=1", "q=a&q=b", "q=" + "x" * 30_000])
def test_a_search_that_makes_no_sense_is_a_400(api, query):
    assert_problem(api.get(f"/search?{query}"), 400)


@pytest.mark.parametrize("q", ["%25", "_", "\\", "'", '"', "!", "&", ":*", "<->", "a" * 200, "🙂"])
def test_any_words_can_be_searched_for(api, q):
    assert api.get("/search", query_string={"q": q}).status_code == 200
    assert api.get("/data/customer", query_string={"q": q}).status_code == 200
