"""The tables of an application, as somebody with a BI tool sees them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from fieldstone.errors import Conflict, Invalid
from fieldstone_testing import App, AppFactory

SHOP = """
kind: app
name: shop
label: Shop
version: 1.0.0
requires: {core: ">=1"}
settings:
  discount_limit: {type: percent, default: 20}
---
kind: entity
name: account
owner: false
fields:
  name: {type: text, required: true, unique: true}
  parent: {type: reference, to: account, inverse: subsidiaries}
---
kind: entity
name: deal
search: [name]
order: [-closes, name]
unique: [[account, name]]
indexes: [[stage, closes]]
fields:
  name: {type: text, required: true, index: true}
  account: {type: reference, to: account, inverse: deals}
  partners: {type: references, to: account, inverse: partner_deals}
  regarding: {type: reference, to: [account, deal], inverse: mentions}
  stage: {type: choice, options: [open, won]}
  amount: {type: money, index: true}
  closes: {type: date, index: true}
  weighted: {type: formula, expression: amount / 2}
---
kind: workflow
name: deal_stage
entity: deal
field: stage
initial: open
states: {open: {label: Open}, won: {label: Won, final: true}}
transitions: {win: {from: open, to: won, guard: amount > 0}}
"""


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    return module_app_from(SHOP)


def columns(app: App, table: str) -> dict[str, str]:
    rows = app.sql(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'main' AND table_name = :t ORDER BY ordinal_position",
        t=table,
    )
    return {str(name): str(kind) for name, kind in rows}


def indexes(app: App, table: str) -> dict[str, str]:
    rows = app.sql(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'main' AND tablename = :t", t=table
    )
    return {str(name): str(definition).partition(" USING ")[2] for name, definition in rows}


def test_a_table_has_the_declared_fields_between_id_and_the_systems_fields(app: App) -> None:
    assert list(columns(app, "deal")) == [
        "id",
        "name",
        "account",
        "regarding__account",
        "regarding__deal",
        "stage",
        "amount",
        "amount__base",
        "closes",
        "owner",
        "team",
        "currency",
        "created_at",
        "created_by",
        "updated_at",
        "updated_by",
        "version",
        "deleted_at",
        "_title",
        "_search",
    ]


def test_an_entity_without_owner_and_money_has_no_columns_for_them(app: App) -> None:
    assert not {"owner", "team", "currency"} & columns(app, "account").keys()


def test_many_to_many_is_a_table_of_pairs(app: App) -> None:
    assert columns(app, "deal__partners") == {"source": "uuid", "target": "uuid"}
    assert indexes(app, "deal__partners").keys() == {"pk__deal__partners", "ix_deal__partners__target"}


def test_ids_are_made_by_the_database_too_and_are_of_version_7(app: App) -> None:
    [(version,)] = app.sql("SELECT uuid_extract_version(uuidv7())")
    [(default,)] = app.sql(
        "SELECT column_default FROM information_schema.columns"
        " WHERE table_schema = 'main' AND table_name = 'deal' AND column_name = 'id'"
    )
    assert (version, default) == (7, "uuidv7()")


def test_references_are_foreign_keys(app: App) -> None:
    rows = app.sql(
        "SELECT conname, confrelid::regclass::text FROM pg_constraint"
        " WHERE conrelid = 'main.deal'::regclass AND contype = 'f'"
    )
    assert {str(name): str(target) for name, target in rows} == {
        "fk_deal__account": "main.account",
        "fk_deal__regarding__account": "main.account",
        "fk_deal__regarding__deal": "main.deal",
        "fk_deal__owner": 'main."user"',
        "fk_deal__team": "main.team",
        "fk_deal__created_by": 'main."user"',
        "fk_deal__updated_by": 'main."user"',
    }


def insert(app: App, **values: object) -> None:
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    author = '(SELECT id FROM main."user" LIMIT 1)'
    app.sql(
        f"INSERT INTO main.deal ({names}, created_by, updated_by) VALUES ({marks}, {author}, {author})",
        **values,
    )


def account(app: App, name: str) -> object:
    author = '(SELECT id FROM main."user" LIMIT 1)'
    [(id_,)] = app.sql(
        "INSERT INTO main.account (name, created_by, updated_by)"
        f" VALUES (:name, {author}, {author}) RETURNING id",
        name=name,
    )
    return id_


def test_the_database_refuses_two_targets_of_one_reference(app: App) -> None:
    one = account(app, "Two targets")
    insert(app, id="0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11", name="Other")
    with pytest.raises(Invalid) as refused:
        insert(app, regarding__account=one, regarding__deal="0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11")
    assert refused.value.details["constraint"] == "ck_deal__regarding_one"


def test_the_database_refuses_amounts_beyond_the_range(app: App) -> None:
    with pytest.raises(Invalid) as refused:
        insert(app, amount=10**15)
    assert refused.value.details["constraint"] == "ck_deal__amount_range"


def test_unique_holds_among_live_records_and_nulls_differ(app: App) -> None:
    one = account(app, "Unique")
    insert(app, name="Same", account=one, deleted_at="2026-01-01")
    insert(app, name="Same", account=one)
    insert(app, name="Same")
    insert(app, name="Same")
    with pytest.raises(Conflict) as refused:
        insert(app, name="Same", account=one)
    assert refused.value.details["constraint"] == "ux_deal__account__name"


def test_a_table_has_the_indexes_that_were_asked_for_and_those_that_lists_need(app: App) -> None:
    assert indexes(app, "deal") == {
        "pk__deal": "btree (id)",
        "ux_deal__account__name": "btree (account, name) WHERE (deleted_at IS NULL)",
        "ix_deal__name": "btree (name)",
        "ix_deal__name__order": "btree (lower((name COLLATE pg_unicode_fast)), id)",
        "ix_deal__amount": "btree (amount)",
        "ix_deal__amount__order": "btree (amount__base, id)",
        "ix_deal__closes": "btree (closes, id)",
        "ix_deal__stage__closes": "btree (stage, closes)",
        "ix_deal__account": "btree (account)",
        "ix_deal__regarding__account": "btree (regarding__account)",
        "ix_deal__regarding__deal": "btree (regarding__deal)",
        "ix_deal__owner": "btree (owner)",
        "ix_deal__team": "btree (team)",
        "ix_deal__order": "btree (closes DESC, lower((name COLLATE pg_unicode_fast)), id)",
        "ix_deal__deleted_at": "btree (deleted_at) WHERE (deleted_at IS NOT NULL)",
        "ix_deal___search": "gin (_search gin_trgm_ops)",
    }


def test_long_names_are_cut_and_stay_apart(app_from: AppFactory) -> None:
    long = "a" * 44
    fields = "".join(f"  {long}{n}: {{type: reference, to: [{long}x, {long}y]}}\n" for n in ("b", "c"))
    entities = "".join(
        f"---\nkind: entity\nname: {long}{n}\nfields:\n  name: {{type: text, unique: true}}\n{fields}"
        for n in ("x", "y")
    )
    app = app_from("kind: app\nname: long\nlabel: Long\nversion: 1.0.0\nrequires: {core: '>=1'}\n" + entities)
    names = set(columns(app, f"{long}x")) - {"name"}
    assert len([name for name in names if name.startswith(long)]) == 4
    assert all(len(name) <= 63 for name in names)


def test_the_model_knows_fields_inverses_and_the_workflow(app: App) -> None:
    deal, owner = app.model.entities["deal"], app.model.entities["account"]
    assert list(deal.fields) == [
        "name",
        "account",
        "partners",
        "regarding",
        "stage",
        "amount",
        "closes",
        "weighted",
    ]
    assert {name: (i.entity, i.field, i.many) for name, i in owner.inverses.items()} == {
        "subsidiaries": ("account", "parent", False),
        "deals": ("deal", "account", False),
        "partner_deals": ("deal", "partners", True),
        "mentions": ("deal", "regarding", False),
    }
    assert deal.workflow is not None
    assert deal.workflow.initial == "open"
    assert deal.workflow.transitions["win"].guard is not None
    assert [name for name, field in deal.fields.items() if not field.writable] == ["weighted"]
    assert not deal.fields["partners"].stored


def test_a_setting_has_its_default(app: App) -> None:
    assert app.model.settings["shop"]["discount_limit"] == 20


def test_publishing_the_same_again_changes_no_table(app_from: AppFactory) -> None:
    app = app_from(SHOP)
    before = indexes(app, "deal"), columns(app, "deal")
    app.publish(SHOP + "  # a comment\n")
    assert (indexes(app, "deal"), columns(app, "deal")) == before


def test_tables_are_in_the_tenants_schema(app: App) -> None:
    schemas = {entity.table.schema for entity in app.model.entities.values()}
    assert schemas == {"main"}
    assert isinstance(app.model.entities["deal"].table, sa.Table)
