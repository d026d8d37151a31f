"""Secrets: encrypted in the database, told to nobody, moved from key to key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner

from fieldstone import records
from fieldstone.cli.main import commands
from fieldstone.database.keyring import Keyring, NoSecretKeys, keys_of_home, new_key
from fieldstone.errors import FieldstoneError, Forbidden, Invalid, Malformed
from fieldstone.records import Change, Query
from fieldstone.records.secrets import Rotated, open_secret, rotate
from fieldstone.settings import BadSettings, load_settings
from fieldstone_testing import App, AppFactory
from fieldstone_testing.apps import SECRET_KEYS
from fieldstone_testing.clients import ApiClient

SHOPS = """
kind: app
name: shops
label: Shops
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: shop
search: [name]
fields:
  name: {type: text, required: true}
  api_key: {type: secret}
  pin: {type: secret, required: pin_needed == true}
  pin_needed: {type: boolean}
---
kind: role
name: keeper
inherits: [employee]
capabilities: [export, import]
entities:
  shop: {create: true, read: true, update: true}
"""
PLAIN = "s3cr3t-Ærøskøbing"
SET = {"set": True}


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return app_from(SHOPS)


@pytest.fixture
def shop(app: App) -> UUID:
    return records.create(app.context_for("Kim", ["keeper"]), "shop", [{"name": "Main", "api_key": PLAIN}])[
        0
    ].id


def kept(app: App) -> str:
    [(sealed,)] = app.sql("SELECT api_key FROM main.shop WHERE api_key IS NOT NULL")
    return str(sealed)


def test_it_lies_encrypted_in_the_database_and_in_no_other_table(app: App, shop: UUID) -> None:
    everything = [
        str(app.sql(f'SELECT * FROM "{schema}"."{table}"'))
        for schema, table in app.sql(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema LIKE 'main%'"
        )
    ]
    assert PLAIN not in "".join(everything)
    assert Keyring(SECRET_KEYS).open(kept(app)) == PLAIN


@pytest.mark.parametrize(
    "path",
    [
        "/data/shop/{id}",
        "/data/shop",
        "/data/shop?fields=api_key",
        "/data/shop/{id}/history",
        "/data/shop/export",
        "/data/shop/export?format=ndjson",
        "/data/shop/export?fields=name,api_key",
        "/openapi.json",
    ],
)
def test_no_answer_tells_it_or_how_it_is_kept(
    app: App, shop: UUID, client: Callable[..., ApiClient], path: str
) -> None:
    answer = client(app, app.token("Kim")).get(path.format(id=shop))
    assert answer.status_code == 200
    assert PLAIN not in answer.text
    assert kept(app)[:20] not in answer.text


@pytest.mark.parametrize(
    "change", [{"api_key": "other"}, {"api_key": None}, {"name": "New", "api_key": PLAIN}]
)
def test_the_history_says_only_that_it_was_set(app: App, shop: UUID, change: Mapping[str, Any]) -> None:
    records.update(app.system, "shop", [Change(shop, change)])
    newest, first = records.history(app.system, "shop", shop)
    assert first["changes"]["api_key"] == [None, SET]
    assert newest["changes"]["api_key"] == [SET, SET if change["api_key"] else None]


def test_what_was_read_can_be_sent_back_and_leaves_it_as_it_is(app: App, shop: UUID) -> None:
    before, shown = kept(app), records.get(app.system, "shop", shop)
    assert (shown["api_key"], shown["pin"]) == (SET, None)
    records.update(app.system, "shop", [Change(shop, {"name": "New", "api_key": shown["api_key"]})])
    assert kept(app) == before


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (5, "not_a_text"),
        ({"set": False}, "not_a_text"),
        ({"set": True, "more": 1}, "not_a_text"),
        (["x"], "not_a_text"),
        ("a\x00", "bad_characters"),
        ("\ud800", "bad_characters"),
        ("x" * 10_001, "too_long"),
    ],
    ids=["number", "not-set", "more", "list", "nul", "surrogate", "long"],
)
def test_a_bad_value_is_refused_without_repeating_it(app: App, value: Any, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        records.create(app.system, "shop", [{"name": "x", "api_key": value}])
    [error] = refused.value.errors
    assert (error.field, error.code) == ("api_key", code)


def test_it_is_required_like_any_field(app: App) -> None:
    with pytest.raises(Invalid):
        records.create(app.system, "shop", [{"name": "x", "pin_needed": True, "pin": SET}])
    records.create(app.system, "shop", [{"name": "x", "pin_needed": True, "pin": "1234"}])


@pytest.mark.parametrize(
    "query",
    [
        Query(where="api_key == 'x'"),
        Query(where="api_key != null"),
        Query(where="len(api_key) > 3"),
        Query(order=("api_key",)),
    ],
    ids=str,
)
def test_nothing_can_be_asked_of_it(app: App, shop: UUID, query: Query) -> None:
    with pytest.raises(Malformed):
        records.list(app.system, "shop", query)


def test_a_search_does_not_look_into_it(app: App, shop: UUID) -> None:
    assert records.list(app.system, "shop", Query(q="s3cr3t")).data == []


def test_it_is_no_key_of_an_import(app: App, shop: UUID) -> None:
    with pytest.raises(Malformed):
        records.import_rows(app.system, "shop", [{"name": "x", "api_key": PLAIN}], key=["api_key"])


def test_an_import_sets_it(app: App) -> None:
    [done] = records.import_rows(app.system, "shop", [{"name": "x", "api_key": PLAIN}])
    assert done.id is not None
    assert open_secret(app.system, "shop", done.id, "api_key") == PLAIN


def test_only_the_platform_opens_it(app: App, shop: UUID) -> None:
    assert open_secret(app.system, "shop", shop, "api_key") == PLAIN
    assert open_secret(app.system, "shop", shop, "pin") is None
    with pytest.raises(Forbidden):
        open_secret(app.context_for("Kim"), "shop", shop, "api_key")
    with pytest.raises(FieldstoneError):
        open_secret(app.system, "shop", shop, "name")


def test_without_a_key_nothing_is_saved(app: App) -> None:
    app.database.keyring = Keyring()
    with pytest.raises(NoSecretKeys) as told:
        records.create(app.system, "shop", [{"name": "x", "api_key": PLAIN}])
    assert "FIELDSTONE_SECRET_KEYS" in told.value.message
    assert app.sql("SELECT count(*) FROM main.shop") == [(0,)]


# -- keys


def test_all_secrets_move_to_the_newest_key(app: App, shop: UUID) -> None:
    records.create(app.system, "shop", [{"name": str(n), "api_key": PLAIN} for n in range(510)])
    records.delete(app.system, "shop", [shop])
    versions = app.sql("SELECT id, version FROM main.shop ORDER BY id")
    newest = new_key()
    app.database.keyring = Keyring([newest, *SECRET_KEYS])
    done = sum(rotate(app.system), Rotated())
    again = sum(rotate(app.system), Rotated())
    app.database.keyring = Keyring([newest])
    assert (done, again) == (Rotated(511, 511, 0), Rotated(511, 0, 0))
    assert open_secret(app.system, "shop", shop, "api_key") == PLAIN
    assert app.sql("SELECT id, version FROM main.shop ORDER BY id") == versions


def test_a_secret_under_an_unknown_key_is_told_and_kept(app: App, shop: UUID) -> None:
    before = kept(app)
    app.database.keyring = Keyring([new_key()])
    assert sum(rotate(app.system), Rotated()) == Rotated(1, 0, 1)
    assert kept(app) == before
    with pytest.raises(NoSecretKeys):
        open_secret(app.system, "shop", shop, "api_key")


def test_an_installation_of_its_own_keeps_a_key_that_only_its_owner_reads(folder: Path) -> None:
    [key] = keys_of_home(folder)
    assert keys_of_home(folder) == [key]
    assert (folder / "secret.keys").stat().st_mode & 0o777 == 0o600
    assert Keyring([key]).open(Keyring([key]).seal(PLAIN)) == PLAIN


def test_a_wrong_key_is_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIELDSTONE_SECRET_KEYS", f"{new_key()},nonsense")
    with pytest.raises(BadSettings, match="fieldstone secret key"):
        load_settings()


def test_the_command_rotates_and_says_what_it_did(
    app: App, shop: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = CliRunner()
    fresh = runner.invoke(commands, ["secret", "key"]).output.strip()
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", app.database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("FIELDSTONE_SECRET_KEYS", f"{fresh},{SECRET_KEYS[0]}")
    done = runner.invoke(commands, ["secret", "rotate"], standalone_mode=False)
    assert "1 of 1 secrets" in done.output
    assert Keyring([fresh]).open(kept(app)) == PLAIN
