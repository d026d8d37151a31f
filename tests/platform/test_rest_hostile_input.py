"""What no well-meant program sends, in headers, addresses, cursors and values: refused in the usual form."""

import re
from urllib.parse import parse_qsl, quote

import pytest

from fieldstone_testing.contents import PDF
from fieldstone_testing.deals import DEALS
from fieldstone_testing.problems import assert_problem
from fieldstone_testing.webs import lent_webs

LOADER = """
---
kind: role
name: loader
inherits: [manager]
capabilities: [import, bulk_edit, export, explain, publish]
"""
NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"
NDJSON = "application/x-ndjson"
HOSTILE_TEXTS = {
    "empty": "",
    "blank": "   ",
    "binary": "\xff\xfe\x80\x01",
    "a tab and a NUL": "a\t\0b",
    "long": "x" * 60_000,
    "a large number": "9" * 400,
    "negative": "-1",
    "a fraction": "1.5",
    "not a number": "NaN",
    "other digits": "٣".encode().decode("latin-1"),
    "commas": ",,,;;==",
    "quotes": "\"'\\",
    "SQL": "1' OR '1'='1'; DROP TABLE main.deal; --",
    "a path": "../../../../etc/passwd",
}
HEADERS = (
    "If-Match", "If-None-Match", "Idempotency-Key", "Content-Type", "Content-Length", "Content-Encoding",
    "Accept", "Accept-Language", "Accept-Encoding", "Authorization", "Cookie", "Host", "Range", "Origin",
    "Transfer-Encoding", "X-Forwarded-For", "X-Request-Id", "X-HTTP-Method-Override",
)  # fmt: skip
PLACES = {"entity": "customer", "field": "code", "value": "A", "name": "win", "inverse": "deals"}


@pytest.fixture(scope="module")
def app(module_app_from):
    return module_app_from(DEALS + LOADER)


@pytest.fixture(scope="module")
def web(app):
    with lent_webs() as web_of:
        yield web_of(app)


@pytest.fixture(scope="module")
def token(app):
    return app.token("Mia", ["loader"], ["North"])


@pytest.fixture
def api(app, client, token):
    return client(app, token)


@pytest.fixture(scope="module")
def send(web, token):
    """Sends a request as it is, with headers of any kind, and checks that the answer is one of ours."""
    client = web.test_client()

    def make(method, path, headers=(), **options):
        environ = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
        environ |= {environment_name(name): value for name, value in dict(headers).items()}
        answer = client.open(path, method=method, environ_overrides=environ, **options)
        assert answer.status_code < 500, (method, path[:200], headers, answer.text[:2000])
        return answer

    return make


def environment_name(header):
    name = header.upper().replace("-", "_")
    return name if name in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{name}"


def told(answer):
    """The problem that an answer tells; None of a success."""
    return assert_problem(answer, answer.status_code) if answer.status_code >= 400 else None


def routes(web):
    """(method, address) of every route of the API, with its places filled in."""
    return [
        (method, re.sub(r"<(?:\w+:)?(\w+)>", lambda place: PLACES.get(place[1]) or NOBODY, rule.rule))
        for rule in web.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]


@pytest.fixture(scope="module")
def requests(app, send):
    """One request of each kind that takes another way through the code."""
    path = send("POST", "/api/v1/data/customer", json={"name": "Acme"}).headers["Location"]
    return (
        ("GET", "/api/v1/data/customer", {}),
        ("GET", path, {}),
        ("GET", "/api/v1/openapi.json", {}),
        ("GET", "/api/v1/data/customer/export", {}),
        ("POST", "/api/v1/data/customer", {"json": {"name": "A"}}),
        ("PATCH", path, {"json": {"remark": "B"}}),
        ("POST", f"{path}/restore", {}),
        (
            "POST",
            "/api/v1/data/customer/bulk?dry_run=true",
            {"data": b'{"name": "A"}', "content_type": NDJSON},
        ),
        ("POST", "/api/v1/files?name=a.pdf", {"data": PDF, "content_type": "application/pdf"}),
    )


@pytest.mark.parametrize("value", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS.keys())
def test_no_header_upsets_the_api(send, requests, value):
    for method, path, options in requests:
        for header in HEADERS:
            told(send(method, path, {header: value}, **options))


@pytest.mark.parametrize("query", [
    "limit=1&limit=1", "where=a&where=b", "%00=1", "limit=%00", "q=%00", "q=%ff%fe", "%ff=1", "=", "&&&",
    "a" * 5000, "fields=" + "a," * 5000, "order=" + "-" * 5000, "limit=" + "9" * 5000,
    "cursor=" + "A" * 60_000, "where=%F0%9F", "q=%ED%A0%80", "limit=1;limit=2", "limit[]=1",
    "limit=0x10", "limit=+5", "cursor=%00", "at=9999-99-99", "at=0001-01-01", "at=-4713-01-01",
    "name=%00", "name=..%2F..%2Fa.txt", "mode=%00", "end=" + "a" * 5000, "after=" + "9" * 30, "tree=%00",
])  # fmt: skip
def test_no_query_string_upsets_any_route(web, send, query):
    for method, path in routes(web):
        told(send(method, f"{path}?{query}"))


@pytest.mark.parametrize("part", [
    "%2F", "..%2F..%2F", "%00", "a%00b", "%ff%fe", "%ED%A0%80", "%5C", "%0d%0aX: y", "%F0%9F%99%82",
    "a" * 5000, ".", " ", "%25", "%252F", "{}", "*", "-1", "1e9", "null", NOBODY.upper(),
    "{" + NOBODY + "}", "urn:uuid:" + NOBODY,
])  # fmt: skip
def test_no_part_of_an_address_upsets_any_route(web, send, part):
    found = {re.sub(r"<[^>]+>", part, rule.rule) for rule in web.url_map.iter_rules() if "<" in rule.rule}
    for path in found:
        if path.startswith("/api/v1/"):
            told(send("GET", path))
            told(send("POST", path, json={}))
    told(send("PUT", f"/api/v1/data/customer/by/code/{part}", json={"name": "A"}))


def test_a_value_with_a_slash_in_it_addresses_the_record(api):
    made = api.put(f"/data/customer/by/code/{quote('A/1', safe='')}", {"name": "Slash"})
    assert made.status_code == 201
    assert api.put("/data/customer/by/code/A/1", {"name": "Again"}).json["id"] == made.json["id"]


@pytest.fixture
def lists(api):
    """Addresses of lists that have a next page, each with the cursor of it."""
    customers = api.post("/data/customer", {"records": [{"name": name} for name in "ABC"]}).json["data"]
    one = f"/data/customer/{customers[0]['id']}"
    deals = [{"name": name, "customer": customers[0]["id"]} for name in "ABC"]
    api.post("/data/deal", {"records": deals})
    for number in range(3):
        api.patch(one, {"remark": f"{number}"})
        api.post(f"{one}/comments", {"body": f"{number}"})
        line = b'{"name": "%d"}' % number
        api.post("/data/customer/bulk", data=line, content_type=NDJSON)
    addresses = (
        "/data/customer", "/data/customer?order=-name", "/data/deal", "/operations",
        f"{one}/related/deals", f"{one}/comments", f"{one}/history",
    )  # fmt: skip
    return {path: page(api, path, limit=1).json["next"] for path in addresses}


def page(api, path, **parameters):
    """The answer to an address with further parameters."""
    address, _, query = path.partition("?")
    return api.get(address, query_string=dict(parse_qsl(query)) | parameters)


def test_the_cursor_of_another_list_is_refused(api, lists):
    for path in lists:
        for cursor in {cursor for other, cursor in lists.items() if other != path}:
            refused = assert_problem(page(api, path, limit=1, cursor=cursor), 400)
            assert [entry["field"] for entry in refused["errors"]] == ["cursor"], path


def test_a_cursor_that_was_tampered_with_is_refused_or_leads_somewhere(api, lists):
    for path, cursor in lists.items():
        for place in range(0, len(cursor), 3):
            for other in "A_9":
                changed = cursor[:place] + other + cursor[place + 1 :]
                answer = page(api, path, limit=1, cursor=changed)
                assert answer.status_code in {200, 400}, (path, changed, answer.text)


@pytest.mark.parametrize(("field", "value"), [
    ("quantity", 10**40), ("quantity", -(10**40)), ("quantity", 1.5), ("quantity", "5e"),
    ("quantity", True), ("quantity", [1]), ("amount", "1e400"), ("amount", "NaN"),
    ("amount", "-Infinity"), ("amount", "0x10"), ("amount", "1_000"), ("amount", 10**30), ("amount", {}),
    ("close_date", "9999-99-99"), ("close_date", "0000-01-01"), ("close_date", "10000-01-01"),
    ("close_date", "2026-02-30"), ("close_date", 20260101), ("close_date", ["2026-01-01"]),
    ("stage", "nonsense"), ("stage", ["open"]), ("stage", 0), ("name", {"a": 1}), ("name", ["x"]),
    ("name", "x" * 101), ("customer", "nonsense"), ("customer", {"id": 5}),
    ("customer", {"id": "x", "entity": "deal"}), ("customer", []), ("customer", {}),
    ("customer", NOBODY), ("lost_reason", {"$ne": None}), ("owner", NOBODY), ("team", "x"),
])  # fmt: skip
def test_a_value_that_a_field_cannot_hold_is_refused_by_the_name_of_the_field(api, field, value):
    refused = assert_problem(api.post("/data/deal", {"name": "Pump", field: value}), 422)
    assert {entry["field"] for entry in refused["errors"]} == {field}


BODIES = {
    "nested 100 deep": b'{"name": ' + b"[" * 100 + b"]" * 100 + b"}",
    "nested 100,000 deep": b'{"name": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
    "a member twice": b'{"reason": "a", "reason": "b"}',
    "NaN": b'{"reason": NaN}',
    "a number of 10,000 digits": b'{"limit": ' + b"9" * 10_000 + b"}",
    "half a character": b'{"reason": "\\ud800"}',
    "NUL": b'{"reason": "a\\u0000b"}',
    "a raw byte": b'{"reason": "\xff"}',
    "a list": b"[]",
    "a text": b'"a"',
    "half of it": b'{"reason": "a"',
    "a byte order mark": b"\xef\xbb\xbf{}",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_no_route_that_takes_a_body_takes_a_broken_one(web, send, body):
    for method, path in routes(web):
        if method in {"POST", "PUT", "PATCH"} and not path.endswith(("/bulk", "/files", "/import")):
            assert_problem(send(method, path, data=body, content_type="application/json"), 400)


LINES = {
    "a member twice": b'{"name": "a", "name": "b"}\n',
    "deep": b'{"name": ' + b"[" * 5_000 + b"]" * 5_000 + b"}\n",
    "NaN": b'{"name": NaN}\n',
    "digits": b'{"name": ' + b"9" * 10_000 + b"}\n",
    "half a character": b'{"name": "\\ud800"}\n',
    "NUL": b'{"name": "a\\u0000b"}\n',
    "a raw byte": b'{"name": "\xff"}\n',
    "a list": b"[1]\n",
    "no line": b"",
    "empty lines": b"\n\n\n",
    "one long line": b'{"name": "' + b"x" * 3_000_000 + b'"}\n',
    "a spreadsheet": b"PK\x03\x04" + bytes(range(256)) * 8,
}


@pytest.mark.parametrize("partial", ["false", "true"])
@pytest.mark.parametrize("kind", [NDJSON, "text/csv"])
@pytest.mark.parametrize("lines", LINES.values(), ids=LINES.keys())
def test_no_lines_upset_a_bulk_call(send, lines, kind, partial):
    told(send("POST", f"/api/v1/data/customer/bulk?partial={partial}", data=lines, content_type=kind))
