"""Many-to-many fields whose links are records: which entities can make them, and what follows from it."""

from __future__ import annotations

import pytest

from fieldstone_metadata.uses import find_element, where_used
from fieldstone_rules import Through

DEALS = """kind: entity
name: deal
fields:
  name: {type: text}
  contacts: {type: references, to: contact, through: participant, inverse: deals}
  crowd: {type: formula, expression: count(contacts)}
---
kind: entity
name: contact
fields:
  name: {type: text}
---
kind: entity
name: participant
title: role
fields:
  deal: {type: reference, to: deal, on_delete: cascade}
  contact: {type: reference, to: contact, on_delete: cascade}
  role: {type: text}
"""
ACCOUNTS = """kind: entity
name: account
fields:
  name: {type: text}
  partners: {type: references, to: account, through: partnership, inverse: partner_of}
---
kind: entity
name: partnership
title: kind
fields:
  kind: {type: text}
  account: {type: reference, to: account}
  partner: {type: reference, to: account}
"""


def test_the_link_goes_by_the_references_to_both_sides_and_back_the_other_way(application):
    found = application(DEALS)
    through = Through("participant", "deal", "contact", with_near=True, with_far=True)
    assert found.entities["deal"].fields["contacts"].target.through == through
    assert found.schema.entity("contact").inverses["deals"].through == through.turned


def test_a_pair_is_linked_once(application):
    assert application(DEALS).entities["participant"].unique == (("deal", "contact"),)


def test_a_pair_that_is_declared_unique_already_is_not_so_twice(application):
    text = DEALS.replace("title: role", "title: role\nunique: [[contact, deal]]")
    assert application(text).entities["participant"].unique == (("contact", "deal"),)


def test_a_link_knows_with_which_side_it_goes_to_the_recycle_bin(application):
    found = application(DEALS.replace("contact, on_delete: cascade}", "contact}"))
    there = found.entities["deal"].fields["contacts"].target.through
    back = found.schema.entity("contact").inverses["deals"]
    assert (there.with_near, there.with_far, back.along) == (True, False, False)


def test_of_two_references_to_the_same_entity_the_first_leads_to_this_record(application):
    target = application(ACCOUNTS).entities["account"].fields["partners"].target
    assert target.through == Through("partnership", "account", "partner")


def test_both_sides_may_declare_the_field_over_the_same_links(application):
    other = "  name: {type: text}\n  offers: {type: references, to: deal, through: participant}\n---"
    text = DEALS.replace("  name: {type: text}\n---", other)
    found = application(text)
    offers = Through("participant", "contact", "deal", with_near=True, with_far=True)
    assert found.entities["contact"].fields["offers"].target.through == offers
    assert found.entities["participant"].unique == (("deal", "contact"),)


@pytest.mark.parametrize(
    ("old", "new", "said", "hint"),
    [
        ("through: participant", "through: participants", "no entity `participants`", "`participant`"),
        ("through: participant", "through: contact", "records of `contact` itself", "declare an entity"),
        (
            "contact: {type: reference, to: contact,",
            "contact: {type: reference, to: [contact, deal],",
            "no reference that leads to `contact` and nowhere else",
            "add `contact: {type: reference",
        ),
        (
            "  role: {type: text}",
            "  role: {type: text}\n  second: {type: reference, to: contact}",
            "several references to `contact`, `contact` and `second`",
            "one reference to each side",
        ),
        (
            "contact: {type: reference, to: contact, on_delete: cascade}",
            "contact: {type: reference, to: contact, owned: true, inverse: parts}",
            "live inside those of `contact`",
            "declare the field in `contact`",
        ),
    ],
)  # fmt: skip
def test_an_entity_that_cannot_make_the_links_is_refused_where_it_is_named(
    old, new, said, hint, only_problem
):
    assert old in DEALS
    problem = only_problem(DEALS.replace(old, new))
    assert (problem.line, said in problem.message, hint in problem.hint) == (5, True, True), problem


@pytest.mark.parametrize(
    "more", ["", "  partner: {type: reference, to: account}\n  third: {type: reference, to: account}\n"]
)
def test_links_between_records_of_one_entity_need_two_references_to_it(more, only_problem):
    text = ACCOUNTS.replace("  partner: {type: reference, to: account}\n", more)
    problem = only_problem(text)
    assert (problem.code, problem.line) == ("bad_through", 5)
    assert "the first of them leads to this record" in problem.hint


def test_links_may_live_inside_the_records_that_declare_the_field(application):
    text = DEALS.replace("deal: {type: reference, to: deal, on_delete: cascade}",
                         "deal: {type: reference, to: deal, owned: true, inverse: parts}")  # fmt: skip
    assert application(text).entities["participant"].parent.name == "deal"


def test_triggers_on_the_deletion_of_links_are_refused(check_text):
    rules = "trigger t on participant after delete { }\n"
    text = DEALS.replace(", on_delete: cascade", "")
    problems = check_text(text, parts__rules=rules).errors
    assert [(problem.code, problem.line) for problem in problems] == [("not_supported_yet", 1)]


@pytest.mark.parametrize(
    ("name", "uses"),
    [
        (
            "participant",
            {
                ("field deal.contacts", "through"),
                ("field deal.crowd", "formula"),
                ("role admin", "entities"),
            },
        ),
        ("participant.contact", {("field deal.contacts", "through"), ("entity participant", "unique")}),
        ("participant.deal", {("field deal.contacts", "through"), ("entity participant", "unique")}),
        ("deal.contacts", {("field deal.crowd", "formula")}),
    ],
)
def test_what_the_links_need_is_known_to_be_used(name, uses, application):
    found = application(DEALS)
    used = where_used(found, find_element(found, name))
    assert {(f"{use.kind} {use.name}", use.how) for use in used} == uses
