"""What if a role were changed: who would gain and lose which records, before anything is published."""

import json
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.records import Query
from fieldstone_rules.types import Ref
from fieldstone_testing.apps import layer_from
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
---
kind: entity
name: item
label: Item
fields:
  deal: {type: reference, to: deal, owned: true, inverse: items}
  what: {type: text}
---
kind: role
name: rep
label: Rep
inherits: [employee]
entities:
  deal:
    create: true
    read: owner == user or team in user.teams
    update: owner == user
    fields: {amount: {update: amount == null or amount < 100}}
---
kind: role
name: chief
label: Chief
inherits: [rep]
entities:
  deal: {read: true}
---
kind: role
name: auditor
label: Auditor
inherits: [employee]
entities:
  deal: {read: true, fields: {margin: {read: false}}}
capabilities: [explain]
---
kind: role
name: scout
label: Scout
inherits: [employee]
entities:
  deal: {read: stage == "won"}
capabilities: [explain]
"""
REP = {
    "kind": "role",
    "name": "rep",
    "label": "Rep",
    "inherits": ["employee"],
    "entities": {
        "deal": {
            "create": True,
            "read": "owner == user or team in user.teams",
            "update": "owner == user",
            "fields": {"amount": {"update": "amount == null or amount < 100"}},
        }
    },
}


def rep(**deal):
    """The role of the app with some of what it says of deals put differently; None takes it away."""
    said = REP["entities"]["deal"] | deal
    return REP | {"entities": {"deal": {name: value for name, value in said.items() if value is not None}}}


@pytest.fixture(scope="module")
def app(module_app_from):
    app = module_app_from(APP)
    fill(app)
    return app


def fill(app):
    """Ann's two deals and Bo's one, and who else there is."""
    records.create(app.system, "team", [{"name": "North"}, {"name": "South"}])
    app.user("Ann", ["rep"], ["North"])
    app.user("Bo", ["rep"], ["South"])
    app.user("Cleo", ["chief"], ["North"])
    app.user("Olga", ["auditor"])
    app.user("Sam", ["scout"])
    app.user("Root", ["admin"])
    for owner, name, amount in (("Ann", "Pump", 10), ("Ann", "Pipe", 500), ("Bo", "Valve", 20)):
        made = records.create(app.context_for(owner), "deal", [{"name": name}])[0].id
        records.update(app.system, "deal", [records.Change(made, {"amount": amount, "margin": amount // 2})])


@pytest.fixture
def suppose(app, client):
    """`suppose("Root", role=…)`: the answer to "what if the role were like this?"."""
    return lambda name, **question: client(app, app.token(name)).post("/explain", json={"what_if": question})


@pytest.fixture
def told(suppose):
    """The differences that an administrator is told for one user: (verb, field) → gained and lost titles."""

    def ask(user, **question):
        answer = suppose("Root", user=f"{user.lower()}@example.com", **question)
        assert answer.status_code == 200, answer.text
        [one] = answer.json["users"]
        return {
            entity["entity"]: {
                (change["verb"], change["field"]): (titles(change["gained"]), titles(change["lost"]))
                for change in entity["changes"]
            }
            for entity in one["entities"]
        }

    return ask


def titles(side):
    assert side["count"] == len(side["records"])
    return [record["title"] for record in side["records"]]


def problems(answer):
    told = assert_problem(answer, 422, "bad_role")
    return {(one["line"], one["column"], one["code"]): one["hint"] for one in told["problems"]}


def test_records_that_a_narrower_role_loses_are_named(told):
    lost = told("Ann", role=rep(read='owner == user and name == "Pump"'))["deal"]
    assert lost == {
        ("read", None): ([], ["Pipe"]),
        ("update", None): ([], ["Pipe"]),
        ("read", "amount"): ([], ["Pipe"]),
    }


def test_records_that_a_wider_role_gains_are_named(told):
    assert told("Bo", role=rep(read=True))["deal"] == {
        ("read", None): (["Pipe", "Pump"], []),
        ("read", "amount"): (["Pipe", "Pump"], []),
    }


def test_every_verb_is_compared_and_what_may_be_read_is_needed_for_each(told):
    wider = told("Ann", role=rep(update="amount > 15", delete=True, assign="owner == user"))["deal"]
    assert wider["update", None] == ([], ["Pump"])
    assert wider["delete", None] == (["Pipe", "Pump"], [])
    assert wider["assign", None] == (["Pipe", "Pump"], [])
    assert ("read", None) not in wider


def test_rights_to_single_fields_are_compared(told):
    changed = told("Ann", role=rep(fields={"margin": {"read": "amount > 100"}}))["deal"]
    assert changed["read", "margin"] == ([], ["Pump"])
    assert changed["update", "amount"] == (["Pipe"], [])
    assert ("read", None) not in changed


def test_what_is_denied_is_lost_though_another_role_grants_it(told):
    denied = told("Cleo", role=rep(deny={"read": "amount > 100"}))["deal"]
    assert denied["read", None] == ([], ["Pipe"])


def test_what_lives_inside_a_record_follows_it(app, told):
    deal = records.create(app.context_for("Ann"), "deal", [{"name": "Tank", "items": [{"what": "Lid"}]}])[0]
    lost = told("Ann", role=rep(read='owner == user and name != "Tank"'))
    records.delete(app.system, "deal", [deal.id])
    assert lost["deal"]["read", None] == ([], ["Tank"])
    assert lost["item"]["read", None] == ([], ["Lid"])


def test_records_in_the_recycle_bin_do_not_count(app, told):
    deal = records.create(app.context_for("Ann"), "deal", [{"name": "Old"}])[0].id
    records.delete(app.system, "deal", [deal])
    assert told("Bo", role=rep(read=True))["deal"]["read", None] == (["Pipe", "Pump"], [])


def test_a_role_that_inherits_something_else_changes_roles_and_capabilities(suppose):
    answer = suppose("Root", role=REP | {"inherits": ["auditor"]}, user="ann@example.com", entity="deal").json
    [ann] = answer["users"]
    assert ann["roles"] == {"gained": ["auditor"], "lost": []}
    assert ann["capabilities"] == {"gained": ["explain"], "lost": []}
    read = ann["entities"][0]["changes"][0]
    assert (read["verb"], titles(read["gained"])) == ("read", ["Valve"])


def test_without_a_user_all_holders_are_compared_also_those_who_inherit_the_role(suppose):
    answer = suppose("Root", role=rep(read="owner == user", create=None)).json
    assert [one["user"]["title"] for one in answer["users"]] == ["Ann", "Bo", "Cleo"]
    assert (answer["roles"], answer["users_left_out"]) == (["rep"], 0)
    assert answer["entities"] == ["deal", "item"]
    creates = [one["entities"][0]["create"] for one in answer["users"]]
    assert creates == [{"before": True, "after": False}] * 3


def test_several_roles_change_together_as_yaml(suppose):
    text = """
kind: role
name: rep
entities: {deal: {read: name == "Pump"}}
---
kind: role
name: chief
inherits: [rep]
"""
    answer = suppose("Root", role=text, user="cleo@example.com", entity="deal").json
    assert answer["roles"] == ["rep", "chief"]
    read = answer["users"][0]["entities"][0]["changes"][0]
    assert titles(read["lost"]) == ["Pipe", "Valve"]


def test_a_role_that_is_new_concerns_nobody_yet(suppose):
    text = "kind: role\nname: guest\nentities: {deal: {read: true}}"
    answer = suppose("Root", role=text).json
    assert (answer["entities"], answer["users"]) == ([], [])


def test_a_role_that_stays_as_it_is_changes_nothing(suppose):
    answer = suppose("Root", role=REP).json
    assert answer["entities"] == []
    assert [one["entities"] for one in answer["users"]] == [[], [], []]


def test_only_the_first_records_are_shown_of_all_that_are_counted(suppose):
    answer = suppose("Root", role=rep(read=True), user="bo@example.com", entity="deal", limit=1).json
    gained = answer["users"][0]["entities"][0]["changes"][0]["gained"]
    assert gained["count"] == 2
    [shown] = gained["records"]
    assert (shown["entity"], shown["title"]) == ("deal", "Pipe")


def test_what_was_shared_counts_on_both_sides(app_from, client):
    app = app_from(APP.replace("    create: true\n", "    create: true\n    share: owner == user\n", 1))
    app.user("Ann", ["rep"])
    app.user("Kim", ["scout"])
    deal = records.create(app.context_for("Ann"), "deal", [{"name": "Pump"}])[0].id
    kim = records.Sharing(Ref("user", app.users["Kim"]), None)
    records.share(app.context_for("Ann"), "deal", deal, kim)
    question = {"role": rep(read=False, share="owner == user"), "user": "kim@example.com", "entity": "deal"}
    answer = client(app, app.token("Root", ["admin"])).post("/explain", json={"what_if": question}).json
    read = answer["users"][0]["entities"][0]["changes"][0]
    assert (read["verb"], titles(read["lost"])) == ("read", ["Pump"])


def test_nothing_is_published_and_nothing_is_written(app, suppose):
    tables = "SELECT (SELECT count(*) FROM main_system.history), (SELECT version FROM main_system.current)"
    before = app.sql(tables)
    assert suppose("Root", role=rep(read=True)).status_code == 200
    assert app.sql(tables) == before
    assert app.model.roles["rep"].entities["deal"].read.source == "owner == user or team in user.teams"


CHANGED = {
    "kind": "role",
    "name": "rep",
    "inherits": ["scout"],
    "entities": {
        "deal": {
            "create": True,
            "read": 'owner == user or amount > 100 or has_role("chief") and name != "Pump"',
            "update": "amount < 400",
            "delete": "owner == user",
            "assign": 'stage == "open" and owner == user',
            "deny": {"read": 'name == "Valve" and not has_role("chief")', "delete": "amount == 10"},
            "fields": {"margin": {"read": "amount < 100"}, "amount": {"update": 'name != "Pump"'}},
        }
    },
}


def published_with(text, role):
    """An app with one of its roles put differently."""
    others = [one for one in text.split("---\n") if f"name: {role['name']}\n" not in one]
    return "---\n".join([*others, json.dumps(role) + "\n"])


def holdings(app, name):
    """What somebody may do with which deal, as lists and records say: (verb, field, title)."""
    context = app.context_for(name)
    for deal in records.list(context, "deal", Query(fields=("name",))).data:
        rights = records.rights(context, "deal", UUID(deal["id"]))
        whole = {verb: getattr(rights, verb) for verb in ("read", "update", "delete", "assign")}
        yield from ((verb, None, deal["name"]) for verb, holds in whole.items() if holds)
        fields = {(name, "read"): field.read for name, field in rights.fields.items()}
        fields |= {(name, "update"): field.update for name, field in rights.fields.items()}
        narrowed = {key: holds for key, holds in fields.items() if key[0] in {"amount", "margin"}}
        yield from ((verb, field, deal["name"]) for (field, verb), holds in narrowed.items() if holds)


def foretold(user):
    """What the answer says that somebody gains, and loses."""
    changes = [change for entity in user["entities"] for change in entity["changes"]]
    return [
        {(one["verb"], one["field"], title) for one in changes for title in titles(one[side])}
        for side in ("gained", "lost")
    ]


def test_what_is_foretold_comes_true_once_the_role_is_published(app_from, client):
    app = app_from.of_layers([layer_from(APP)], filled_by=fill)
    names = ("Ann", "Bo", "Cleo")
    before = {name: set(holdings(app, name)) for name in names}
    question = {"role": CHANGED, "entity": "deal", "limit": 50}
    answer = client(app, app.token("Root")).post("/explain", json={"what_if": question}).json
    changes = dict(zip(names, map(foretold, answer["users"]), strict=True))
    app.publish(published_with(APP, CHANGED))
    after = {name: set(holdings(app, name)) for name in names}
    assert {name: [after[name] - before[name], before[name] - after[name]] for name in names} == changes
    assert all(any(side) for side in zip(*changes.values(), strict=True))


def test_comments_follow_the_records_that_they_are_about(app, told):
    about = {"entity": "deal", "id": str(app.sql("SELECT id FROM main.deal WHERE name = 'Pipe'")[0].id)}
    said = records.create(app.context_for("Ann"), "comment", [{"body": "Hm", "regarding": about}])[0].id
    changed = told("Bo", role=rep(read=True), entity="comment")
    records.delete(app.context_for("Ann"), "comment", [said])
    [gained, lost] = changed["comment"]["read", None]
    assert (len(gained), lost) == (1, [])


def test_the_number_of_statements_depends_on_neither_records_nor_rights(app, suppose):
    few, many = rep(read=True), rep(read=True, update=True, delete=True, fields={"name": {"read": False}})

    def statements(role):
        with noted_statements() as seen:
            assert suppose("Root", role=role, user="bo@example.com", entity="deal").status_code == 200
        return len(seen)

    statements(few)
    assert statements(few) == statements(many)
    assert [text.count("differing") > 0 for text in _seen(suppose, many)].count(True) == 1


def _seen(suppose, role):
    with noted_statements() as seen:
        suppose("Root", role=role, user="bo@example.com", entity="deal")
    return seen


# -- whose question


def test_asking_takes_the_capability_explain(suppose):
    told = assert_problem(suppose("Ann", role=REP, user="ann@example.com"), 403)
    assert told["reason"] == "It needs the capability `explain`."


def test_a_condition_that_reads_what_the_caller_may_not_read_is_refused(suppose):
    told = assert_problem(suppose("Olga", role=rep(read="margin > 5"), entity="deal"), 403)
    assert told["reason"] == "Rights over it rest on values that you may not read."
    assert suppose("Olga", role=rep(read="amount > 5"), entity="deal").status_code == 200


def test_records_that_the_caller_may_not_read_are_neither_counted_nor_shown(app, suppose):
    won = records.create(app.system, "deal", [{"name": "Won", "stage": "won"}])[0].id
    answer = suppose("Sam", role=rep(read=True), user="bo@example.com", entity="deal").json
    records.delete(app.system, "deal", [won])
    gained = answer["users"][0]["entities"][0]["changes"][0]["gained"]
    assert titles(gained) == ["Won"]


# -- bad input


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("kind: role\nname: rep\nentities: {deal: {read: ownr == user}}", (3, 25, "unknown_name")),
        ("kind: role\nname: rep\nentities: {dael: {read: true}}", (3, 12, "unknown_entity")),
        ("kind: role\nname: rep\ninherits: [emploee]", (3, 12, "unknown_role")),
        ("kind: role\nname: rep\nentities: {deal: {read: [", (4, 1, "yaml_syntax")),
        ("kind: entity\nname: deal", (1, 1, "not_a_role")),
        ("kind: role\nname: rep\nextends: true", (3, 10, "not_whole")),
        ("kind: role\nname: admin", (1, 1, "admin_is_built_in")),
        ("kind: role\nname: rep\n---\nkind: role\nname: rep", (4, 1, "defined_twice")),
        ("", (1, 1, "nothing_to_read")),
        ("just words", (1, 1, "not_a_document")),
    ],
)
def test_problems_of_the_role_are_told_as_the_check_tells_them(suppose, text, problem):
    assert problem in problems(suppose("Root", role=text))


def test_a_problem_carries_its_hint(suppose):
    told = problems(suppose("Root", role="kind: role\nname: rep\nentities: {dael: {read: true}}"))
    assert told[3, 12, "unknown_entity"] == "did you mean `deal`?"


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"role": None},
        {"role": 7},
        {"role": ["kind: role"]},
        {"role": REP, "verb": "read"},
        {"role": REP, "limit": "all"},
        {"role": REP, "limit": True},
        {"role": REP, "limit": 51},
        {"role": REP, "limit": -1},
        {"role": REP, "user": "7"},
        {"role": REP, "entity": 7},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(suppose, question):
    assert_problem(suppose("Root", **question), 400)


@pytest.mark.parametrize(
    "body", [{"what_if": None}, {"what_if": []}, {"what_if": {"role": REP}, "verb": "read"}]
)
def test_a_body_that_makes_no_sense_is_refused(app, client, body):
    assert_problem(client(app, app.token("Root")).post("/explain", json=body), 400)


def test_what_is_unknown_is_not_found(suppose):
    assert_problem(suppose("Root", role=REP, entity="unicorn"), 404, "unknown_entity")
    assert_problem(suppose("Root", role=REP, user="nobody@example.com"), 404, "unknown_user")
    nobody = "0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11"
    assert_problem(suppose("Root", role=REP, user=nobody), 404, "unknown_user")
