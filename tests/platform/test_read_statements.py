"""How reading meets the database: one statement each, along indexes, on connections that others use too."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa

from fieldstone import records
from fieldstone.context import Context
from fieldstone.database.prepared import Prepared
from fieldstone.errors import FieldstoneError, Malformed
from fieldstone.records import Query
from fieldstone.records.lists import page_statement
from fieldstone.records.source import Viewer
from fieldstone.records.statements import Statement
from fieldstone_testing import App, AppFactory
from fieldstone_testing.statements import noted_statements

DEALS = """
kind: app
name: sales
label: Sales
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: account
fields:
  name: {type: text, required: true}
---
kind: entity
name: deal
search: [name]
order: [-closes]
fields:
  name: {type: text, required: true, index: true}
  account: {type: reference, to: account, inverse: deals}
  partners: {type: references, to: account, inverse: partner_deals}
  amount: {type: money, index: true}
  closes: {type: date}
  half: {type: formula, expression: amount / 2}
  rank: {type: formula, expression: count(partners) + len(name), stored: true, index: true}
  label: {type: formula, expression: '"{name} of {account.name}"'}
---
kind: role
name: rep
inherits: [employee]
entities:
  account: {create: true, read: owner == user}
  deal:
    create: true
    read: owner == user or account.owner == user
    update: owner == user
    delete: owner == user
    fields: {amount: {read: closes == null or closes < today() + 9000 days}}
"""


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    """20,000 deals, a tenth of them without a date and without an amount, four of each rank."""
    app = module_app_from(DEALS)
    author = str(app.system.principal.user)
    app.sql(
        "INSERT INTO main.deal"
        " (name, _title, _search, amount, amount__base, rank, closes, created_by, updated_by)"
        " SELECT 'Deal ' || i, 'Deal ' || i, 'deal ' || i, a, a, i % 5000,"
        " CASE WHEN i % 10 > 0 THEN date '2020-01-01' + i % 3000 END,"
        " CAST(:author AS uuid), CAST(:author AS uuid)"
        " FROM (SELECT i, CASE WHEN i % 10 > 1 THEN i % 997 END AS a FROM generate_series(1, 20000) i) x",
        author=author,
    )
    app.sql("ANALYZE main.deal")
    return app


@pytest.fixture
def ann(app: App) -> Context:
    return app.context_for("Ann", ["rep"], ["North"])


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The texts of all statements that run meanwhile."""
    with noted_statements() as seen:
        yield seen


ONE_STATEMENT = [
    Query(),
    Query(where='amount > 5 and account.name == "x" and count(partners) == 0', q="12", count="exact"),
    Query(fields=("label", "half", "account.name", "partners"), order=("-account.name", "half"), limit=1000),
]


@pytest.mark.parametrize("query", ONE_STATEMENT, ids=range(len(ONE_STATEMENT)))
def test_a_list_takes_one_statement(app: App, ann: Context, statements: list[str], query: Query) -> None:
    records.list(ann, "deal", query)
    assert len(statements) == 1


def test_a_search_for_words_that_nothing_holds_takes_one_statement_more(
    app: App, ann: Context, statements: list[str]
) -> None:
    records.list(ann, "deal", Query(q="nothing"))
    assert len(statements) == 2


def test_the_past_takes_one_statement(app: App, ann: Context, statements: list[str]) -> None:
    records.list(ann, "deal", Query(at=ann.now, where="amount > 5", count="exact"))
    assert len(statements) == 1


def test_a_record_and_an_aggregate_take_one_statement(app: App, ann: Context, statements: list[str]) -> None:
    [made] = records.create(ann, "deal", [{"name": "Mine"}])
    statements.clear()
    records.get(ann, "deal", made.id)
    assert len(statements) == 1
    records.aggregate(ann, "deal", Query(), ("account",))
    assert len(statements) == 2


def test_many_lists_are_counted_with_one_statement_that_stops_counting(
    app: App, statements: list[str]
) -> None:
    conditions = [None, "amount > 990", "amount == 1 and account.name == null", "owner == user"]
    assert records.counts(app.system, "deal", conditions, 5000) == [5001, 96, 16, 0]
    assert len(statements) == 1


def test_counts_show_nothing_that_the_caller_may_not_read(app: App, ann: Context) -> None:
    records.create(ann, "deal", [{"name": "Counted", "closes": "2099-01-01"}])
    dated = "closes == date('2099-01-01')"
    assert records.counts(ann, "deal", [dated]) == [1]
    assert records.counts(app.context_for("Bo", ["rep"], ["South"]), "deal", [dated]) == [0]


def test_a_statement_is_written_once_for_all_values(app: App, ann: Context, statements: list[str]) -> None:
    first = records.list(app.system, "deal", Query(limit=10))
    for word in ("1", "12", "1234"):
        records.list(ann, "deal", Query(q=word))
    records.list(app.system, "deal", Query(limit=10, cursor=first.next))
    second = records.list(app.system, "deal", Query(limit=10, cursor=first.next))
    records.list(app.system, "deal", Query(limit=10, cursor=second.next))
    assert len(set(statements[1:4])) == 1
    assert len(set(statements[4:])) == 1


def plan(
    app: App, context: Context, query: Query, nulls: tuple[bool, ...] | None = None, **values: object
) -> str:
    """How PostgreSQL reads a page, with a plan for all values of the parameters."""
    viewer = Viewer(context.model, context.principal.access_key)
    statement = page_statement(viewer, context.model.entities["deal"], query, 1 if query.q else 0, nulls)
    explained = Statement(sa.select(sa.literal_column("1")))
    explained.prepared = Prepared(f"EXPLAIN {statement.prepared.text.decode()}")
    explained._names = statement._names
    rows = explained.run(app.database, {"fs_user": context.principal.user, "fs_user_teams": []} | values)
    return "\n".join(line.decode() for line in rows.column(0))


INDEXED = [
    (Query(limit=10), "ix_deal__order", None),
    (Query(limit=10, order=("closes",)), "ix_deal__order", None),
    (Query(limit=10, order=("name",)), "ix_deal__name__order", None),
    (Query(limit=10, order=("-name",)), "ix_deal__name__order", None),
    (Query(limit=10, order=("amount",)), "ix_deal__amount__order", None),
    (Query(limit=10, order=("-amount",)), "ix_deal__amount__order", None),
    (Query(limit=10, order=("-id",)), "pk__deal", None),
    (Query(limit=10, order=("rank",)), "ix_deal__rank", None),
    (Query(limit=10, order=("-rank",)), "ix_deal__rank", None),
    (Query(limit=10, order=("-rank",)), "ix_deal__rank", ("5", "0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11")),
    (
        Query(limit=10, order=("closes",)),
        "ix_deal__order",
        ("2024-05-05", "0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11"),
    ),
    (Query(limit=10), "ix_deal__order", ("2024-05-05", "0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11")),
    (Query(limit=10), "Index Scan", (None, "0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11")),
    (
        Query(limit=10, order=("-amount",)),
        "ix_deal__amount__order",
        ("5", "0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11"),
    ),
]


@pytest.mark.parametrize(("query", "index", "cursor"), INDEXED, ids=range(len(INDEXED)))
def test_a_page_is_read_along_the_index_of_its_order(
    app: App, query: Query, index: str, cursor: tuple[str | None, ...] | None
) -> None:
    nulls = None if cursor is None else tuple(key is None for key in cursor)
    keys = {f"fs_key_{number}": key for number, key in enumerate(cursor or ())}
    found = plan(app, app.system, query, nulls, **keys)
    assert index in found
    assert "Seq Scan on deal" not in found


@pytest.mark.parametrize("where", ["rank == 4321", "rank > 4990", "rank between 10 and 12 or rank == 15"])
def test_a_filter_by_a_stored_formula_uses_its_index(app: App, where: str) -> None:
    found = plan(app, app.system, Query(where=where, order=("name",)))
    assert "ix_deal__rank" in found
    assert "Seq Scan on deal" not in found


def test_a_search_uses_the_trigram_index(app: App) -> None:
    assert "ix_deal___search" in plan(app, app.system, Query(q="deal 1234"), None, fs_word_0="%deal 1234%")


@pytest.mark.parametrize("order", [(), ("name",)])
def test_a_search_for_similar_words_uses_the_trigram_index(app: App, order: tuple[str, ...]) -> None:
    query = Query(q="mistyped", similar=True, order=order or None)
    assert "ix_deal___search" in plan(app, app.system, query, None, fs_word_0="%mistyped%")


def test_deep_pages_show_what_one_long_page_shows(app: App) -> None:
    query = Query(order=("-amount",), fields=("amount",), limit=1000)
    seen: list[str] = []
    page = records.list(app.system, "deal", query)
    while page.next is not None:
        seen += [record["id"] for record in page.data]
        page = records.list(app.system, "deal", replace(query, cursor=page.next))
    seen += [record["id"] for record in page.data]
    total = records.aggregate(app.system, "deal", Query())[0].measures["count"]
    assert len(seen) == len(set(seen)) == total


def test_constants_of_a_condition_are_texts_and_nothing_else(app: App) -> None:
    hostile = ["Rob'); DROP TABLE deal;--", "a\\b", "$1", "%s :x", "\\'", "x'y", "E'\\\\'", "ü$2ü"]
    made = records.create(app.system, "deal", [{"name": name} for name in hostile])
    for name, one in zip(hostile, made, strict=True):
        escaped = name.replace("\\", "\\\\").replace("'", "\\'")
        found = records.list(app.system, "deal", Query(where=f"name == '{escaped}'", fields=("name",)))
        assert [(record["id"], record["name"]) for record in found.data] == [(str(one.id), name)]


def test_a_text_with_a_null_byte_is_refused(app: App) -> None:
    with pytest.raises(Malformed):
        records.list(app.system, "deal", Query(where="name == 'a\x00b'"))


def test_reading_goes_on_after_a_write_was_rolled_back(app: App, ann: Context) -> None:
    for _ in range(4):
        records.list(ann, "deal", Query(limit=1))
        with pytest.raises(FieldstoneError):
            records.create(ann, "deal", [{"name": "x" * 9999}])
        with pytest.raises(FieldstoneError):
            app.sql("SELECT * FROM main.nothing")
    assert records.list(ann, "deal", Query(limit=1, fields=("id",))) is not None


def test_reading_inside_a_transaction_sees_it(app: App) -> None:
    from fieldstone.database.joined import JoinedDatabase

    with app.database.write(app.model.version) as connection:
        inside = replace(app.system, database=JoinedDatabase(app.database, connection))
        [made] = records.create(inside, "deal", [{"name": "Not yet"}])
        assert records.get(inside, "deal", made.id)["name"] == "Not yet"
        assert records.list(app.system, "deal", Query(where='name == "Not yet"')).data == []


def test_a_connection_that_was_cut_is_replaced(app: App, ann: Context) -> None:
    records.list(ann, "deal", Query(limit=1))
    app.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert records.list(app.system, "deal", Query(limit=1)).data


def test_threads_share_statements(app: App) -> None:
    queries = [Query(limit=limit, q=word) for limit in (1, 2, 3) for word in (None, "deal", "12")] * 4
    with ThreadPoolExecutor(6) as threads:
        pages = list(threads.map(lambda query: records.list(app.system, "deal", query), queries))
    assert [len(page.data) for page in pages] == [query.limit for query in queries]
