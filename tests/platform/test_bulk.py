"""Many records at once: in batches, with what was refused and why, and never a statement for each record."""

import pytest

from fieldstone import records
from fieldstone.errors import Forbidden
from fieldstone.records import Picked, Query
from fieldstone_testing.deals import DEALS
from fieldstone_testing.statements import noted_statements


@pytest.fixture
def app(app_from):
    return app_from(DEALS.replace("capabilities: [purge]", "capabilities: [purge, bulk_edit]"))


@pytest.fixture
def mia(app):
    return app.context_for("Mia", ["manager"], ["North"])


@pytest.fixture
def ann(app):
    return app.context_for("Ann", ["rep"], ["North"])


def make(context, *amounts):
    rows = [{"name": f"Deal {amount}", "amount": amount and str(amount)} for amount in amounts]
    return [made.id for made in records.create(context, "deal", rows)]


def stages(app):
    return sorted(stage for (stage,) in app.sql("SELECT stage FROM main.deal WHERE deleted_at IS NULL"))


def test_what_can_be_changed_is_changed_and_the_rest_is_told_with_reasons(app, ann):
    ids = make(ann, 5, None, 7)
    outcome = records.update_many(ann, "deal", Picked(ids), {"stage": "won"})
    assert (outcome.changed, outcome.refused) == (2, 1)
    assert outcome.reasons == {"A deal without an amount cannot be won.": 1}
    assert stages(app) == ["open", "won", "won"]


def test_records_that_are_so_already_count_as_unchanged(ann):
    outcome = records.update_many(ann, "deal", Picked(make(ann, 5, 7)), {"amount": "7"})
    assert (outcome.changed, outcome.unchanged) == (1, 1)


def test_rights_decide_about_each_record(app, ann, mia):
    ids = [*make(ann, 1), *make(mia, 2)]
    outcome = records.update_many(ann, "deal", Picked(ids), {"quantity": 5})
    assert (outcome.changed, outcome.refused) == (1, 1)
    assert "You may not change this Deal" in next(iter(outcome.reasons))


def test_a_record_that_somebody_else_changed_is_left_alone(ann):
    first, second = make(ann, 1, 2)
    records.update(ann, "deal", [records.Change(first, {"quantity": 1})])
    outcome = records.update_many(ann, "deal", Picked([first, second], [1, 1]), {"quantity": 9})
    assert (outcome.changed, outcome.refused) == (1, 1)


def test_a_record_that_is_not_there_is_refused_and_the_others_are_changed(app, ann):
    first, second = make(ann, 1, 2)
    records.delete(ann, "deal", [first])
    outcome = records.update_many(ann, "deal", Picked([first, second]), {"quantity": 9})
    assert (outcome.changed, outcome.refused) == (1, 1)


def test_all_that_a_filter_matches_are_changed_even_where_the_change_takes_them_out_of_it(app, mia):
    make(mia, *range(1, 1203))
    outcome = records.update_many(mia, "deal", Query(where='stage == "open"'), {"stage": "won"})
    assert outcome.changed == 1202
    assert set(stages(app)) == {"won"}


def test_changing_all_of_a_filter_needs_the_capability(ann):
    make(ann, 1)
    with pytest.raises(Forbidden, match="bulk_edit"):
        records.update_many(ann, "deal", Query(), {"quantity": 1})


def test_the_statements_depend_on_the_batches_and_not_on_the_records(ann):
    few, many = make(ann, 1, 2), make(ann, *range(3, 200))
    counted = []
    for ids in (few, many):
        with noted_statements() as seen:
            records.update_many(ann, "deal", Picked(ids), {"quantity": len(ids)})
        counted.append(len(seen))
    assert counted[0] == counted[1]


def test_deleting_leaves_what_others_refer_to(app, ann):
    held, free = (made.id for made in records.create(ann, "customer", [{"name": "Held"}, {"name": "Free"}]))
    records.create(ann, "deal", [{"name": "Big", "customer": str(held)}])
    with noted_statements() as seen:
        outcome = records.delete_many(ann, "customer", Picked([held, free]))
    assert (outcome.changed, outcome.reasons) == (1, {"Still referred to by Deal. Change those first.": 1})
    assert app.sql("SELECT name FROM main.customer WHERE deleted_at IS NULL") == [("Held",)]
    assert len(seen) < 20


def test_many_are_deleted_by_a_filter(app, mia):
    make(mia, *range(1, 30))
    outcome = records.delete_many(mia, "deal", Query(where="amount < 20"))
    assert outcome.changed == 19
    assert len(stages(app)) == 10
