"""Users, passwords, sessions, tokens and the principals that they act as."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import argon2
import pytest

from fieldstone import records
from fieldstone.access.passwords import STRENGTH, set_password
from fieldstone.access.principals import principal_for_token, principal_for_user
from fieldstone.access.sessions import end_sessions, log_in, principal_for_session
from fieldstone.access.system_user import SYSTEM_USER
from fieldstone.access.tokens import create_token, list_tokens, revoke_token
from fieldstone.access.users import assign_roles, create_user, list_users, team_named
from fieldstone.context import TokenLimits
from fieldstone.errors import Conflict, Invalid, NotAuthenticated, NotFound
from fieldstone_testing.apps import PASSWORD, App

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
APP = """
kind: app
name: shop
version: 1.0.0
---
kind: role
name: clerk
inherits: [employee]
capabilities: [export]
---
kind: role
name: chief
inherits: [clerk]
capabilities: [import]
"""


@pytest.fixture
def shop(app_from) -> App:
    return app_from(APP)


def principal(shop: App, name: str):
    shop.current.reload()
    return principal_for_user(shop.database, shop.model, shop.users[name])


def test_a_principal_holds_its_roles_with_those_inherited_and_their_capabilities(shop):
    shop.user("Ann", ["chief"])
    ann = principal(shop, "Ann")
    assert ann.roles == {"chief", "clerk", "employee"}
    assert ann.capabilities == {"import", "export"}
    assert (ann.name, ann.email) == ("Ann", "ann@example.com")


def test_teams_come_with_all_teams_below_and_own_ones_first(shop):
    shop.user("Ann", ["clerk"], ["Sales"])
    parent = {"id": str(team_named(shop.system, "Sales")), "entity": "team"}
    [north] = records.create(shop.system, "team", [{"name": "North", "parent": parent}])
    below = {"id": str(north.id), "entity": "team"}
    [harbour] = records.create(shop.system, "team", [{"name": "Harbour", "parent": below}])
    assert principal(shop, "Ann").teams == (team_named(shop.system, "Sales"), north.id, harbour.id)


def test_a_team_gives_its_roles_to_its_members(shop):
    shop.user("Ann", ["clerk"], ["Sales"])
    team = {"id": str(team_named(shop.system, "Sales")), "entity": "team"}
    records.create(shop.system, "role_assignment", [{"holder": team, "role": "chief"}])
    assert "chief" in principal(shop, "Ann").roles


def test_a_role_that_no_app_declares_grants_nothing(shop):
    shop.user("Ann", ["clerk"])
    shop.sql("UPDATE main.role_assignment SET role = 'vanished'")
    assert principal(shop, "Ann").roles == frozenset()


def test_changed_rights_count_at_once(shop):
    user = shop.user("Ann", ["clerk"])
    assert "chief" not in principal(shop, "Ann").roles
    assign_roles(shop.system, user, ["chief"])
    assert "chief" in principal(shop, "Ann").roles


def test_somebody_who_left_is_nobody(shop):
    user = shop.user("Ann", ["clerk"])
    records.update(shop.system, "user", [records.Change(user, {"active": False})])
    with pytest.raises(NotAuthenticated):
        principal(shop, "Ann")


def test_nobody_acts_as_the_system(shop):
    with pytest.raises(NotAuthenticated):
        principal_for_user(shop.database, shop.model, SYSTEM_USER)


def test_the_system_is_not_among_the_users(shop):
    shop.user("Ann", ["clerk"])
    assert [user.name for user in list_users(shop.database, shop.model)] == ["Ann"]


def test_a_user_with_an_unknown_role_is_not_made(shop):
    with pytest.raises(Invalid, match="no role boss"):
        create_user(shop.system, email="a@example.com", name="A", password=PASSWORD, roles=["boss"])
    assert list_users(shop.database, shop.model) == []


def test_two_users_cannot_have_one_address(shop):
    shop.user("Ann", ["clerk"])
    with pytest.raises(Conflict):
        create_user(shop.system, email="ANN@example.com", name="Other", password=PASSWORD)


def test_a_password_is_kept_as_a_hash_as_costly_as_its_standard_recommends(shop, monkeypatch):
    monkeypatch.setattr("fieldstone.access.passwords.STRENGTH", STRENGTH)
    set_password(shop.database, shop.user("Ann"), "a long phrase")
    [[kept]] = shop.sql("SELECT password_hash FROM main_system.credential")
    assert argon2.extract_parameters(kept) == argon2.profiles.RFC_9106_LOW_MEMORY


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaa", "x" * 201])
def test_a_weak_password_is_refused(shop, password):
    with pytest.raises(Invalid) as caught:
        set_password(shop.database, shop.user("Ann"), password)
    assert caught.value.code == "weak_password"


def test_a_token_acts_as_its_user_until_it_expires(shop):
    user = shop.user("Ann", ["clerk"])
    text = create_token(shop.database, user, author=user, now=NOW, lifetime=timedelta(days=1))
    within, after = NOW + timedelta(hours=23), NOW + timedelta(hours=25)
    assert principal_for_token(shop.database, shop.model, text, within).user == user
    with pytest.raises(NotAuthenticated, match="expired"):
        principal_for_token(shop.database, shop.model, text, after)


def test_a_token_is_kept_only_as_a_hash(shop):
    text = shop.token("Ann", ["clerk"])
    [row] = shop.sql("SELECT t::text FROM main_system.token t")
    assert text not in str(row)
    assert text.removeprefix("fst_") not in str(row)


def test_a_revoked_token_counts_no_more(shop):
    text = shop.token("Ann", ["clerk"])
    principal_for_token(shop.database, shop.model, text, NOW)
    [token] = list_tokens(shop.database, shop.users["Ann"])
    revoke_token(shop.database, token.id, NOW)
    shop.current.reload()
    with pytest.raises(NotAuthenticated):
        principal_for_token(shop.database, shop.model, text, NOW)


def test_revoking_what_never_was_is_not_found(shop):
    with pytest.raises(NotFound):
        revoke_token(shop.database, uuid4(), NOW)


@pytest.mark.parametrize("text", ["", "fst_", "fst_unknown", "x" * 100_000, "\udcff", "\x00"])
def test_a_token_that_never_was_is_refused(shop, text):
    with pytest.raises(NotAuthenticated):
        principal_for_token(shop.database, shop.model, text, NOW)


def test_a_narrowed_token_carries_its_limits(shop):
    limits = TokenLimits(frozenset({"team"}), frozenset({"read"}))
    text = shop.token("Ann", ["clerk"], limits=limits)
    assert principal_for_token(shop.database, shop.model, text, NOW).limits == limits


def test_a_principal_that_is_known_costs_no_query(shop, monkeypatch):
    text = shop.token("Ann", ["clerk"])
    shop.current.reload()
    first = principal_for_token(shop.database, shop.model, text, NOW)
    monkeypatch.setattr(shop.database, "read", None)
    assert principal_for_token(shop.database, shop.model, text, NOW) is first


def test_a_session_begins_with_the_password_and_ends_with_a_new_one(shop):
    user = shop.user("Ann", ["clerk"])
    session = log_in(shop.database, shop.model, " ANN@example.com ", PASSWORD)
    assert principal_for_session(shop.database, shop.model, session).user == user
    set_password(shop.database, user, "another long phrase")
    shop.current.reload()
    with pytest.raises(NotAuthenticated):
        principal_for_session(shop.database, shop.model, session)


def test_sessions_can_be_ended_everywhere(shop):
    user = shop.user("Ann", ["clerk"])
    session = log_in(shop.database, shop.model, "ann@example.com", PASSWORD)
    end_sessions(shop.database, user)
    shop.current.reload()
    with pytest.raises(NotAuthenticated):
        principal_for_session(shop.database, shop.model, session)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ann@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("", ""),
        ("system@fieldstone.invalid", "x"),
    ],
)
def test_a_log_in_that_fails_does_not_tell_why(shop, email, password):
    shop.user("Ann", ["clerk"])
    with pytest.raises(NotAuthenticated) as caught:
        log_in(shop.database, shop.model, email, password)
    assert str(caught.value) == "E-mail address and password do not fit together."
