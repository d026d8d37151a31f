"""What a reference may lead to where that depends on the record that refers: `record.x` in its `where`."""

from __future__ import annotations

from uuid import UUID

import pytest

from fieldstone import records
from fieldstone.errors import Invalid
from fieldstone.records import Change
from fieldstone.records.write_rows import Mode, Sent, Writing, write_rows
from fieldstone_testing import App, AppFactory
from fieldstone_testing.statements import noted_statements

SALES = """
kind: app
name: sales
label: Sales
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: account
plural: Accounts
fields:
  name: {type: text, required: true}
  region: {type: text}
---
kind: entity
name: contact
plural: Contacts
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, inverse: contacts}
---
kind: entity
name: deal
plural: Deals
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, inverse: deals}
  contact: {type: reference, to: contact, inverse: deals, where: account == record.account}
  guests: {type: references, to: contact, inverse: parties, where: account == record.account}
  neighbour: {type: reference, to: account, inverse: near, where: region == record.account.region}
  payer: {type: reference, to: [account, contact], where: {contact: account == record.account}}
  carrier: {type: reference, to: [account, contact], where: name != "Bob" and name != "Bolt"}
---
kind: entity
name: stop
plural: Stops
fields:
  name: {type: text, required: true}
  deal: {type: reference, to: deal, owned: true, inverse: stops}
  host: {type: reference, to: contact, inverse: stops, where: account == record.deal.account}
---
kind: role
name: rep
inherits: [employee]
entities:
  account: {create: true, read: owner == user, update: true, delete: true}
  contact: {create: true, read: true, update: true, delete: true}
  deal: {create: true, read: true, update: true, delete: true}
capabilities: [import, bulk_edit]
---
kind: role
name: seller
inherits: [employee]
entities:
  contact: {read: true}
  deal: {create: true, read: true, update: true}
"""


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(SALES)


class World:
    """Ann, a rep, with two accounts and a contact in each."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.ann = app.context_for("Ann", ["rep"])
        self.acme = self.create("account", name="Acme", region="north")
        self.bolt = self.create("account", name="Bolt", region="south")
        self.at_acme = self.create("contact", name="Ada", account=str(self.acme))
        self.at_bolt = self.create("contact", name="Bob", account=str(self.bolt))

    def create(self, entity: str, **values: object) -> UUID:
        return records.create(self.ann, entity, [{"name": "x", **values}])[0].id

    def deal(self, **values: object) -> UUID:
        return self.create("deal", account=str(self.acme), **values)

    def pickable(self, place: str, id_: UUID | None = None, **values: object) -> list[str]:
        return [found.title for found in records.pickable(self.ann, "deal", id_, values, place)]


@pytest.fixture
def world(app: App) -> World:
    return World(app)


def refused(caught: pytest.ExceptionInfo[Invalid]) -> list[tuple[int, str | None, str]]:
    return [(error.record, error.field, error.code) for error in caught.value.errors]


def test_what_fits_the_record_that_refers_is_taken(world: World) -> None:
    deal = world.deal(contact=str(world.at_acme), guests=[str(world.at_acme)], neighbour=str(world.acme))
    assert records.get(world.ann, "deal", deal)["contact"]["title"] == "Ada"


@pytest.mark.parametrize("field", ["contact", "guests"])
def test_what_does_not_fit_it_is_refused_for_each_record(world: World, field: str) -> None:
    picked = {"contact": str(world.at_bolt), "guests": [str(world.at_bolt)]}
    fitting = {"contact": str(world.at_acme), "guests": [str(world.at_acme)]}
    sent = [
        {"name": "a", "account": str(world.acme), field: fitting[field]},
        {"name": "b", "account": str(world.acme), field: picked[field]},
    ]
    with pytest.raises(Invalid, match=r"with account == record.account may be chosen") as caught:
        records.create(world.ann, "deal", sent)
    assert refused(caught) == [(1, field, "not_allowed_record")]


def test_what_lies_behind_a_reference_of_the_record_counts(world: World) -> None:
    with pytest.raises(Invalid) as caught:
        world.deal(neighbour=str(world.bolt))
    assert refused(caught) == [(0, "neighbour", "not_allowed_record")]


@pytest.mark.parametrize("field", ["contact", "guests"])
def test_a_change_of_the_record_is_refused_while_what_it_picked_does_not_fit_any_more(
    world: World, field: str
) -> None:
    deal = world.deal(**{field: {"contact": str(world.at_acme), "guests": [str(world.at_acme)]}[field]})
    with pytest.raises(Invalid) as caught:
        records.update(world.ann, "deal", [Change(deal, {"account": str(world.bolt)})])
    assert refused(caught) == [(0, field, "not_allowed_record")]


def test_a_change_is_refused_while_what_lives_inside_does_not_fit_any_more(world: World) -> None:
    stops = [{"name": "first", "host": str(world.at_acme)}, {"name": "second"}]
    deal = world.deal(stops=stops)
    with pytest.raises(Invalid, match="“first”, Host: only a Contact with account") as caught:
        records.update(world.ann, "deal", [Change(deal, {"account": str(world.bolt)})])
    assert refused(caught) == [(0, "stops", "not_allowed_record")]
    first, second = (one["id"] for one in records.get(world.ann, "deal", deal)["stops"])
    sent = [{"id": first, "host": str(world.at_bolt)}, {"id": second, "name": "last"}]
    records.update(world.ann, "deal", [Change(deal, {"account": str(world.bolt), "stops": sent})])
    gone = [{"id": first, "_delete": True}]
    records.update(world.ann, "deal", [Change(deal, {"account": str(world.acme), "stops": gone})])
    assert [one["name"] for one in records.get(world.ann, "deal", deal)["stops"]] == ["last"]


def test_both_may_change_together(world: World) -> None:
    deal = world.deal(contact=str(world.at_acme))
    sent = {"account": str(world.bolt), "contact": str(world.at_bolt)}
    assert records.update(world.ann, "deal", [Change(deal, sent)])[0].version == 2


def of_account(id_: UUID) -> dict[str, str]:
    return {"id": str(id_), "entity": "account"}


def of_contact(id_: UUID) -> dict[str, str]:
    return {"id": str(id_), "entity": "contact"}


def test_each_entity_of_a_reference_to_several_has_its_own_limit(world: World) -> None:
    for fitting in (of_account(world.bolt), of_contact(world.at_acme)):
        assert records.get(world.ann, "deal", world.deal(payer=fitting))["payer"]["id"] == fitting["id"]
    with pytest.raises(Invalid, match=r"only a Contact with account == record.account may be") as caught:
        world.deal(payer=of_contact(world.at_bolt))
    assert refused(caught) == [(0, "payer", "not_allowed_record")]


def test_one_limit_holds_for_all_entities_of_a_reference(world: World) -> None:
    for fitting in (of_account(world.acme), of_contact(world.at_acme)):
        world.deal(carrier=fitting)
    for unfit in (of_account(world.bolt), of_contact(world.at_bolt)):
        with pytest.raises(Invalid) as caught:
            world.deal(carrier=unfit)
        assert refused(caught) == [(0, "carrier", "not_allowed_record")]


def test_only_the_entity_whose_limit_reads_the_record_is_judged_again(world: World) -> None:
    unlimited, limited = world.deal(payer=of_account(world.acme)), world.deal(payer=of_contact(world.at_acme))
    to_bolt = {"account": str(world.bolt)}
    assert records.update(world.ann, "deal", [Change(unlimited, to_bolt)])[0].version == 2
    with pytest.raises(Invalid) as caught:
        records.update(world.ann, "deal", [Change(limited, to_bolt)])
    assert refused(caught) == [(0, "payer", "not_allowed_record")]


def test_rows_and_the_api_are_held_to_the_limit_of_each_entity(world: World, client) -> None:
    unfit = {"name": "x", "account": str(world.acme), "payer": of_contact(world.at_bolt)}
    fit = unfit | {"payer": of_account(world.bolt)}
    outcomes = write_rows(world.ann, Writing("deal", Mode.CREATE), [Sent(unfit), Sent(fit)])
    assert [[error.code for error in one.errors] for one in outcomes] == [["not_allowed_record"], []]
    api = client(world.app, world.app.token("Ann", ["rep"]))
    deal = world.deal()
    answer = api.patch(f"/data/deal/{deal}", json={"carrier": of_account(world.bolt)})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "carrier")


def test_the_picker_offers_what_fits_of_each_entity(world: World) -> None:
    assert world.pickable("payer", account=str(world.bolt)) == ["Acme", "Bolt", "Bob"]
    assert world.pickable("carrier", account=str(world.bolt)) == ["Acme", "Ada"]


def test_the_picker_leaves_out_entities_that_the_caller_may_not_read(world: World) -> None:
    seller = world.app.context_for("Sam", ["seller"])
    found = records.pickable(seller, "deal", None, {}, "carrier")
    assert [one.title for one in found] == ["Ada"]


def test_another_change_of_the_record_judges_nothing_again(world: World) -> None:
    deal = world.deal(contact=str(world.at_acme))
    records.update(world.ann, "contact", [Change(world.at_acme, {"account": str(world.bolt)})])
    assert records.update(world.ann, "deal", [Change(deal, {"name": "y"})])[0].version == 2


def test_a_line_is_judged_by_the_record_it_is_saved_with(world: World) -> None:
    world.deal(stops=[{"name": "s", "host": str(world.at_acme)}])
    with pytest.raises(Invalid) as caught:
        world.deal(stops=[{"name": "s", "host": str(world.at_bolt)}])
    assert refused(caught) == [(0, "stops[0].host", "not_allowed_record")]


def test_the_number_of_statements_does_not_grow_with_the_batch(world: World) -> None:
    def sent(many: int) -> list[dict[str, object]]:
        one = {"name": "x", "account": str(world.acme), "contact": str(world.at_acme)}
        return [one | {"neighbour": str(world.acme)} for _ in range(many)]

    records.create(world.ann, "deal", sent(1))
    with noted_statements() as few:
        records.create(world.ann, "deal", sent(1))
    with noted_statements() as many:
        records.create(world.ann, "deal", sent(30))
    assert len(many) == len(few)


def test_the_picker_offers_what_fits_what_was_typed_so_far(world: World) -> None:
    assert world.pickable("contact", account=str(world.acme)) == ["Ada"]
    assert world.pickable("contact", account=str(world.bolt)) == ["Bob"]
    assert world.pickable("neighbour", account=str(world.bolt)) == ["Bolt"]


def test_the_picker_goes_by_the_stored_record_where_nothing_was_typed(world: World) -> None:
    deal = world.deal()
    assert world.pickable("contact", deal) == ["Ada"]
    assert world.pickable("contact", deal, account=str(world.bolt)) == ["Bob"]


def test_the_picker_of_a_line_goes_by_the_record_around_it(world: World) -> None:
    assert world.pickable("stops[0].host", account=str(world.bolt), stops=[{"name": "s"}]) == ["Bob"]


def test_the_picker_tells_nothing_about_a_record_that_the_caller_may_not_read(world: World) -> None:
    ben = world.app.context_for("Ben", ["rep"])
    theirs = {"account": str(world.acme)}
    assert records.pickable(ben, "deal", None, theirs, "contact") == []


@pytest.mark.parametrize("place", ["account", "nothing", "stops[7].host", "name"])
def test_the_picker_offers_nothing_for_a_place_without_a_limit(world: World, place: str) -> None:
    assert world.pickable(place, account=str(world.acme)) == []
