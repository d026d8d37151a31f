"""Creating with the few fields that a form names under `quick`."""

from fieldstone_testing.visitors import words

QUICK = "/e/opportunity/new?quick=1"


def inputs(page):
    return {name for name in ("f.name", "f.amount", "f.next_step", "f.competitor") if f'name="{name}' in page}


def test_the_create_menu_leads_to_the_quick_fields(visit):
    assert QUICK in visit("Ann").get("/e/opportunity").get_data(as_text=True)


def test_quick_shows_only_its_fields_and_the_button_of_the_list_shows_all(visit):
    ann = visit("Ann")
    assert inputs(ann.get(QUICK).get_data(as_text=True)) == {"f.name", "f.amount"}
    assert "f.next_step" in inputs(ann.get("/e/opportunity/new").get_data(as_text=True))


def test_a_refused_record_comes_back_in_the_quick_form(visit):
    ann = visit("Ann")
    refused = ann.post(QUICK, {"f.name": "", "f.amount": "12"})
    assert refused.status_code == 422
    assert inputs(refused.get_data(as_text=True)) == {"f.name", "f.amount"}


def test_all_fields_go_on_with_what_was_typed_into_the_quick_ones(visit):
    ann = visit("Ann")
    assert "All fields" in ann.get(QUICK).get_data(as_text=True)
    sent = {"sent": ["name", "amount"], "f.name": "Pumps", "f.amount": "1,234.50", "all_fields": "1"}
    page = ann.post("/e/opportunity/new", sent)
    shown = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "f.next_step" in inputs(shown)
    assert 'value="Pumps"' in shown
    assert 'value="1,234.50"' in shown
    assert "All fields" not in shown
    assert "Pumps" not in words(ann.get("/e/opportunity"))
