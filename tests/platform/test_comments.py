"""Comments: whoever may read a record reads and writes what is said about it, and nobody else sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from fieldstone import records
from fieldstone.context import Context, TokenLimits
from fieldstone.errors import FieldstoneError, Forbidden, Invalid, NotFound
from fieldstone.records import Change, Query
from fieldstone_rules.types import Ref
from fieldstone_testing import ApiClient, App, AppFactory
from fieldstone_testing.deals import DEALS
from fieldstone_testing.statements import noted_statements

Client = Callable[..., ApiClient]


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(DEALS.replace("label: Rep\n", "label: Rep\ninherits: [employee]\n"))


@pytest.fixture
def ann(app: App) -> Context:
    return app.context_for("Ann", ["rep"], ["North"])


@pytest.fixture
def bo(app: App) -> Context:
    """A rep of another team, who may not read Ann's deals."""
    return app.context_for("Bo", ["rep"], ["South"])


def deal_of(context: Context, name: str = "Pump") -> UUID:
    return records.create(context, "deal", [{"name": name}])[0].id


def say(context: Context, about: UUID, body: str = "Call them", entity: str = "deal") -> UUID:
    regarding = {"id": str(about), "entity": entity}
    return records.create(context, "comment", [{"body": body, "regarding": regarding}])[0].id


def bodies(context: Context, query: Query | None = None) -> list[str]:
    return [record["body"] for record in records.list(context, "comment", query or Query()).data]


def test_a_comment_is_seen_with_the_record_that_it_is_about(app: App, ann: Context, bo: Context) -> None:
    deal = deal_of(ann)
    comment = say(ann, deal, "Ask for the **order** number")
    cat = app.context_for("Cat", ["rep"], ["North"])
    shown = records.get(cat, "comment", comment)
    assert shown["body"] == "Ask for the **order** number"
    assert shown["regarding"] == {"id": str(deal), "entity": "deal", "title": "Pump"}
    assert shown["created_by"]["title"] == "Ann"
    with pytest.raises(NotFound):
        records.get(bo, "comment", comment)


def test_whoever_may_read_a_record_may_comment_on_it(app: App, ann: Context, bo: Context) -> None:
    deal = deal_of(ann)
    cat = app.context_for("Cat", ["rep"], ["North"])
    say(cat, deal)
    with pytest.raises(Invalid) as caught:
        say(bo, deal)
    assert [(error.field, error.code) for error in caught.value.errors] == [("regarding", "unknown_record")]
    with pytest.raises(Invalid):
        say(bo, uuid4())


def test_rights_to_comments_need_no_grant_of_a_role(app: App) -> None:
    customer = records.create(app.system, "customer", [{"name": "Halden"}])[0].id
    guest = app.context_for("Gus", ["guest"])
    say(guest, customer, "Seen by a guest", "customer")
    assert bodies(guest) == ["Seen by a guest"]


def test_who_may_read_nothing_knows_no_comments(app: App, ann: Context) -> None:
    say(ann, deal_of(ann))
    with pytest.raises(Forbidden):
        records.list(app.context_for("Nobody"), "comment", Query())


def test_only_the_author_changes_or_deletes_a_comment(app: App, ann: Context) -> None:
    comment = say(ann, deal_of(ann))
    cat = app.context_for("Cat", ["manager"], ["North"])
    with pytest.raises(Forbidden):
        records.update(cat, "comment", [Change(comment, {"body": "Mine"})])
    with pytest.raises(Forbidden):
        records.delete(cat, "comment", [comment])
    records.update(ann, "comment", [Change(comment, {"body": "Call them today"})])
    assert records.get(cat, "comment", comment)["body"] == "Call them today"
    records.delete(ann, "comment", [comment])
    assert bodies(cat) == []


def test_an_author_who_may_not_read_the_record_any_more_has_lost_the_comment(app: App, ann: Context) -> None:
    deal = deal_of(ann)
    comment = say(ann, deal)
    north = app.context_for("Dan", ["rep"], ["South"])
    records.update(app.system, "deal", [Change(deal, {"owner": str(north.principal.user), "team": None})])
    for attempt in (
        lambda: records.get(ann, "comment", comment),
        lambda: records.update(ann, "comment", [Change(comment, {"body": "x"})]),
        lambda: records.delete(ann, "comment", [comment]),
        lambda: records.history(ann, "comment", comment),
        lambda: records.rights(ann, "comment", comment),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_a_comment_stays_with_its_record(ann: Context) -> None:
    comment, other = say(ann, deal_of(ann)), deal_of(ann, "Valve")
    with pytest.raises(Invalid) as caught:
        records.update(ann, "comment", [Change(comment, {"regarding": {"id": str(other), "entity": "deal"}})])
    assert [(error.field, error.code) for error in caught.value.errors] == [("regarding", "readonly")]


def test_there_are_no_comments_on_users(ann: Context) -> None:
    with pytest.raises(Invalid) as caught:
        say(ann, ann.principal.user, entity="user")
    assert [(error.field, error.code) for error in caught.value.errors] == [("regarding", "unknown_record")]


@pytest.mark.parametrize("sent", [
    None, "0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11", {"id": "x", "entity": "deal"}, {"id": str(uuid4())},
    {"id": str(uuid4()), "entity": "nothing"}, {"id": str(uuid4()), "entity": 5}, [], 7,
    {"id": str(uuid4()), "entity": "team"}, {"id": str(uuid4()), "entity": "comment"},
])  # fmt: skip
def test_what_leads_to_no_record_with_activities_is_refused(ann: Context, sent: Any) -> None:
    with pytest.raises(Invalid) as caught:
        records.create(ann, "comment", [{"body": "x", "regarding": sent}])
    assert [error.field for error in caught.value.errors] == ["regarding"]


def test_comments_go_to_the_bin_and_come_back_with_their_record(app: App, ann: Context) -> None:
    deal = deal_of(ann)
    comment = say(ann, deal)
    records.delete(ann, "deal", [deal])
    assert (bodies(ann), bodies(app.system)) == ([], [])
    with pytest.raises(NotFound):
        records.get(app.system, "comment", comment)
    records.restore(ann, "deal", [deal])
    assert bodies(ann) == ["Call them"]


def test_purging_a_record_purges_its_comments_with_their_history(app: App, ann: Context) -> None:
    deal, kept = deal_of(ann), deal_of(ann, "Valve")
    comment = say(ann, deal)
    say(ann, kept, "Stays")
    manager = app.context_for("Mia", ["manager"], ["North"])
    records.delete(manager, "deal", [deal])
    records.purge(manager, "deal", [deal])
    assert [row[0] for row in app.sql("SELECT body FROM main.comment")] == ["Stays"]
    assert app.sql("SELECT 1 FROM main_system.history WHERE record = :id", id=comment) == []


def test_a_deleted_comment_is_seen_and_restored_by_its_author_only(app: App, ann: Context) -> None:
    comment = say(ann, deal_of(ann))
    records.delete(ann, "comment", [comment])
    cat = app.context_for("Cat", ["rep"], ["North"])
    assert (bodies(ann, Query(deleted=True)), bodies(cat, Query(deleted=True))) == (["Call them"], [])
    records.restore(ann, "comment", [comment])
    assert bodies(cat) == ["Call them"]


def test_a_token_sees_the_comments_of_the_entities_that_it_is_for(
    app: App, ann: Context, client: Client
) -> None:
    deal = deal_of(ann)
    say(ann, deal)
    for entities, status in (({"deal"}, 200), ({"comment"}, 404), ({"deal", "comment"}, 200)):
        token = app.token("Ann", limits=TokenLimits(entities=frozenset(entities)))
        assert client(app, token).get(f"/data/deal/{deal}/comments").status_code == status


def everything_seen(context: Context, deal: UUID, comment: UUID) -> dict[str, object]:
    """What every path that reads comments shows of one."""
    related = Query(related=("regarding", Ref("deal", deal)), count="exact")
    return {
        "list": bodies(context),
        "where": bodies(context, Query(where='contains(body, "secret")')),
        "by record": bodies(context, Query(where=f"(regarding as deal).id == '{deal}'")),
        "search": bodies(context, Query(q="secret")),
        "estimate": records.list(context, "comment", Query(count="estimate")).count,
        "exact": records.list(context, "comment", Query(count="exact")).count,
        "related": records.list(context, "comment", related).count,
        "lookup": [found.title for found in records.lookup(context, "comment", "secret")],
        "sum": [group.measures["count"] for group in records.aggregate(context, "comment", Query())],
        "groups": [group.by["body"] for group in records.aggregate(context, "comment", Query(), ("body",))],
        "one": told(lambda: records.get(context, "comment", comment)["body"]),
        "history": told(lambda: len(records.history(context, "comment", comment))),
        "rights": told(lambda: records.rights(context, "comment", comment).read),
    }


def told(read: Callable[[], object]) -> object:
    try:
        return read()
    except FieldstoneError as error:
        return error.status


def test_no_path_shows_a_comment_on_an_unreadable_record(app: App, ann: Context, bo: Context) -> None:
    deal = deal_of(ann)
    deal_of(bo, "A deal of Bo, so that comments as such exist for him")
    comment = say(ann, deal, "A secret")
    assert everything_seen(bo, deal, comment) == {
        "list": [], "where": [], "by record": [], "search": [], "estimate": 0, "exact": 0, "related": 0,
        "lookup": [], "sum": [0], "groups": [], "one": 404, "history": 404, "rights": 404,
    }  # fmt: skip
    seen = everything_seen(app.context_for("Cat", ["rep"], ["North"]), deal, comment)
    assert seen == {
        "list": ["A secret"], "where": ["A secret"], "by record": ["A secret"], "search": ["A secret"],
        "estimate": 1, "exact": 1, "related": 1, "lookup": ["A secret"], "sum": [1], "groups": ["A secret"],
        "one": "A secret", "history": 1, "rights": True,
    }  # fmt: skip


def test_the_api_lists_and_creates_the_comments_of_a_record(app: App, client: Client) -> None:
    api = client(app, app.token("Ann", ["rep"], ["North"]))
    deal = api.post("/data/deal", {"name": "Pump"}).json["id"]
    created = api.post(f"/data/deal/{deal}/comments", {"body": "Call them"})
    assert created.status_code == 201
    assert created.headers["Location"] == f"/api/v1/data/comment/{created.json['id']}"
    page = api.get(f"/data/deal/{deal}/comments?count=exact&fields=body")
    assert page.json == {"data": [{"id": created.json["id"], "body": "Call them"}], "next": None, "count": 1}


def test_the_api_hides_the_comments_of_a_record_that_is_not_there(app: App, client: Client) -> None:
    deal = deal_of(app.context_for("Ann", ["rep"], ["North"]))
    api = client(app, app.token("Bo", ["rep"], ["South"]))
    assert api.get(f"/data/deal/{deal}/comments").status_code == 404
    assert api.post(f"/data/deal/{deal}/comments", {"body": "x"}).status_code == 404
    user = api.get("/me").json["id"]
    assert api.get(f"/data/user/{user}/comments").json["code"] == "unknown_collection"
    own = api.post("/data/deal", {"name": "Own"}).json["id"]
    refused = api.post(f"/data/deal/{own}/comments", {"body": "x", "regarding": None})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (400, "regarding")
    assert api.post(f"/data/deal/{own}/comments", {"body": " "}).status_code == 422


def test_openapi_describes_comments_for_who_may_read_records(app: App, client: Client) -> None:
    document = client(app, app.token("Ann", ["rep"])).get("/openapi.json").json
    operations = document["paths"]["/api/v1/data/deal/{id}/comments"]
    assert operations.keys() == {"get", "post"}
    assert document["components"]["schemas"]["comment.create_about"]["required"] == ["body"]
    assert "/api/v1/data/user/{id}/comments" not in document["paths"]
    assert "/comments" not in str(client(app, app.token("Nobody")).get("/openapi.json").json["paths"].keys())


def test_listing_and_writing_comments_takes_a_fixed_number_of_statements(app: App, client: Client) -> None:
    api = client(app, app.token("Ann", ["rep"], ["North"]))
    deal = api.post("/data/deal", {"name": "Pump"}).json["id"]
    path, numbers = f"/data/deal/{deal}/comments", []
    for more in (1, 30):
        for _ in range(more):
            assert api.post(path, {"body": "x"}).status_code == 201
        with noted_statements() as seen:
            api.get(path)
        numbers.append(len(seen))
    assert numbers == [2, 2]
