"""A role that may read a formula, title or notification, but not what it is made from, is warned of."""

from __future__ import annotations

import pytest

from fieldstone_metadata import Checked, File, Layer, check, core_layer

APP = """\
kind: app
name: sales
version: 1.0.0
---
kind: entity
name: account
fields:
  name: {type: text}
  rating: {type: integer}
---
kind: entity
name: deal
title: '{title}'
fields:
  name: {type: text}
  account: {type: reference, to: account, inverse: deals}
  amount: {type: integer}
  cost: {type: integer}
  margin: {type: formula, expression: '{formula}'}
  twice: {type: formula, expression: margin * 2}
---
kind: entity
name: line
fields:
  name: {type: text}
  deal: {type: reference, to: deal, inverse: lines}
  price: {type: integer}
"""


def app(formula: str = "1", title: str = "name", rules: str = "") -> Layer:
    """The layer of an app with one formula, title and rule file."""
    text = APP.replace("{formula}", formula).replace("{title}", title)
    return Layer("sales", (File("app.yaml", text), File("rules/deals.rules", rules)))


def role(deal: str, others: str = "", *, name: str = "rep", inherits: str = "[]") -> str:
    """A role with a grant on deals in line 7, and further grants."""
    head = f"---\nkind: role\nname: {name}\ninherits: {inherits}\nlabel: Role\nentities:\n"
    return f"{head}  deal: {deal}\n{others}"


def checked(roles: str, layer: Layer) -> Checked:
    local = Layer("local", (File("roles.yaml", roles),))
    found = check([core_layer(), layer, local])
    assert found.application is not None, found.problems
    return found


def warnings(roles: str, layer: Layer) -> list[str]:
    return [problem.message for problem in checked(roles, layer).problems if problem.code == "unread_source"]


ALL, WITHOUT_COST = "{read: true}", "{read: true, fields: {cost: {read: false}}}"


# ---- formulas


def test_a_formula_over_a_field_that_the_role_may_not_read_is_warned_of_at_its_grant() -> None:
    (problem,) = checked(role(WITHOUT_COST), app("amount - cost")).problems
    assert (problem.layer, problem.path, problem.line, problem.column) == ("local", "roles.yaml", 7, 3)
    assert (problem.code, problem.severity) == ("unread_source", "warning")
    assert problem.message == (
        "`rep` may read the formula `deal.margin`, but not `deal.cost`, from which it is made"
    )
    assert problem.hint == "refuse it as well (`fields: {margin: {read: false}}`), or grant both"


SEEN = {
    "the role reads both": (ALL, "amount - cost"),
    "the role reads neither": (
        "{read: true, fields: {cost: {read: false}, margin: {read: false}, twice: {read: false}}}",
        "amount - cost",
    ),
    "the role does not read the entity": ("{create: true}", "amount - cost"),
    "nobody with the role reads it": ("{read: true, deny: {read: true}}", "count(lines)"),
    "another field is hidden": (WITHOUT_COST, "amount * 2"),
    "only some records are hidden": ("{read: owner == user}", "amount - cost"),
    "a field is hidden in some records": (
        "{read: true, fields: {cost: {read: owner == user}}}",
        "amount - cost",
    ),
    "changing is refused, not reading": (
        "{read: true, update: true, fields: {cost: {update: false}}}",
        "amount - cost",
    ),
    "the reader's own data": (ALL, "if user.email == name then 1 else 2"),
    "what every record shows": (ALL, 'if id == "x" then version else 2'),
}


@pytest.mark.parametrize("case", SEEN)
def test_what_the_role_may_know_anyway_is_no_matter(case: str) -> None:
    grant, formula = SEEN[case]
    assert warnings(role(grant), app(formula)) == []


@pytest.mark.parametrize(
    ("formula", "others", "hidden"),
    [
        ("account.rating", "", "`account`"),
        ("account.rating", "  account: {update: true}\n", "`account`"),
        ("account.rating", "  account: {read: true, fields: {rating: {read: false}}}\n", "`account.rating`"),
        ("sum(lines.price)", "", "`line`"),
        ("count(lines)", "", "`line`"),
        ("sum(lines.price)", "  line: {read: true, fields: {price: {read: false}}}\n", "`line.price`"),
        ("count(entity.account where rating > 1)", "", "`account`"),
        ("deals.spread(record)", "", "`deal.cost`"),
        ("if account.rating > 1 then cost else 0", "", "`account`, `deal.cost`"),
    ],
)
def test_sources_behind_references_collections_and_functions_count(
    formula: str, others: str, hidden: str
) -> None:
    layer = app(formula, rules="function spread(d: deal) = d.amount - d.cost")
    found = warnings(role(WITHOUT_COST, others), layer)
    assert found == [f"`rep` may read the formula `deal.margin`, but not {hidden}, from which it is made"]


@pytest.mark.parametrize(
    ("formula", "others"),
    [
        ("account.rating", "  account: {read: owner == user}\n"),
        ("sum(lines.price)", "  line: {read: true}\n"),
        ("count(lines)", "  line: {read: true, fields: {price: {read: false}}}\n"),
    ],
)
def test_other_entities_that_the_role_may_read_are_no_matter(formula: str, others: str) -> None:
    assert warnings(role(ALL, others), app(formula)) == []


def test_a_formula_over_a_formula_is_as_hidden_as_that_one() -> None:
    grant = "{read: true, fields: {margin: {read: false}}}"
    found = warnings(role(grant), app("amount - cost"))
    assert found == ["`rep` may read the formula `deal.twice`, but not `deal.margin`, from which it is made"]


def test_personal_data_is_hidden_from_whoever_lacks_the_capability() -> None:
    layer = app("len(phone)")
    private = File(
        "app.yaml", layer.files[0].text.replace("  twice:", "  phone: {type: text, private: true}\n  twice:")
    )
    layer = Layer("sales", (private, *layer.files[1:]))
    assert warnings(role(ALL), layer) == [
        "`rep` may read the formula `deal.margin`, but not `deal.phone`, from which it is made"
    ]
    assert warnings(role(ALL) + "capabilities: [private_data]\n", layer) == []


# ---- several roles


def test_all_roles_and_all_formulas_are_told_at_once() -> None:
    roles = role(WITHOUT_COST) + role(WITHOUT_COST, name="clerk")
    layer = app("cost + account.rating", '"{name} {cost}"')
    found = [message.partition(", but")[0] for message in warnings(roles, layer)]
    expected = ["the formula `deal.margin`", "the title of `deal`"]
    assert found == [f"`{name}` may read {what}" for name in ("rep", "clerk") for what in expected]


def test_what_a_role_inherits_counts_and_is_told_once() -> None:
    layer = app("amount - cost")
    source = role(ALL, name="boss", inherits="[rep]")
    assert warnings(role(WITHOUT_COST) + source, layer) == [
        "`rep` may read the formula `deal.margin`, but not `deal.cost`, from which it is made"
    ]
    blind = role("{read: true, fields: {cost: {read: false}, margin: {read: false}, twice: {read: false}}}")
    assert warnings(blind + source, layer) == []


def test_grants_that_only_together_tell_too_much_are_told_of_the_heir() -> None:
    first = role("{read: true, fields: {cost: {read: false}, margin: {read: false}, twice: {read: false}}}")
    heir = role(
        "{read: true, fields: {cost: {read: false}, name: {read: false}}}", name="boss", inherits="[rep]"
    )
    assert [message.partition(", but")[0] for message in warnings(first + heir, app("amount - cost"))] == [
        "`boss` may read the formula `deal.margin`"
    ]


def test_an_administrator_may_read_everything() -> None:
    heir = role(WITHOUT_COST, inherits="[admin]")
    assert warnings(heir, app("amount - cost")) == []


def test_a_formula_that_a_higher_layer_adds_is_told_at_the_role_below() -> None:
    layer = app("1")
    base = Layer("sales", (*layer.files, File("roles.yaml", role(WITHOUT_COST))))
    text = "kind: entity\nname: deal\nextends: true\nfields:\n  rest: {type: formula, expression: cost + 1}\n"
    (problem,) = check([core_layer(), base, Layer("local", (File("more.yaml", text),))]).problems
    assert (problem.layer, problem.path, problem.line) == ("sales", "roles.yaml", 7)
    assert "`deal.rest`" in problem.message


# ---- titles and notifications


def test_a_title_that_holds_what_the_role_may_not_read_is_warned_of() -> None:
    (problem,) = checked(role(WITHOUT_COST), app(title='"{name} {cost}"')).problems
    assert problem.message == (
        "`rep` may read the title of `deal`, but not `deal.cost`, from which it is made"
    )
    assert problem.hint == "take it out of the `title` of `deal` (app.yaml:11), or grant it"
    assert warnings(role(ALL), app(title='"{name} {cost}"')) == []


def test_the_title_of_another_record_is_made_of_nothing_more() -> None:
    account = "  account: {read: true, fields: {rating: {read: false}}}\n"
    assert warnings(role(ALL, account), app(title='"{name} {account}"')) == []
    assert warnings(role(ALL), app(title='"{name} {account}"')) == [
        "`rep` may read the title of `deal`, but not `account`, from which it is made"
    ]


TELL = "trigger t on deal after save {{ when changed(amount)\n  do notify(user: owner, {}) }}"
MESSAGE = "---\nkind: message\nname: news\nentity: deal\nsubject: News\nbody: It cost {cost}.\n"


def notified(roles: str, rules: str) -> list[str]:
    layer = app(rules=rules)
    return warnings(roles + MESSAGE, layer)


@pytest.mark.parametrize("words", ['text: "It cost {cost}"', "message: news"])
def test_a_notification_tells_what_the_readers_of_its_record_may_not_read(words: str) -> None:
    layer = app(rules=TELL.format(words))
    found = [
        one for one in checked(role(WITHOUT_COST) + MESSAGE, layer).problems if one.code == "unread_source"
    ]
    assert [one.message for one in found] == [
        "`rep` may read a notification of `deals.t`, but not `deal.cost`, from which it is made"
    ]
    assert found[0].hint == "take it out of what is told in rules/deals.rules:2, or grant it"
    assert notified(role(ALL), TELL.format(words)) == []


def test_a_notification_about_records_that_the_role_does_not_read_is_not_for_it() -> None:
    assert notified(role("{create: true}"), TELL.format('text: "It cost {cost}"')) == []


def test_an_error_is_told_without_warnings_of_what_is_missing_because_of_it() -> None:
    layer = app("amount - cost")
    found = check([core_layer(), layer, Layer("local", (File("r.yaml", role("{read: truth}")),))]).problems
    assert {problem.code for problem in found} == {"unknown_name"}
