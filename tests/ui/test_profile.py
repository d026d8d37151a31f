"""The profile: what people set for themselves, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from fieldstone import records
from fieldstone_testing import App
from fieldstone_testing.visitors import Visitor, words

Visit = Callable[[str], Visitor]
EDIT = "/profile/edit"


def sent(**values: str) -> dict[str, object]:
    """A form with these fields."""
    return {"sent": list(values), **{f"f.{name}": value for name, value in values.items()}}


def own(sales: App, name: str) -> dict[str, object]:
    """The record of a user."""
    return records.get(sales.system, "user", sales.user(name))


def test_a_rep_sets_language_absence_and_deputy_though_no_role_lets_them_change_users(
    visit: Visit, sales: App
) -> None:
    ann, deputy = visit("Ann"), sales.user("Bo")
    wanted = {"locale": "de", "timezone": "Asia/Tokyo", "absent_from": "2031-08-01"}
    page = ann.post(EDIT, sent(**wanted, delegate=f"user:{deputy}"))
    assert (page.status_code, page.request.path) == (200, "/profile")
    assert "from 1. August 2031; Bo decides on approvals" in words(page)
    assert "Asia/Tokyo" in words(page)
    held = own(sales, "Ann")
    assert (held["locale"], held["timezone"], held["delegate"]["title"]) == ("de", "Asia/Tokyo", "Bo")


def test_the_history_says_who_changed_it(visit: Visit, sales: App) -> None:
    visit("Ann").post(EDIT, sent(timezone="Asia/Tokyo"))
    latest = records.history(sales.system, "user", sales.user("Ann"))[0]
    assert latest["actor"]["title"] == "Ann"
    assert latest["changes"] == {"timezone": [None, "Asia/Tokyo"]}


def test_other_fields_of_oneself_are_refused(visit: Visit, sales: App) -> None:
    answer = visit("Ann").post(EDIT, sent(name="The boss", timezone="Asia/Tokyo"))
    assert answer.status_code == 403
    assert "Nobody changes `name` in their own profile." in words(answer)
    assert own(sales, "Ann")["name"] == "Ann"


def test_what_is_wrong_is_told_at_the_field_and_what_was_typed_stays(visit: Visit, sales: App) -> None:
    answer = visit("Ann").post(EDIT, sent(absent_from="2031-08-10", absent_until="2031-08-01"))
    assert answer.status_code == 422
    assert "An absence ends after it begins." in words(answer)
    assert 'value="2031-08-10"' in answer.text
    assert own(sales, "Ann")["absent_from"] is None


def test_nobody_is_their_own_deputy(visit: Visit, sales: App) -> None:
    answer = visit("Ann").post(EDIT, sent(delegate=f"user:{sales.user('Ann')}"))
    assert "Nobody is a deputy of their own." in words(answer)


def test_two_windows_lose_nothing(visit: Visit, sales: App) -> None:
    ann, version = visit("Ann"), str(own(sales, "Ann")["version"])
    ann.post(EDIT, sent(timezone="Asia/Tokyo") | {"version": version})
    late = ann.post(EDIT, sent(timezone="Europe/Berlin") | {"version": version})
    assert late.status_code == 412
    assert own(sales, "Ann")["timezone"] == "Asia/Tokyo"


def test_who_holds_no_role_sees_the_profile_without_a_form(visit: Visit, sales: App) -> None:
    sales.user("Nobody", [])
    nobody = visit("Nobody")
    assert EDIT not in nobody.get("/profile").text
    assert nobody.get(EDIT).status_code == 403
