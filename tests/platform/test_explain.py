"""Why somebody may or may not do something: the clauses of all roles, with the values behind them."""

from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.context import TokenLimits
from fieldstone_rules.types import Ref
from fieldstone_testing.problems import assert_problem
from fieldstone_testing.statements import noted_statements

APP = """
kind: app
name: desk
label: Desk
version: 1.0.0
---
kind: entity
name: deal
label: Deal
fields:
  name: {type: text, required: true, max_length: 100}
  stage: {type: choice, options: [open, won], default: open}
  amount: {type: integer}
  margin: {type: integer}
  reviewer: {type: user}
  sealed: {type: boolean, default: false}
---
kind: workflow
name: deal_stage
entity: deal
field: stage
initial: open
states:
  open: {label: Open}
  won: {label: Won, final: true}
transitions:
  win: {from: open, to: won, label: Win, roles: [chief], guard: amount > 10 and reviewer != null}
---
kind: role
name: rep
label: Rep
inherits: [employee]
entities:
  deal:
    create: true
    read: owner == user or team in user.teams
    update: owner == user and stage != "won"
    delete: margin > 5 or owner == user
    fields:
      margin: {read: false, update: false}
      amount: {update: amount == null or amount < 100}
---
kind: role
name: chief
label: Chief
inherits: [rep]
entities:
  deal: {create: true, read: true, update: reviewer.manager == user, delete: true, assign: true}
---
kind: role
name: auditor
label: Auditor
inherits: [employee]
entities:
  deal: {read: true, deny: {read: sealed}}
capabilities: [explain]
"""


@pytest.fixture(scope="module")
def app(module_app_from):
    app = module_app_from(APP)
    records.create(app.system, "team", [{"name": "North"}, {"name": "South"}])
    app.user("Ann", ["rep"], ["North"])
    app.user("Bo", ["rep"], ["South"])
    app.user("Cleo", ["chief"], ["North"])
    app.user("Olga", ["auditor"])
    return app


@pytest.fixture(scope="module")
def deal(app):
    """Ann's open deal, on which her team North works too."""
    made = records.create(app.context_for("Ann"), "deal", [{"name": "Pump"}])[0].id
    records.update(app.system, "deal", [records.Change(made, {"amount": 500, "margin": 40})])
    return str(made)


@pytest.fixture
def ask(app, client):
    """`ask("Ann", entity="deal", …)`: the answer to Ann's question."""
    return lambda name, **question: client(app, app.token(name)).post("/explain", json=question)


def told(answer):
    assert answer.status_code == 200, answer.text
    return answer.json


def values(clause):
    return {part["source"]: part["value"] for part in clause["parts"]}


def test_it_names_the_role_and_the_clause_that_allow_it(ask, deal, app):
    answer = told(ask("Ann", entity="deal", id=deal, verb="update"))
    assert (answer["allowed"], answer["roles"], answer["reason"]) == (True, ["rep"], None)
    assert answer["user"] == {"id": str(app.users["Ann"]), "entity": "user", "title": "Ann"}
    [clause] = answer["clauses"]
    assert (clause["role"], clause["label"], clause["effect"]) == ("rep", "Rep", "grant")
    assert clause["expression"] == 'owner == user and stage != "won"'
    assert clause["value"] is True


def test_every_part_has_its_place_and_its_value(ask, deal):
    [clause] = told(ask("Ann", entity="deal", id=deal, verb="update"))["clauses"]
    places = {part["source"]: (part["line"], part["column"]) for part in clause["parts"]}
    assert places['stage != "won"'] == (1, 19)
    assert values(clause)["owner"]["title"] == "Ann"
    assert values(clause)["stage"] == "open"
    assert values(clause)['stage != "won"'] is True


def test_a_refusal_says_in_words_what_it_needs(ask, deal, app):
    records.update(app.system, "deal", [records.Change(UUID(deal), {"owner": _user(app, "Bo")})])
    answer = told(ask("Ann", entity="deal", id=deal, verb="update"))
    records.update(app.system, "deal", [records.Change(UUID(deal), {"owner": _user(app, "Ann")})])
    assert (answer["allowed"], answer["roles"]) == (False, [])
    assert "(as Rep)" in answer["reason"]
    [clause] = answer["clauses"]
    assert clause["words"] == "You are its owner, and “Stage” is not Won"
    assert values(clause)["owner == user"] is False


def test_a_value_that_the_caller_may_not_read_is_hidden_with_all_that_it_decides(ask, deal):
    answer = told(ask("Ann", entity="deal", id=deal, verb="delete"))
    [clause] = answer["clauses"]
    hidden = {part["source"] for part in clause["parts"] if part["hidden"]}
    assert hidden == {"margin", "margin > 5", "margin > 5 or owner == user"}
    assert [part["value"] for part in clause["parts"] if part["hidden"]] == [None, None, None]
    assert values(clause)["owner == user"] is True
    assert (clause["hidden"], clause["value"]) == (True, None)


def test_parts_that_were_not_needed_are_told_too_so_that_their_absence_tells_nothing(ask, deal):
    [clause] = told(ask("Ann", entity="deal", id=deal, verb="delete"))["clauses"]
    assert [part["source"] for part in clause["parts"]] == [
        "margin", "margin > 5", "owner", "user", "owner == user", "margin > 5 or owner == user",
    ]  # fmt: skip


def test_a_role_may_narrow_its_grant_to_some_values_of_a_field(ask, deal):
    answer = told(ask("Ann", entity="deal", id=deal, verb="update", field="amount"))
    assert answer["allowed"] is False
    grant, narrowed = answer["clauses"]
    assert (grant["effect"], grant["value"]) == ("grant", True)
    assert (narrowed["effect"], narrowed["value"]) == ("field", False)
    assert narrowed["words"] == "“Amount” is empty, or “Amount” is below 100"


def test_a_field_that_the_caller_does_not_know_is_not_found(ask, deal):
    assert_problem(ask("Ann", entity="deal", id=deal, verb="read", field="margin"), 404, "unknown_field")
    assert_problem(ask("Ann", entity="deal", id=deal, verb="read", field="nonsense"), 404, "unknown_field")


def test_a_transition_is_explained_by_its_roles_and_its_guard(ask, deal):
    answer = told(ask("Ann", entity="deal", id=deal, verb="transition", transition="win"))
    assert answer["allowed"] is False
    assert "It needs the role Chief." in answer["reason"]
    held, guard = answer["clauses"]
    assert (held["role"], held["words"], held["value"]) == ("chief", "You hold the role Chief", False)
    assert (guard["role"], guard["effect"], guard["value"]) == (None, "guard", False)
    assert values(guard)["amount > 10"] is True
    assert values(guard)["reviewer != null"] is False


def test_whoever_holds_several_roles_is_told_about_each(ask, deal):
    answer = told(ask("Cleo", entity="deal", id=deal, verb="read"))
    assert answer["roles"] == ["chief", "rep"]
    assert [(clause["role"], clause["words"]) for clause in answer["clauses"]] == [
        ("chief", "Always"),
        ("rep", "You are its owner, or it belongs to one of your teams"),
    ]


def test_it_says_how_the_user_comes_by_the_roles(app, ask, deal):
    cleo = told(ask("Cleo", entity="deal", id=deal, verb="read"))
    me = {"id": str(app.users["Cleo"]), "entity": "user", "title": "Cleo"}
    assert cleo["held"] == [
        {"role": "chief", "label": "Chief", "given_to": me, "inherited_by": None},
        {"role": "rep", "label": "Rep", "given_to": None, "inherited_by": "chief"},
    ]


def test_a_role_that_a_team_holds_is_told_with_the_team(app_from, client):
    app = app_from(APP)
    app.user("Kim", [], ["East"])
    team = {"id": str(app.sql("SELECT id FROM main.team")[0].id), "entity": "team"}
    records.create(app.system, "role_assignment", [{"holder": team, "role": "rep"}])
    answer = told(client(app, app.token("Kim")).post("/explain", json={"entity": "deal", "verb": "update"}))
    assert [(one["role"], one["given_to"]) for one in answer["held"]] == [("rep", team | {"title": "East"})]


def test_what_cannot_be_shared_is_told_so(ask, deal):
    answer = told(ask("Ann", entity="deal", id=deal, verb="share"))
    assert (answer["allowed"], answer["reason"]) == (False, "No role has `share` for it.")
    assert told(ask("Ann", entity="deal", verb="share"))["allowed"] is False


def test_the_number_of_statements_does_not_depend_on_how_often_a_record_was_shared(app_from, client):
    app = app_from(APP.replace("    delete: margin", "    share: true\n    delete: margin", 1))
    deal = records.create(app.context_for("Ann", ["rep"]), "deal", [{"name": "Pump"}])[0].id
    kim, question = app.user("Kim", ["rep"]), {"entity": "deal", "id": str(deal), "verb": "read"}
    api = client(app, app.token("Kim"))

    def shared_by(*names):
        for name in names:
            sharer = app.context_for(name, ["chief"])
            records.share(sharer, "deal", deal, records.Sharing(Ref("user", kim), None))
        with noted_statements() as seen:
            clauses = told(api.post("/explain", json=question))["clauses"]
        return len(seen), [one["effect"] for one in clauses].count("share")

    shared_by("Cleo")
    (few, one), (many, three) = shared_by("Cleo"), shared_by("Dora", "Eva")
    assert (few, one, three) == (many, 1, 3)


def test_sharing_is_explained_like_any_right(app_from, client):
    app = app_from(APP.replace("    delete: margin", "    share: owner == user\n    delete: margin", 1))
    deal = records.create(app.context_for("Ann", ["rep"], ["North"]), "deal", [{"name": "Pump"}])[0].id
    app.user("Bo", ["rep"], ["North"])
    question = {"entity": "deal", "id": str(deal), "verb": "share"}
    own, mates = (
        told(client(app, app.token(name)).post("/explain", json=question)) for name in ("Ann", "Bo")
    )
    assert (own["allowed"], own["roles"]) == (True, ["rep"])
    assert (mates["allowed"], mates["reason"]) == (
        False,
        "It is possible only if you are its owner (as Rep).",
    )


def test_a_hop_to_a_record_that_is_not_there_is_no_value(ask, deal):
    answer = told(ask("Cleo", entity="deal", id=deal, verb="update"))
    chief = answer["clauses"][0]
    assert chief["words"] == "You are its reviewer's manager"
    assert (answer["allowed"], chief["value"]) == (False, False)


def test_a_record_that_the_caller_may_not_read_is_not_found(ask, deal):
    assert_problem(ask("Bo", entity="deal", id=deal, verb="read"), 404, "not_found")
    nobodys = "0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11"
    assert_problem(ask("Ann", entity="deal", id=nobodys, verb="read"), 404, "not_found")


def test_asking_about_somebody_else_takes_a_capability(ask, deal, app):
    mail = assert_problem(ask("Ann", entity="deal", id=deal, verb="read", user="bo@example.com"), 403)
    assert mail["reason"] == "It needs the capability `explain`."
    nobody = ask("Ann", entity="deal", id=deal, verb="read", user="nobody@example.com")
    assert_problem(nobody, 403)
    assert_problem(ask("Ann", entity="deal", id=deal, verb="read", user=str(app.users["Bo"])), 403)
    assert told(ask("Ann", entity="deal", id=deal, verb="read", user="ANN@example.com"))["allowed"] is True


def test_whoever_holds_the_capability_sees_why_another_may_not_see_a_record(ask, deal):
    answer = told(ask("Olga", entity="deal", id=deal, verb="read", user="bo@example.com"))
    assert answer["allowed"] is False
    assert answer["user"]["title"] == "Bo"
    [clause] = answer["clauses"]
    assert clause["words"] == "The user is its owner, or it belongs to one of the user's teams"
    assert values(clause)["team in user.teams"] is False
    assert answer["reason"].startswith(
        "It is possible only if the user is its owner, or it belongs to one of"
    )
    assert_problem(ask("Olga", entity="deal", id=deal, verb="read", user="nobody@example.com"), 404)


def test_a_denial_is_told_as_one(ask, deal, app):
    answer = told(ask("Olga", entity="deal", id=deal, verb="read"))
    denial = answer["clauses"][1]
    assert (denial["effect"], denial["words"], denial["value"]) == ("deny", "“Sealed” is yes", False)
    assert (answer["allowed"], answer["roles"]) == (True, ["auditor"])


def test_a_comment_follows_the_record_that_it_is_about(ask, deal, app):
    about = {"entity": "deal", "id": deal}
    said = records.create(app.context_for("Ann"), "comment", [{"body": "Hm", "regarding": about}])[0].id
    answer = told(ask("Olga", entity="comment", id=str(said), verb="read", user="bo@example.com"))
    assert answer["allowed"] is False
    assert [(one["role"], one["effect"], one["value"]) for one in answer["clauses"]] == [
        ("employee", "grant", True),
        (None, "follows", False),
    ]
    assert answer["reason"] == "Not so: the user may read the record in “About”."


@pytest.mark.parametrize("verb", ["read", "update", "delete"])
def test_a_comment_names_the_record_that_it_follows_also_to_its_author(ask, deal, app, verb):
    about = {"entity": "deal", "id": deal}
    said = records.create(app.context_for("Ann"), "comment", [{"body": "Hm", "regarding": about}])[0].id
    own = told(ask("Ann", entity="comment", id=str(said), verb=verb))
    assert ("follows", True) in [(one["effect"], one["value"]) for one in own["clauses"]]
    unnamed = told(ask("Ann", entity="comment", verb=verb))
    assert ("follows", None) in [(one["effect"], one["value"]) for one in unnamed["clauses"]]


def test_without_a_record_it_says_what_is_always_so(ask):
    create = told(ask("Ann", entity="deal", verb="create"))
    assert (create["allowed"], create["id"]) == (True, None)
    update = told(ask("Ann", entity="deal", verb="update"))
    assert update["allowed"] is None
    assert [(clause["value"], clause["parts"]) for clause in update["clauses"]] == [(None, [])]
    assert told(ask("Olga", entity="deal", verb="delete"))["allowed"] is False


def test_what_the_token_leaves_out_is_blamed_on_the_token(app, client, deal):
    narrow = app.token("Ann", limits=TokenLimits(verbs=frozenset({"read"})))
    answer = client(app, narrow).post("/explain", json={"entity": "deal", "id": deal, "verb": "update"}).json
    assert (answer["allowed"], answer["reason"]) == (False, "The token in use leaves it out.")


@pytest.mark.parametrize(
    "question",
    [
        {"entity": "deal"},
        {"verb": "read"},
        {"entity": "deal", "verb": "juggle"},
        {"entity": "deal", "verb": "transition"},
        {"entity": "deal", "verb": "read", "transition": "win"},
        {"entity": "deal", "verb": "delete", "field": "name"},
        {"entity": "deal", "verb": "create", "id": "0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11"},
        {"entity": "deal", "verb": "read", "id": "7"},
        {"entity": "deal", "verb": 7},
        {"entity": "deal", "verb": "read", "role": "rep"},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(ask, question):
    assert_problem(ask("Ann", **question), 400)


def test_what_is_unknown_is_not_found(ask):
    assert_problem(ask("Ann", entity="unicorn", verb="read"), 404, "unknown_entity")
    assert_problem(ask("Ann", entity="deal", verb="transition", transition="fly"), 404, "unknown_transition")


def _user(app, name):
    return {"entity": "user", "id": str(app.users[name])}
