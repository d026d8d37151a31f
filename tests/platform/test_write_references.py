"""References: what may be referred to, and what becomes of them when a record goes and comes back."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from fieldstone import records
from fieldstone.errors import Conflict, Forbidden, Invalid, NotFound
from fieldstone.records import Change
from fieldstone_testing import ApiClient, App, AppFactory

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
  code: {type: text, unique: true}
  active: {type: boolean, default: true}
  parent: {type: reference, to: account, on_delete: cascade, inverse: children}
---
kind: entity
name: contact
plural: Contacts
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, on_delete: clear, inverse: contacts, where: active == true}
---
kind: entity
name: deal
plural: Deals
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, on_delete: restrict, inverse: deals}
  about: {type: reference, to: [account, contact], on_delete: clear, inverse: matters}
  guests: {type: references, to: contact, inverse: parties}
---
kind: entity
name: visit
plural: Visits
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, required: true, on_delete: cascade, inverse: visits}
---
kind: role
name: rep
inherits: [employee]
entities:
  account: {create: true, read: owner == user, update: owner == user, delete: owner == user}
  contact: {create: true, read: true, update: true, delete: true}
  deal: {create: true, read: owner == user, update: true, delete: true}
  visit: {create: true, read: true, update: true, delete: owner == user}
---
kind: role
name: cleaner
inherits: [rep]
capabilities: [purge]
"""


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(SALES)


class World:
    """Ann, a rep, and what she creates."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.ann = app.context_for("Ann", ["cleaner"])

    def create(self, entity: str, **values: object) -> UUID:
        return records.create(self.ann, entity, [{"name": "Acme", **values}])[0].id

    def live(self, entity: str) -> list[str]:
        rows = self.app.sql(f"SELECT name FROM main.{entity} WHERE deleted_at IS NULL ORDER BY name")
        return [row[0] for row in rows]


@pytest.fixture
def world(app: App) -> World:
    return World(app)


def refused(caught: pytest.ExceptionInfo[Invalid]) -> list[tuple[int, str | None, str]]:
    return [(error.record, error.field, error.code) for error in caught.value.errors]


def test_a_reference_to_nothing_is_refused_for_each_record(world: World) -> None:
    with pytest.raises(Invalid) as caught:
        records.create(
            world.ann,
            "deal",
            [{"name": "x", "account": str(uuid4())}, {"name": "y", "guests": [str(uuid4())]}],
        )
    assert refused(caught) == [(0, "account", "unknown_record"), (1, "guests", "unknown_record")]


@pytest.mark.parametrize("more", [{"link": {"role": "guest"}}, {"name": "Bert"}])
def test_what_nobody_would_read_beside_an_id_is_refused(world: World, more: dict[str, object]) -> None:
    ada = world.create("contact", name="Ada")
    with pytest.raises(Invalid) as caught:
        world.create("deal", guests=[{"id": str(ada), **more}])
    assert refused(caught) == [(0, "guests", "unknown_member")]


def test_a_reference_to_one_of_several_kinds_without_its_kind_says_what_to_send(world: World) -> None:
    with pytest.raises(Invalid, match="Several kinds are possible") as caught:
        world.create("deal", about={"id": str(world.create("account"))})
    assert refused(caught) == [(0, "about", "not_a_reference")]


def test_a_cell_names_the_kind_of_a_record_where_several_are_possible(
    world: World, client: Callable[..., ApiClient]
) -> None:
    acme = world.create("account")
    api = client(world.app, world.app.token("Root", ["admin"]))
    rows = [("about", "name"), (f"account:{acme}", "a"), (str(acme), "b"), (f"visit:{acme}", "c")]
    table = "".join(f"{about},{name}\n" for about, name in rows)
    answer = api.post("/data/deal/bulk?partial=true", data=table.encode(), content_type="text/csv")
    told = [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]
    assert [one.get("code") for one in told] == [None, "not_a_reference", "wrong_entity"]
    assert api.get(f"/data/deal/{told[0]['id']}").json["about"]["id"] == str(acme)


def test_a_record_that_the_caller_may_not_read_is_answered_like_one_that_is_not_there(world: World) -> None:
    foreign = world.create("account")
    with pytest.raises(Invalid) as caught:
        records.create(
            world.app.context_for("Ben", ["rep"]), "deal", [{"name": "x", "account": str(foreign)}]
        )
    assert refused(caught) == [(0, "account", "unknown_record")]
    assert caught.value.message == "Account: there is no such Account."


def test_a_record_in_the_bin_cannot_be_referred_to(world: World) -> None:
    gone = world.create("account")
    records.delete(world.ann, "account", [gone])
    with pytest.raises(Invalid) as caught:
        world.create("deal", account=str(gone))
    assert refused(caught) == [(0, "account", "unknown_record")]


def test_only_what_the_reference_allows_can_be_picked(world: World) -> None:
    idle = world.create("account", active=False)
    with pytest.raises(Invalid, match="only a Account with active == true may be chosen") as caught:
        world.create("contact", account=str(idle))
    assert refused(caught) == [(0, "account", "not_allowed_record")]


def test_a_reference_that_stays_as_it_is_is_not_judged_again(world: World) -> None:
    account = world.create("account")
    contact = world.create("contact", account=str(account))
    records.update(world.ann, "account", [Change(account, {"active": False})])
    [written] = records.update(
        world.ann, "contact", [Change(contact, {"name": "B", "account": str(account)})]
    )
    assert written.version == 2


def test_a_reference_to_several_kinds_needs_the_kind(world: World) -> None:
    contact = world.create("contact")
    with pytest.raises(Invalid) as caught:
        world.create("deal", about=str(contact))
    assert refused(caught) == [(0, "about", "not_a_reference")]
    found = world.create("deal", about={"id": str(contact), "entity": "contact"})
    columns = world.app.sql("SELECT id, about__account, about__contact FROM main.deal")
    assert columns == [(found, None, contact)]


def test_restrict_says_how_many_refer_and_names_those_the_caller_may_read(world: World) -> None:
    account = world.create("account")
    world.create("deal", account=str(account), name="Small")
    ben = world.app.context_for("Ben", ["rep"])
    records.update(world.app.system, "account", [Change(account, {"owner": str(ben.principal.user)})])
    records.create(ben, "deal", [{"name": "Secret", "account": str(account)}])
    records.update(world.app.system, "account", [Change(account, {"owner": str(world.ann.principal.user)})])
    with pytest.raises(Conflict) as caught:
        records.delete(world.ann, "account", [account])
    assert caught.value.code == "still_referenced"
    assert "2 Deals (Account: “Small”…)" in caught.value.message
    assert world.live("account") == ["Acme"]


def test_clear_empties_the_reference_and_restoring_fills_it_again(world: World) -> None:
    account = world.create("account")
    contact = world.create("contact", account=str(account))
    deal = world.create("deal", about={"id": str(account), "entity": "account"})
    records.delete(world.ann, "account", [account])
    assert world.app.sql("SELECT account, version FROM main.contact") == [(None, 2)]
    assert world.app.sql("SELECT about__account FROM main.deal") == [(None,)]
    records.restore(world.ann, "account", [account])
    assert world.app.sql("SELECT account, version FROM main.contact") == [(account, 3)]
    assert world.app.sql("SELECT about__account FROM main.deal") == [(account,)]
    told = records.history(world.ann, "contact", contact)
    assert [entry["action"] for entry in told] == ["update", "update", "create"]
    assert [entry["action"] for entry in records.history(world.ann, "deal", deal)] == [
        "update",
        "update",
        "create",
    ]


def test_restoring_leaves_alone_what_somebody_has_filled_meanwhile(world: World) -> None:
    account, other = world.create("account"), world.create("account", name="Other")
    contact = world.create("contact", account=str(account))
    records.delete(world.ann, "account", [account])
    records.update(world.ann, "contact", [Change(contact, {"account": str(other)})])
    records.restore(world.ann, "account", [account])
    assert world.app.sql("SELECT account FROM main.contact") == [(other,)]


def test_cascade_takes_everything_below_along_and_restoring_brings_it_back(world: World) -> None:
    top = world.create("account", name="Top")
    middle = world.create("account", name="Middle", parent=str(top))
    low = world.create("account", name="Low", parent=str(middle))
    world.create("visit", account=str(low), name="Visit")
    world.create("contact", account=str(low), name="Contact")
    records.delete(world.ann, "account", [top])
    assert (world.live("account"), world.live("visit"), world.live("contact")) == ([], [], ["Contact"])
    [written] = records.restore(world.ann, "account", [top])
    assert written.version == 3
    assert (world.live("account"), world.live("visit")) == (["Low", "Middle", "Top"], ["Visit"])
    assert world.app.sql("SELECT account FROM main.contact") == [(low,)]


def test_what_was_deleted_before_stays_in_the_bin_when_its_parent_comes_back(world: World) -> None:
    account = world.create("account")
    early = world.create("visit", account=str(account), name="Early")
    world.create("visit", account=str(account), name="Late")
    records.delete(world.ann, "visit", [early])
    records.delete(world.ann, "account", [account])
    records.restore(world.ann, "account", [account])
    assert world.live("visit") == ["Late"]


def test_cascade_needs_the_right_to_delete_each_record(world: World) -> None:
    account = world.create("account")
    ben = world.app.context_for("Ben", ["rep"])
    records.update(world.app.system, "account", [Change(account, {"owner": str(ben.principal.user)})])
    records.create(ben, "visit", [{"name": "Ben's", "account": str(account)}])
    records.update(world.app.system, "account", [Change(account, {"owner": str(world.ann.principal.user)})])
    with pytest.raises(Forbidden, match="1 Visits would be deleted with it"):
        records.delete(world.ann, "account", [account])
    assert world.live("account") == ["Acme"]


def test_who_may_not_delete_is_refused_and_what_may_not_be_read_is_not_found(world: World) -> None:
    account = world.create("account")
    visit = world.create("visit", account=str(account))
    ben = world.app.context_for("Ben", ["rep"])
    with pytest.raises(Forbidden):
        records.delete(ben, "visit", [visit])
    with pytest.raises(NotFound):
        records.delete(ben, "account", [account])


def test_a_deleted_record_cannot_be_changed_or_deleted_again(world: World) -> None:
    contact = world.create("contact")
    [deleted] = records.delete(world.ann, "contact", [contact])
    assert deleted.version == 2
    with pytest.raises(NotFound):
        records.update(world.ann, "contact", [Change(contact, {"name": "x"})])
    with pytest.raises(NotFound):
        records.delete(world.ann, "contact", [contact])
    with pytest.raises(NotFound):
        records.restore(world.ann, "account", [world.create("account")])


def test_a_unique_value_that_was_taken_meanwhile_keeps_a_record_in_the_bin(world: World) -> None:
    old = world.create("account", code="A1")
    records.delete(world.ann, "account", [old])
    world.create("account", name="New", code="A1")
    with pytest.raises(Conflict) as caught:
        records.restore(world.ann, "account", [old])
    assert [error.field for error in caught.value.errors] == ["code"]
    assert world.live("account") == ["New"]


def test_a_record_that_refers_to_one_in_the_bin_comes_back_only_after_it(world: World) -> None:
    account = world.create("account")
    deal = world.create("deal", account=str(account))
    contact = world.create("contact", account=str(account))
    records.delete(world.ann, "deal", [deal])
    records.delete(world.ann, "contact", [contact])
    records.delete(world.ann, "account", [account])
    records.restore(world.ann, "contact", [contact])
    assert world.app.sql("SELECT account FROM main.contact") == [(None,)]
    with pytest.raises(Conflict, match="Restore that one first"):
        records.restore(world.ann, "deal", [deal])
    records.restore(world.ann, "account", [account])
    records.restore(world.ann, "deal", [deal])
    assert world.live("deal") == ["Acme"]


def test_purging_removes_record_links_and_values_and_says_that_it_happened(world: World) -> None:
    contact = world.create("contact", name="Jane Doe")
    world.create("deal", guests=[str(contact)])
    records.delete(world.ann, "contact", [contact])
    records.purge(world.ann, "contact", [contact])
    assert world.app.sql("SELECT count(*) FROM main.contact") == [(0,)]
    assert world.app.sql("SELECT count(*) FROM main.deal__guests") == [(0,)]
    left = world.app.sql("SELECT action, changes FROM main_system.history WHERE record = :id", id=contact)
    assert left == [("purge", {})]


def test_purging_needs_its_capability_and_a_record_in_the_bin(world: World) -> None:
    contact = world.create("contact")
    with pytest.raises(NotFound):
        records.purge(world.ann, "contact", [contact])
    records.delete(world.ann, "contact", [contact])
    with pytest.raises(Forbidden, match="capability purge"):
        records.purge(world.app.context_for("Ben", ["rep"]), "contact", [contact])


def test_what_others_in_the_bin_still_refer_to_is_not_purged(world: World) -> None:
    account = world.create("account")
    deal = world.create("deal", account=str(account))
    records.delete(world.ann, "deal", [deal])
    records.delete(world.ann, "account", [account])
    with pytest.raises(Conflict, match="1 Deal still refers to it"):
        records.purge(world.ann, "account", [account])
    records.purge(world.ann, "deal", [deal])
    records.purge(world.ann, "account", [account])
    assert world.app.sql("SELECT count(*) FROM main.account") == [(0,)]


def test_a_reference_cannot_slip_in_while_its_target_is_deleted(world: World) -> None:
    outcomes: list[str] = []

    def attempt(work: Callable[[], object]) -> None:
        try:
            work()
            outcomes.append("done")
        except (Conflict, Invalid):
            outcomes.append("refused")

    for _ in range(10):
        account = world.create("account")
        outcomes.clear()
        threads = [
            threading.Thread(
                target=attempt, args=(lambda a=account: records.delete(world.ann, "account", [a]),)
            ),
            threading.Thread(target=attempt, args=(lambda a=account: world.create("deal", account=str(a)),)),
        ]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert sorted(outcomes) == ["done", "refused"]
    dangling = (
        "SELECT count(*) FROM main.deal d JOIN main.account a ON a.id = d.account "
        "WHERE a.deleted_at IS NOT NULL"
    )
    assert world.app.sql(dangling) == [(0,)]
