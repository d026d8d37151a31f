"""Pages as a browser without a script gets them: what they show, refuse and keep."""

import re
from uuid import UUID

import pytest

from fieldstone import records
from fieldstone_testing.statements import noted_statements
from fieldstone_testing.visitors import Visitor, words


def test_somebody_who_is_not_logged_in_is_asked_to_and_comes_back_to_the_page(web, deals):
    visitor = Visitor(web)
    asked = visitor.get(f"/e/opportunity/{deals['Ward tablets']}")
    assert asked.request.path == "/login"
    back = visitor.log_in("Ann", next=asked.request.args["next"])
    assert back.request.path == f"/e/opportunity/{deals['Ward tablets']}"
    assert "Ward tablets" in words(back)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_logging_in_never_leads_to_another_site(web, sales, target):
    back = Visitor(web).log_in("Ann", next=target)
    assert back.request.host == "localhost"
    assert back.request.path.startswith("/e/")


def test_a_wrong_password_says_so_and_keeps_the_address(web, sales):
    refused = Visitor(web).log_in("Ann", password="guess")
    assert refused.status_code == 401
    assert "do not fit together" in words(refused)
    assert 'value="ann@example.com"' in refused.text


def test_logging_out_ends_the_session(visit):
    ann = visit("Ann")
    ann.post("/logout", {})
    assert ann.get("/e/opportunity").request.path == "/login"


def test_a_list_shows_amounts_and_dates_in_the_readers_way(visit):
    shown = words(visit("Ann").get("/e/opportunity"))
    assert "Core switch refresh" in shown
    assert "€ 2,001" in shown
    assert "4 May 2031" in shown


def test_a_list_leaves_out_what_the_reader_may_not_see(visit):
    page = visit("Bo").get("/e/opportunity")
    assert "Ward tablets" not in page.text
    assert "No opportunities yet" in words(page)
    assert "The recycle bin is empty" in words(visit("Bo").get("/e/opportunity/bin"))


def test_a_filter_is_shown_as_chips_that_can_be_removed(visit):
    page = visit("Ann").get("/e/opportunity?where=owner == user and amount >= 2500")
    shown = words(page)
    assert "Owner is me" in shown
    assert "Amount is at least €2,500" in shown
    assert "Ward tablets" in shown
    assert "Core switch refresh" not in shown
    assert "where=owner+%3D%3D+user" in page.text


def test_the_builder_writes_the_expression_for_what_was_chosen_and_typed(visit):
    page = visit("Ann").get("/e/opportunity/filter?field=amount&operator=at_least&value=3,000")
    assert page.request.args["where"] == "amount >= 3000"
    assert "Ward tablets" in words(page)


def test_the_builder_offers_operators_that_fit_the_field(visit):
    offered = words(visit("Ann").get("/e/opportunity/filter/operators?field=stage"))
    assert "is any of" in offered
    assert "Negotiation" in offered


@pytest.mark.parametrize("where", ["amount >", "nonsense == 1", "(" * 50, "amount == 'x"])
def test_a_filter_that_cannot_be_read_is_told_and_the_list_is_still_there(visit, where):
    page = visit("Ann").get(f"/e/opportunity?where={where}")
    assert page.status_code == 200
    assert "The list below is not filtered by it" in words(page)
    assert "Ward tablets" in words(page)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/e/nothing", 404),
        ("/e/opportunity/no-id", 404),
        ("/e/opportunity/01a20000-0000-7000-8000-000000000000", 404),
        ("/e/opportunity?view=unknown", 404),
        ("/e/opportunity?order=nonsense", 400),
        ("/e/opportunity?cursor=nonsense", 400),
        ("/e/product/board", 404),
        ("/nowhere", 404),
    ],
)
def test_a_bad_address_gets_a_page_that_says_what_next(visit, path, status):
    page = visit("Ann").get(path)
    assert page.status_code == status
    assert "To the start page" in words(page)


def test_a_record_of_somebody_else_is_not_found_rather_than_denied(visit, deals):
    page = visit("Bo").get(f"/e/opportunity/{deals['Ward tablets']}")
    assert page.status_code == 404
    assert "Ward tablets" not in page.text


def test_a_record_that_one_has_worked_on_says_why_it_cannot_be_seen_any_more(visit, sales, deals):
    elsewhere = {"owner": {"entity": "user", "id": str(sales.user("Bo"))}, "team": None}
    records.update(sales.system, "opportunity", [records.Change(UUID(deals["Ward tablets"]), elsewhere)])
    page = visit("Ann").get(f"/e/opportunity/{deals['Ward tablets']}")
    said = words(page)
    assert page.status_code == 403
    assert "You may not see this opportunity" in said
    assert "You are its owner it is not yours" in said
    assert "It belongs to one of your teams yours: North" in said
    assert "One of these would be enough. They come from the role Sales representative ." in said
    assert "Back to the list" in said
    assert "Ward tablets" not in page.text


def test_whoever_may_know_of_a_record_can_ask_its_owner_for_access(visit, sales, deals):
    elsewhere = {"owner": {"entity": "user", "id": str(sales.user("Bo"))}, "team": None}
    records.update(sales.system, "opportunity", [records.Change(UUID(deals["Ward tablets"]), elsewhere)])
    page = visit("Ann").post(f"/e/opportunity/{deals['Ward tablets']}/ask", {})
    assert "The owner has been told that you would like to see it." in words(page)
    assert "Ask the owner for access" not in words(page)
    assert "Ann asks to see Ward tablets" in words(visit("Bo").get("/e/notification"))


def test_a_refused_action_says_what_it_needs(visit, sales, deals):
    rep = {"owner": {"entity": "user", "id": str(sales.user("Dana"))}}
    records.update(sales.system, "opportunity", [records.Change(UUID(deals["Ward tablets"]), rep)])
    page = visit("Ann").post(f"/e/opportunity/{deals['Ward tablets']}/delete", {})
    assert page.status_code == 403
    assert "You may not delete this Opportunity." in words(page)
    assert "you are its owner, and “Stage” is Prospecting (as Sales representative)" in words(page)


def test_the_path_tells_how_long_a_record_stayed_in_each_state(visit, sales, deals):
    ann = visit("Ann")
    path = f"/e/opportunity/{deals['Ward tablets']}"
    assert "day 1" in words(ann.get(path))
    sales.sql("UPDATE main_system.history SET at = at - interval '4 days 1 hour'")
    assert "Prospecting day 5" in words(ann.get(path))
    ann.post(
        f"{path}/transitions/engage", {"version": "1", "sent": "engaged_on", "f.engaged_on": "2026-03-02"}
    )
    assert "Prospecting 4 d Engaging day 1" in words(ann.get(path))


def test_a_form_without_a_script_saves_what_was_typed_in_the_readers_way(visit, deals):
    ann = visit("Ann")
    path = f"/e/opportunity/{deals['Ward tablets']}"
    assert 'name="f.amount"' in ann.get(f"{path}/edit").text
    sent = {
        "version": "1",
        "sent": ["amount", "next_step"],
        "f.amount": "1,234.50",
        "f.next_step": "Call Per",
    }
    shown = words(ann.post(f"{path}/edit", sent))
    assert "€ 1,234.50" in shown
    assert "Call Per" in shown


def test_a_refused_form_comes_back_with_everything_typed_and_the_reasons(visit, deals):
    path = f"/e/opportunity/{deals['Ward tablets']}/edit"
    sent = {
        "version": "1",
        "sent": ["amount", "next_step"],
        "f.amount": "12x",
        "f.next_step": "Typed at length",
    }
    page = visit("Ann").post(path, sent)
    assert page.status_code == 422
    assert 'value="12x"' in page.text
    assert 'value="Typed at length"' in page.text
    assert "Amount : “12x” is not a number" in words(page)


def test_what_the_platform_refuses_is_told_at_the_field(visit, deals):
    path = f"/e/opportunity/{deals['Ward tablets']}/edit"
    page = visit("Ann").post(path, {"version": "1", "sent": "discount", "f.discount": "55"})
    assert page.status_code == 422
    assert "A discount this large is entered by a sales manager." in words(page)
    assert 'value="55"' in page.text


def test_a_reference_can_be_typed_by_its_title(visit):
    sent = {
        "sent": ["name", "account"],
        "f.name": "Typed",
        "f.account": "",
        "f.account.text": "halden logistik",
    }
    page = visit("Ann").post("/e/opportunity/new", {**sent, "f.account.was": ""})
    assert page.status_code == 200
    assert "Halden Logistik" in words(page)


def test_an_unknown_title_is_refused_with_a_way_on(visit):
    sent = {"sent": ["name", "account"], "f.name": "Typed", "f.account": "", "f.account.text": "Nobody Ltd"}
    page = visit("Ann").post("/e/opportunity/new", {**sent, "f.account.was": ""})
    assert page.status_code == 422
    assert "Nothing is called “Nobody Ltd”" in words(page)


def test_a_new_record_takes_the_defaults_of_what_was_left_empty(visit):
    sent = {
        "sent": ["name", "account", "discount"],
        "f.name": "",
        "f.account.text": "Halden Logistik",
        "f.discount": "0",
    }
    assert "Halden Logistik" in words(visit("Ann").post("/e/opportunity/new", sent))


def test_a_conflict_shows_both_values_and_saves_the_one_that_is_picked(visit, deals):
    ann, dana = visit("Ann"), visit("Dana")
    path = f"/e/opportunity/{deals['Ward tablets']}/edit"
    dana.post(
        path,
        {
            "version": "1",
            "sent": ["competitor", "next_step"],
            "f.competitor": "Acme",
            "f.next_step": "Dana's",
        },
    )
    typed = {"version": "1", "sent": "next_step", "f.next_step": "Ann's"}
    conflict = ann.post(path, typed)
    assert conflict.status_code == 412
    shown = words(conflict)
    assert "Dana saved this opportunity while you were editing" in shown
    assert "Ann's" in shown
    assert "Dana's" in shown
    assert "The other change by Dana, Competitor, is already in" in shown
    saved = words(ann.post(path, {**typed, "version": "2", "pick.next_step": "mine"}))
    assert "Ann's" in saved
    assert "Acme" in saved


def test_in_a_conflict_the_others_value_can_be_picked(visit, deals):
    ann, dana = visit("Ann"), visit("Dana")
    path = f"/e/opportunity/{deals['Ward tablets']}/edit"
    dana.post(path, {"version": "1", "sent": "next_step", "f.next_step": "Dana's"})
    picked = {"version": "2", "sent": "next_step", "f.next_step": "Ann's", "pick.next_step": "theirs"}
    assert "Dana's" in words(ann.post(path, picked))


def test_what_was_typed_outlives_the_session(web, sales, deals):
    visitor = Visitor(web)
    path = f"/e/opportunity/{deals['Ward tablets']}/edit"
    asked = visitor.post(
        path, {"version": "1", "sent": "next_step", "f.next_step": "Kept"}, token="of an old session"
    )
    assert asked.status_code == 401
    assert "What you typed is kept" in words(asked)
    kept = '[["version", "1"], ["sent", "next_step"], ["f.next_step", "Kept"]]'
    offered = visitor.log_in("Ann", next=path, kept=kept)
    assert "It is not saved yet" in words(offered)
    assert "Kept" in words(offered)
    assert "Kept" in words(visitor.post(path, {"version": "1", "sent": "next_step", "f.next_step": "Kept"}))


def test_a_write_without_the_token_of_our_pages_changes_nothing(visit, sales, deals):
    ann = visit("Ann")
    path = f"/e/opportunity/{deals['Ward tablets']}/edit"
    refused = ann.post(path, {"sent": "next_step", "f.next_step": "Forged"}, token="forged")
    assert refused.status_code == 403
    assert sales.sql("SELECT count(*) FROM main.opportunity WHERE next_step = 'Forged'") == [(0,)]


def test_a_transition_asks_for_its_fields_and_moves_the_record(visit, deals):
    ann = visit("Ann")
    path = f"/e/opportunity/{deals['Ward tablets']}/transitions/engage"
    assert "Engaged on" in words(ann.get(path))
    moved = ann.post(path, {"version": "1", "sent": "engaged_on", "f.engaged_on": "2031-01-02"})
    assert "2 January 2031" in words(moved)


def test_a_refused_transition_says_why(visit, deals):
    path = f"/e/opportunity/{deals['Ward tablets']}/transitions/lose"
    page = visit("Ann").post(path, {"version": "1", "sent": "lost_reason", "f.lost_reason": ""})
    assert page.status_code == 422
    assert "Say why the deal was lost" in words(page)


def test_a_deleted_record_can_be_restored_from_its_own_page(visit, deals):
    ann = visit("Ann")
    path = f"/e/opportunity/{deals['Ward tablets']}"
    assert "is in the recycle bin" in words(ann.post(f"{path}/delete", {"version": "1"}))
    assert "Ward tablets" not in words(ann.get("/e/opportunity"))
    assert "Ward tablets" in words(ann.get("/e/opportunity/bin"))
    ann.post(f"{path}/restore", {})
    assert "Ward tablets" in words(ann.get("/e/opportunity"))


def test_the_history_tells_who_changed_what(visit, deals):
    ann = visit("Ann")
    path = f"/e/opportunity/{deals['Ward tablets']}"
    ann.post(f"{path}/edit", {"version": "1", "sent": "next_step", "f.next_step": "Call Per"})
    told = words(ann.get(f"{path}/history"))
    assert "Ann changed Next step nothing → Call Per" in told
    assert "Ann created it" in told


def test_fields_that_a_role_may_not_read_are_on_no_page(visit, sales):
    product = records.create(sales.system, "product", [{"name": "GTX", "price": "10", "cost": "3"}])[0].id
    assert "Unit cost" not in visit("Ann").get(f"/e/product/{product}").text
    assert "Unit cost" in visit("Dana").get(f"/e/product/{product}").text


def test_what_people_type_is_never_markup(visit, sales, deals):
    ann = visit("Ann")
    path = f"/e/opportunity/{deals['Ward tablets']}"
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    sent = {"version": "1", "sent": ["name", "description"], "f.name": attack, "f.description": attack}
    ann.post(f"{path}/edit", sent)
    for address in (
        path,
        "/e/opportunity",
        "/e/opportunity/board",
        f"{path}/history",
        "/search?q=script",
        f"{path}/edit",
    ):
        page = ann.get(address).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_pages_allow_neither_foreign_nor_inline_scripts(visit):
    page = visit("Ann").get("/e/opportunity")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in page.text
    assert " style=" not in page.text
    assert " onclick=" not in page.text


def test_a_board_without_a_card_says_why_and_where_to_go(visit):
    page = visit("Dana").get("/e/opportunity/board?view=my_open_deals")
    assert "No opportunity fits this filter" in words(page)
    assert "Show all opportunities" in words(page)


def test_search_finds_across_entities_what_the_reader_may_read(visit):
    assert "Halden Logistik" in words(visit("Bo").get("/search?q=halden"))
    assert "Ward tablets" not in words(visit("Bo").get("/search?q=ward"))
    assert "Ward tablets" in words(visit("Ann").get("/search?q=ward"))


def test_a_search_takes_one_statement_and_groups_what_it_finds_by_the_best_hit(visit, sales):
    account = {"id": str(sales.sql("SELECT id FROM main.account")[0][0]), "entity": "account"}
    contacts = [{"first_name": "Ward", "last_name": f"Number {n}", "account": account} for n in range(5)]
    records.create(sales.context_for("Ann"), "contact", contacts)
    ann = visit("Ann")
    ann.get("/search?q=warm")
    with noted_statements() as statements:
        page = ann.get("/search?q=ward%20tab")
    assert re.findall(r'id="group-\d+">(\w+)<', page.text) == ["Opportunities"]
    assert len([text for text in statements if "_search" in text and "found.title" in text]) == 1
    groups = re.findall(r'id="group-\d+">(\w+)<', ann.get("/search?q=ward").text)
    assert sorted(groups) == ["Contacts", "Opportunities"]
    assert "All contacts with “ward”" in words(ann.get("/search?q=ward"))


def test_a_list_says_that_it_shows_similar_words_and_sums_them(visit):
    page = visit("Ann").get("/e/opportunity?q=swich")
    assert "Nothing contains “swich”. These contain similar words." in words(page)
    assert "Core switch refresh" in words(page)
    sums = re.search(r'hx-get="(/e/opportunity/sums[^"]*)"', page.text).group(1).replace("&amp;", "&")
    assert "1 opportunities Amount €2,001" in words(visit("Ann").get(sums))


def test_a_page_is_kept_by_nobody_else_and_only_a_preloaded_one_for_a_moment(visit):
    ann = visit("Ann")
    assert ann.get("/e/opportunity").headers["Cache-Control"] == "private, no-cache"
    assert (
        ann.get("/e/opportunity", **{"HX-Preloaded": "true"}).headers["Cache-Control"] == "private, max-age=3"
    )


def test_the_organisations_name_stands_above_the_log_in_and_the_menu(app_from, web_of):
    settings = "{organisation: {default: Berg Bicycles}, timezone: {default: Asia/Tokyo}}"
    core = f"kind: app\nname: core\nextends: true\nsettings: {settings}\n"
    app = app_from(f"kind: app\nname: bicycles\nversion: 1.0.0\n---\n{core}")
    app.user("Ann", ["admin"])
    visitor = Visitor(web_of(app))
    assert "Log in to Berg Bicycles" in words(visitor.get("/login"))
    assert "Berg Bicycles" in words(visitor.log_in("Ann"))
