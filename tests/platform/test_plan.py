"""Plans: what publishing would do, and what is refused because it would not only create and add."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fieldstone import records
from fieldstone.publication.apply import propose
from fieldstone.publication.plan import Plan
from fieldstone.publication.refusal import PlanRefused
from fieldstone_testing.apps import App, layer_from

APP = """
kind: app
name: shop
version: 1.0.0
---
kind: entity
name: product
fields:
  name: {type: text, required: true}
  price: {type: money}
  size: {type: choice, options: [small, large]}
"""


@pytest.fixture
def shop(app_from) -> App:
    return app_from(APP)


@pytest.fixture
def stocked(shop) -> App:
    shop.sql(
        "INSERT INTO main.product (name, size, created_by, updated_by) "
        "SELECT n, 'large', u.id, u.id FROM main.user u, unnest(ARRAY['Pump', 'Valve']) n"
    )
    return shop


def plan_of(app: App, text: str) -> Plan:
    return propose(app.database, [layer_from(text)]).plan


def codes(app: App, text: str) -> list[tuple[str, str]]:
    return [(refusal.element, refusal.code) for refusal in plan_of(app, text).refusals]


def test_the_published_documents_plan_nothing(shop):
    plan = plan_of(shop, APP)
    assert plan.unchanged
    assert (plan.steps, plan.statements, plan.refusals, plan.drift) == ((), (), (), ())


def test_a_new_entity_is_one_step_that_names_its_fields(shop):
    plan = plan_of(
        shop, APP + "---\nkind: entity\nname: shelf\nfields: {label: {type: text}, row: {type: integer}}\n"
    )
    assert [(step.action, step.kind, step.name, step.detail) for step in plan.steps] == [
        ("create", "entity", "shelf", "label, row")
    ]
    assert plan.steps[0].sql[0].startswith("CREATE TABLE main.shelf")


def test_a_new_field_names_its_type_and_the_rows_that_get_it(stocked):
    plan = plan_of(stocked, APP + "  weight: {type: decimal}\n")
    assert [(step.name, step.detail, step.rows) for step in plan.steps] == [("product.weight", "decimal", 2)]


def test_removing_a_field_is_refused_with_what_to_do_instead(stocked):
    stocked.sql("UPDATE main.product SET price = 5")
    plan = plan_of(stocked, APP.replace("  price: {type: money}\n", ""))
    refusal = next(refusal for refusal in plan.destructive if refusal.element == "field product.price")
    assert refusal.code == "destructive"
    assert "2 rows" in refusal.message
    assert "visible: false" in refusal.message


@pytest.mark.parametrize(
    ("before", "after", "element", "code"),
    [
        ("price: {type: money}", "price: {type: text}", "field product.price", "convert"),
        ("[small, large]", "[small]", "field product.size", "option_in_use"),
        ("price: {type: money}", "price: {type: money, required: true}", "field product.price", "required"),
        (
            "price: {type: money}",
            "price: {type: money}\n  code: {type: text, required: true}",
            "field product.code",
            "required",
        ),
        (
            "price: {type: money}",
            'price: {type: money}\n  number: {type: sequence, format: "P-{number}"}',
            "field product.number",
            "backfill",
        ),
    ],
)
def test_what_living_data_does_not_bear_is_refused(stocked, before, after, element, code):
    assert (element, code) in codes(stocked, APP.replace(before, after))


IN_DOLLARS = f"{APP}---\nkind: app\nname: core\nextends: true\nsettings: {{currency: {{default: USD}}}}\n"


def test_the_currency_of_the_organisation_stays_while_amounts_are_kept_in_it(stocked):
    assert codes(stocked, IN_DOLLARS) == [("setting core.currency", "currency_in_use")]


def test_the_currency_of_the_organisation_is_changed_before_there_are_records(shop):
    assert [(step.action, step.kind, step.name) for step in plan_of(shop, IN_DOLLARS).steps] == [
        ("change", "app", "core")
    ]
    shop.publish(IN_DOLLARS)
    made = records.create(shop.system, "product", [{"name": "Pump", "price": "3.5"}])
    assert shop.sql("SELECT currency, price__base FROM main.product") == [("USD", Decimal("3.5"))]
    assert len(made) == 1


def test_an_empty_table_takes_a_required_field(shop):
    assert codes(shop, APP + "  code: {type: text, required: true}\n") == []


def test_a_refused_plan_changes_nothing(stocked):
    stocked.sql("UPDATE main.product SET price = 5")
    with pytest.raises(PlanRefused, match=r"field product\.price"):
        stocked.publish(APP.replace("  price: {type: money}\n", ""))
    assert stocked.sql("SELECT version FROM main_system.current") == [(1,)]


def test_records_get_the_plain_default_of_a_new_field(stocked):
    stocked.publish(APP + "  stock: {type: integer, required: true, default: 7}\n")
    assert stocked.sql("SELECT DISTINCT stock FROM main.product") == [(7,)]


def test_a_table_made_by_hand_is_told_as_drift_and_left_alone(shop):
    shop.sql("CREATE TABLE main.scratch (id int)")
    shop.sql("ALTER TABLE main.product ADD COLUMN remark text")
    text = APP + "  weight: {type: decimal}\n"
    assert sorted(plan_of(shop, text).drift) == ["column product.remark", "table scratch"]
    shop.publish(text)
    assert shop.sql("SELECT remark FROM main.product") == []


def test_a_changed_order_replaces_its_index(shop):
    app = APP.replace("name: product\n", "name: product\norder: [name, price]\n")
    shop.publish(app)
    shop.publish(app.replace("order: [name,", "order: [-name,"))
    [(definition,)] = shop.sql("SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_product__order'")
    assert "DESC" in str(definition)


def test_a_unique_that_records_break_is_refused_with_the_values(stocked):
    with pytest.raises(PlanRefused, match="large") as caught:
        stocked.publish(APP.replace("size: {type: choice,", "size: {type: choice, unique: true,"))
    assert caught.value.refusals[0].code == "not_unique"


def test_titles_and_search_texts_follow_what_is_declared(stocked):
    stocked.publish(
        APP.replace("name: product\n", "name: product\ntitle: upper(name)\nsearch: [name, size]\n")
    )
    rows = stocked.sql("SELECT _title, _search, version FROM main.product ORDER BY _title")
    assert rows == [("PUMP", "pump\nlarge", 1), ("VALVE", "valve\nlarge", 1)]


def test_a_new_stored_formula_is_computed_for_the_records_that_exist(stocked):
    stocked.publish(APP + "  letters: {type: formula, expression: len(name), stored: true}\n")
    assert stocked.sql("SELECT name, letters FROM main.product ORDER BY name") == [("Pump", 4), ("Valve", 5)]
