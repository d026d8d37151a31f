"""What a reader may see, and what they cannot find out about the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.context import Context, TokenLimits
from fieldstone.errors import Forbidden, Malformed, NotFound
from fieldstone.records import Measure, Query
from fieldstone_rules.types import Ref
from fieldstone_testing import App, AppFactory

OFFICE = """
kind: app
name: office
label: Office
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: account
search: [name]
fields:
  name: {type: text, required: true}
  rating: {type: integer}
---
kind: entity
name: deal
search: [name, secret_note]
order: [-margin, name, account.rating]
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, inverse: deals}
  partners: {type: references, to: account, inverse: partner_deals}
  amount: {type: money}
  margin: {type: money}
  discount: {type: percent}
  secret_note: {type: text}
  profit: {type: formula, expression: margin * 2}
---
kind: view
name: best
entity: deal
type: list
columns: [name, margin, account.rating]
order: [-account.rating, name]
---
kind: role
name: appraiser
inherits: [employee]
entities:
  account: {read: true, fields: {rating: {read: false}}}
  deal: {read: true, fields: {margin: {read: false}, partners: {read: amount < 100}}}
---
kind: role
name: rep
inherits: [employee]
entities:
  account: {create: true, read: owner == user}
  deal:
    create: true
    read: owner == user
    update: owner == user
    fields:
      margin: {read: false, update: false}
      secret_note: {read: false, update: false}
      discount: {read: amount < 100}
---
kind: role
name: helper
inherits: [employee]
entities:
  account: {read: true}
  deal: {read: amount < 50}
---
kind: role
name: auditor
inherits: [employee]
entities:
  deal: {read: true, deny: {read: amount > 500}}
---
kind: role
name: stranger
inherits: [employee]
---
kind: role
name: keeper
inherits: [employee]
entities:
  deal: {read: true, delete: owner == user}
"""


@dataclass(frozen=True)
class Office:
    """An office with two reps: Ann has three deals, Bob has one; one account each."""

    app: App
    ann: Context
    bob: Context

    def reader(self, name: str, *roles: str) -> Context:
        return self.app.context_for(name, roles)


@pytest.fixture(scope="module")
def office(module_app_from: AppFactory) -> Office:
    app = module_app_from(OFFICE)
    ann, bob = app.context_for("Ann", ["rep"], ["North"]), app.context_for("Bob", ["rep"], ["South"])
    [acme] = records.create(ann, "account", [{"name": "Acme", "rating": 5}])
    [bolt] = records.create(bob, "account", [{"name": "Bolt", "rating": 1}])
    system = replace(app.system)
    deals = [
        ("Cheap", acme, "10", "5", ann),
        ("Dear", bolt, "1000", "7", ann),
        ("Open", acme, None, "6", ann),
        ("Foreign", acme, "40", "1", bob),
    ]
    for name, account, amount, margin, owner in deals:
        values: dict[str, Any] = {
            "name": name,
            "account": str(account.id),
            "amount": amount,
            "margin": margin,
        }
        values |= {"discount": "5", "secret_note": f"psst {name}", "owner": str(owner.principal.user)}
        values |= {"partners": [str(acme.id), str(bolt.id)]}
        records.create(system, "deal", [values])
    return Office(app, ann, bob)


EVERYTHING = Query()


def names(context: Context, query: Query = EVERYTHING) -> list[str]:
    page = records.list(context, "deal", replace(query, fields=("name",), limit=1000))
    return [record["name"] for record in page.data]


def shown(context: Context, name: str) -> dict[str, Any]:
    [found] = records.list(context, "deal", Query(where=f'name == "{name}"')).data
    return found


def test_a_reader_sees_what_one_of_their_roles_grants(office: Office) -> None:
    assert sorted(names(office.ann)) == ["Cheap", "Dear", "Open"]
    assert sorted(names(office.reader("Hanna", "helper"))) == ["Cheap", "Foreign"]
    assert sorted(names(office.reader("Both", "helper", "rep"))) == ["Cheap", "Foreign"]


def test_an_unknown_condition_grants_nothing_and_an_unknown_denial_denies(office: Office) -> None:
    assert "Open" not in names(office.reader("Hanna", "helper"))
    assert sorted(names(office.reader("Otto", "auditor"))) == ["Cheap", "Foreign"]


def test_a_denial_counts_against_the_grants_of_other_roles(office: Office) -> None:
    office.app.user("Dora", ["rep", "auditor"])
    dora = office.reader("Dora")
    assert sorted(names(dora)) == ["Cheap", "Foreign"]


def test_the_administrator_and_the_system_see_everything(office: Office) -> None:
    assert len(names(office.app.system)) == 4
    assert len(names(office.reader("Root", "admin"))) == 4


def test_without_any_grant_there_is_nothing_to_read(office: Office) -> None:
    stranger = office.reader("Sam", "stranger")
    with pytest.raises(Forbidden) as refused:
        records.list(stranger, "deal", Query())
    assert refused.value.details["reason"]
    identity = records.list(office.ann, "deal", Query(limit=1)).data[0]["id"]
    with pytest.raises(NotFound):
        records.get(stranger, "deal", identity)


def test_a_record_of_somebody_else_is_not_found(office: Office) -> None:
    foreign = shown(office.app.system, "Foreign")
    assert records.get(office.bob, "deal", foreign["id"])["name"] == "Foreign"
    with pytest.raises(NotFound):
        records.get(office.ann, "deal", foreign["id"])


def test_counts_hold_only_what_may_be_read(office: Office) -> None:
    assert records.list(office.ann, "deal", Query(count="exact", limit=1)).count == 3
    assert records.list(office.ann, "deal", Query(count="estimate", limit=1)).count == 3
    [group] = records.aggregate(office.ann, "deal", Query())
    assert group.measures == {"count": 3}


def test_a_field_that_may_never_be_read_is_not_there(office: Office) -> None:
    assert not {"margin", "secret_note"} & shown(office.ann, "Cheap").keys()
    assert shown(office.app.system, "Cheap")["margin"] == "5.00"


UNREADABLE = [
    Query(fields=("margin",)),
    Query(order=("margin",)),
    Query(where="margin > 1"),
    Query(where='exists(entity.deal where secret_note == "psst Dear")'),
    Query(where="owner.email == account.deals"),
]


@pytest.mark.parametrize("query", UNREADABLE)
def test_a_field_that_may_never_be_read_cannot_be_used_either(office: Office, query: Query) -> None:
    with pytest.raises(Malformed):
        records.list(office.ann, "deal", query)


def test_what_may_not_be_read_is_not_suggested(office: Office) -> None:
    with pytest.raises(Malformed) as refused:
        records.list(office.ann, "deal", Query(where="margins > 1"))
    assert "`margin`" not in str(refused.value.errors)


def test_measures_and_groups_need_the_right_to_the_field(office: Office) -> None:
    with pytest.raises(Malformed):
        records.aggregate(office.ann, "deal", Query(), measures={"x": Measure("sum", "margin")})
    with pytest.raises(Malformed):
        records.aggregate(office.ann, "deal", Query(), group=("margin",))


def test_the_usual_order_leaves_out_what_may_not_be_read(office: Office) -> None:
    assert names(office.app.system) == ["Dear", "Open", "Cheap", "Foreign"]
    assert names(office.ann) == ["Cheap", "Dear", "Open"]
    assert names(office.reader("Amy", "appraiser")) == ["Cheap", "Dear", "Foreign", "Open"]


def test_a_view_leaves_out_columns_and_keys_that_may_not_be_read(office: Office) -> None:
    records_seen = records.list(office.reader("Amy", "appraiser"), "deal", Query(view="best")).data
    assert [record["name"] for record in records_seen] == ["Cheap", "Dear", "Foreign", "Open"]
    assert all(record.keys() == {"id", "name"} for record in records_seen)


def test_a_formula_that_may_be_read_reads_more_than_the_reader(office: Office) -> None:
    assert shown(office.ann, "Cheap")["profit"] == "10.00"
    assert names(office.ann, Query(where="profit == 14")) == ["Dear"]
    assert names(office.ann, Query(order=("-profit",))) == ["Dear", "Open", "Cheap"]


def test_a_field_that_depends_on_the_record_is_null_where_it_may_not_be_read(office: Office) -> None:
    page = records.list(office.ann, "deal", Query(fields=("name", "discount")))
    assert {record["name"]: record["discount"] for record in page.data} == {
        "Cheap": "5",
        "Dear": None,
        "Open": None,
    }


def test_a_hidden_value_cannot_be_found_out_by_filter_order_or_measure(office: Office) -> None:
    assert names(office.ann, Query(where="discount == 5")) == ["Cheap"]
    assert names(office.ann, Query(where="discount != 5")) == ["Dear", "Open"]
    assert names(office.ann, Query(order=("-discount", "name")))[0] == "Cheap"
    [group] = records.aggregate(office.ann, "deal", Query(), measures={"x": Measure("average", "discount")})
    assert group.measures == {"x": "5"}
    groups = records.aggregate(office.ann, "deal", Query(), group=("discount",))
    assert {group.by["discount"]: group.measures["count"] for group in groups} == {"5": 1, None: 2}


def test_a_search_does_not_look_into_what_may_not_be_read(office: Office) -> None:
    assert names(office.app.system, Query(q="psst dear")) == ["Dear"]
    assert names(office.ann, Query(q="psst")) == []
    assert names(office.ann, Query(q="dear")) == ["Dear"]


def test_a_reference_to_an_unreadable_record_has_no_title(office: Office) -> None:
    dear = shown(office.ann, "Dear")
    assert dear["account"]["title"] is None
    assert dear["account"]["entity"] == "account"
    assert shown(office.ann, "Cheap")["account"]["title"] == "Acme"


@pytest.mark.parametrize(("name", "title"), [("Dear", None), ("Cheap", "Acme")])
def test_a_search_shows_titles_of_readable_records_only(office: Office, name: str, title: str | None) -> None:
    [found] = records.list(office.ann, "deal", Query(q=name.lower())).data
    assert found == shown(office.ann, name)
    assert found["account"]["title"] == title


def test_a_search_shows_no_titles_of_an_entity_that_may_not_be_read(office: Office) -> None:
    otto = office.reader("Otto", "auditor")
    [cheap] = records.list(otto, "deal", Query(q="cheap")).data
    assert cheap["account"]["title"] is None


def test_what_lies_behind_an_unreadable_record_is_null(office: Office) -> None:
    page = records.list(office.ann, "deal", Query(fields=("name", "account.rating"), order=("name",)))
    assert [record["account.rating"] for record in page.data] == [5, None, 5]
    assert names(office.ann, Query(where="account.rating == 1")) == []
    assert names(office.ann, Query(where="account.rating == null")) == ["Dear"]
    assert names(office.ann, Query(order=("account.rating", "name"))) == ["Cheap", "Open", "Dear"]


def test_collections_hold_only_readable_records(office: Office) -> None:
    assert [partner["title"] for partner in shown(office.ann, "Cheap")["partners"]] == ["Acme"]
    assert names(office.ann, Query(where="count(partners) == 2")) == []
    found = records.list(office.ann, "account", Query(where='exists(deals where name == "Foreign")')).data
    assert found == []


def test_a_collection_holds_records_only_whose_field_may_be_read(
    office: Office,
) -> None:
    amy = office.reader("Amy", "appraiser")
    [acme] = [one for one in records.list(amy, "account", Query()).data if one["name"] == "Acme"]
    of_acme = Query(related=("partners", Ref("account", UUID(acme["id"]))))
    assert names(office.app.system, of_acme) == ["Dear", "Open", "Cheap", "Foreign"]
    assert names(amy, of_acme) == ["Cheap", "Foreign"]


def test_an_entity_that_may_not_be_read_shows_no_titles_and_has_no_fields(office: Office) -> None:
    otto = office.reader("Otto", "auditor")
    cheap = shown(otto, "Cheap")
    assert cheap["account"]["title"] is None
    assert cheap["partners"] == []
    with pytest.raises(Malformed):
        records.list(otto, "deal", Query(where='account.name == "Acme"'))
    with pytest.raises(Malformed):
        records.list(otto, "deal", Query(fields=("account.name",)))


def test_the_recycle_bin_needs_the_right_to_delete(office: Office) -> None:
    with pytest.raises(Forbidden):
        records.list(office.ann, "deal", Query(deleted=True))
    assert records.list(office.reader("Kim", "keeper"), "deal", Query(deleted=True)).data == []


def limited(context: Context, limits: TokenLimits) -> Context:
    return replace(context, principal=replace(context.principal, limits=limits))


def test_a_token_narrows_to_its_entities_and_verbs(office: Office) -> None:
    deals_only = limited(office.ann, TokenLimits(entities=frozenset({"deal"})))
    writing_only = limited(office.ann, TokenLimits(verbs=frozenset({"create"})))
    assert len(names(deals_only)) == 3
    assert shown(deals_only, "Cheap")["account"]["title"] is None
    with pytest.raises(Forbidden):
        records.list(deals_only, "account", Query())
    with pytest.raises(Forbidden):
        names(writing_only)


def test_a_limited_token_of_an_administrator_is_limited_too(office: Office) -> None:
    root = limited(office.app.system, TokenLimits(entities=frozenset({"account"})))
    assert len(records.list(root, "account", Query()).data) == 2
    with pytest.raises(Forbidden):
        names(root)


def test_users_with_the_same_roles_share_their_statements(office: Office) -> None:
    names(office.ann)
    before = len(office.app.model.cache)
    assert names(office.bob) == ["Foreign"]
    assert len(office.app.model.cache) == before
