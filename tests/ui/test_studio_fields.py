"""The studio's page of an object: fields are added and changed, seen on the form at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fieldstone_testing import App
from fieldstone_testing.studio import OPPORTUNITY, publish, text_of
from fieldstone_testing.visitors import Visitor, words

Visit = Callable[[str], Visitor]
NEW = ("label", "help", "required", "readonly", "visible", "default", "check", "message", "unique", "index")
FORM = "/studio/files/local/forms/opportunity.yaml"
LOCAL = "/studio/files/local/entities/opportunity.yaml"


@pytest.fixture
def admin(sales: App, visit: Visit) -> Visitor:
    """Ingrid, who may publish."""
    sales.context_for("Ingrid", ["admin"])
    return visit("Ingrid")


def field(label: str, kind: str, *has: str, **typed: object) -> dict[str, object]:
    """A field as the form sends it."""
    return {"label": label, "type": kind, "has": [*NEW, *has], **typed}


def test_a_new_field_goes_into_the_section_and_the_list_that_were_chosen(admin: Visitor, sales: App) -> None:
    page = words(admin.get(OPPORTUNITY))
    assert "Close date close_date Date" in page
    assert "On the form Deal People Progress Description" in page
    typed = field(
        "Trade-in value",
        "money",
        **{
            "form.opportunity": "Deal",
            "column": "all_deals",
            "required.mode": "if",
            "required": "amount > 0",
        },
    )
    added = words(admin.post(OPPORTUNITY, typed))
    assert "“Trade-in value” is in your draft." in added
    assert "Trade-in value trade_in_value Money required if… local new 2" in added
    assert "section: Deal, fields: [trade_in_value]" in text_of(admin, FORM)
    assert "Add the field Trade-in value to Opportunity" in words(admin.get("/studio/plan"))
    assert "Version 2 is published" in publish(admin)
    assert 'data-field="trade_in_value"' in admin.get("/e/opportunity/new").text
    assert "Trade-in value" in words(admin.get("/e/opportunity?view=all_deals"))


def test_a_choice_has_its_options_in_a_table(admin: Visitor) -> None:
    typed = field(
        "Condition",
        "choice",
        "options",
        **{
            "option.value": ["good", "", ""],
            "option.label": ["Good as new", "Poor", ""],
            "option.color": ["green", "", ""],
        },
    )
    assert "Condition condition Choice local new" in words(admin.post(OPPORTUNITY, typed))
    options = "options: [{value: good, label: Good as new, color: green}, {value: poor, label: Poor}]"
    assert options in text_of(admin, LOCAL)
    changed = typed | {"field": "condition", "option.color": ["red", "", ""], "option.out": "poor"}
    rows = {"option.value": ["good", "poor", "bad"], "option.label": ["Good", "Poor", ""]}
    admin.post(OPPORTUNITY, changed | rows)
    assert "options: [{value: good, label: Good, color: red}, bad]" in text_of(admin, LOCAL)


def test_what_is_typed_is_checked_before_it_is_kept_and_shown_on_the_form(admin: Visitor) -> None:
    typed = field("Margin", "formula", "expression", expression="amout * 2")
    script = {"HX-Request": "true"}
    wrong = admin.post(f"{OPPORTUNITY}/check", typed, **script).text
    assert 'data-error-for="expression">There is no field' in wrong
    assert "Did you mean `amount`?" in wrong
    right = admin.post(f"{OPPORTUNITY}/check", typed | {"expression": "amount * 2"}, **script).text
    assert "Fits the model." in right
    assert 'data-field="margin"' in right
    assert "You have changed nothing." in words(admin.get("/studio/plan"))
    refused = admin.post(OPPORTUNITY, typed)
    assert refused.status_code == 422
    assert "There is no field" in words(refused)
    assert 'value="Margin"' in refused.text


def test_a_field_is_changed_where_it_stands_and_its_uses_lead_to_their_lines(admin: Visitor) -> None:
    shown = admin.get(f"{OPPORTUNITY}?field=amount")
    assert "Used in" in words(shown)
    assert 'href="/studio/files/sales/views/opportunity.yaml#L' in shown.text
    admin.post(OPPORTUNITY, field("Deal size", "money", field="amount", unique="", help="Without tax"))
    assert text_of(admin, LOCAL) == (
        "kind: entity\nname: opportunity\nextends: true\nfields:\n"
        "  amount: {label: Deal size, help: Without tax}\n"
    )
    assert "label: Amount → Deal size" in words(admin.get("/studio/plan"))
    nothing = admin.post(OPPORTUNITY, field("Deal size", "money", field="amount", help="Without tax"))
    assert "Nothing was different." in words(nothing)
    used = words(admin.get(f"{OPPORTUNITY}?tab=used&field=amount"))
    assert "function sales" in used or "view" in used or "Views" in used


def test_what_is_refused_comes_back_as_it_was_typed(admin: Visitor) -> None:
    twice = admin.post(OPPORTUNITY, field("Amount", "money"))
    assert twice.status_code == 422
    assert "is there already" in words(twice)
    assert "Choose a type." in words(admin.post(OPPORTUNITY, field("X", "nonsense")))
    assert "A field needs a label" in words(admin.post(OPPORTUNITY, field("", "text")))
    assert admin.get("/studio/entities/nothing").status_code == 404


def test_a_right_of_a_role_is_changed_in_the_table(admin: Visitor) -> None:
    page = "/studio/roles/sales_rep"
    assert "Opportunities, delete: if owner == user" in words(admin.get(page))
    right = {"entity": "opportunity", "verb": "delete", "mode": "if", "condition": "owner == usr"}
    wrong = admin.post(page, right)
    assert wrong.status_code == 422
    assert "Did you mean `user`?" in words(wrong)
    assert "it is in your draft" in words(admin.post(page, right | {"mode": "no"}))
    assert "Opportunities, delete: never" in words(admin.get(page))
    assert "Change the role Sales representative" in words(admin.get("/studio/plan"))
    assert "Sales representative, delete: never" in words(admin.get(f"{OPPORTUNITY}?tab=permissions"))
    assert admin.post(page, right | {"entity": "nothing"}).status_code == 404
    assert admin.post("/studio/roles/admin", right).status_code == 404
