"""What others changed too is settled in the studio: drafts, layers above, and rule tests that fail."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fieldstone_testing import App
from fieldstone_testing.studio import OPPORTUNITY, publish, text_of, typed
from fieldstone_testing.visitors import Visitor, words

Visit = Callable[[str], Visitor]
ENTITY = "/studio/files/sales/entities/opportunity.yaml"
SETTLE = "/studio/settle/sales/entities/opportunity.yaml"
RULES = "/studio/files/sales/rules/sales.rules"
AMOUNT = "amount:"


@pytest.fixture
def admin(sales: App, visit: Visit) -> Visitor:
    """Ingrid, who may publish."""
    sales.context_for("Ingrid", ["admin"])
    return visit("Ingrid")


@pytest.fixture
def olga(sales: App, visit: Visit) -> Visitor:
    """Olga, who may publish too."""
    sales.context_for("Olga", ["admin"])
    return visit("Olga")


def test_a_side_is_taken_for_each_element_and_all_other_changes_of_both_stay(
    admin: Visitor, olga: Visitor
) -> None:
    text = text_of(admin, ENTITY)
    label = next(line for line in text.splitlines() if line.startswith("label:"))
    mine = text.replace(label, "label: Deal  # as we say").replace("plural: Opportunities", "plural: Deals")
    typed(admin, ENTITY, mine.replace("icon: target", "icon: trophy"))
    theirs = text.replace(label, "label: Chance").replace("plural: Opportunities", "plural: Chances")
    typed(olga, ENTITY, theirs.replace("next_step:", "# To be discussed\n  next_step:", 1))
    publish(olga, note="Chances")
    plan = words(admin.get("/studio/plan"))
    assert "The label of the object opportunity has been published otherwise since your draft began" in plan
    assert "settle each" in plan
    one = admin.post(SETTLE, {"side entity opportunity.label": "mine"})
    assert one.status_code == 422
    assert "Choose a side for entity opportunity.plural" in words(one)
    sides = {"side entity opportunity.label": "mine", "side entity opportunity.plural": "theirs"}
    done = words(admin.post(SETTLE, sides))
    assert "is settled in your draft" in done
    assert "label: Chance → Deal" in done
    settled = text_of(admin, ENTITY)
    assert "label: Deal" in settled
    assert "plural: Chances" in settled
    assert "icon: trophy" in settled
    assert "# To be discussed\n" in settled
    assert "Version 3 is published" in publish(admin)


def test_what_somebody_else_has_in_a_draft_can_be_taken_over(admin: Visitor, olga: Visitor) -> None:
    text = text_of(admin, ENTITY)
    typed(admin, ENTITY, text.replace("icon: target", "icon: trophy"))
    typed(olga, ENTITY, text.replace("icon: target", "icon: coin"))
    page = olga.get("/studio/plan")
    assert "Ingrid has it in a draft too" in words(page)
    by = page.text.split('name="by" value="')[1].split('"')[0]
    taken = olga.post(SETTLE, {"by": by, "element": "entity opportunity.icon"})
    assert "Nobody else changes the same" in words(taken)
    assert "icon: trophy" in text_of(olga, ENTITY)


def test_a_layer_above_that_changes_the_same_wants_a_side(admin: Visitor) -> None:
    field = {"label": "Deal size", "type": "money", "field": "amount", "has": ["label"]}
    admin.post(OPPORTUNITY, field)
    publish(admin)
    text = text_of(admin, ENTITY)
    line = next(line for line in text.splitlines() if line.strip().startswith(AMOUNT))
    typed(admin, ENTITY, text.replace(line, line.replace("{", "{label: Worth, ", 1)))
    plan = words(admin.get("/studio/plan"))
    assert "choose a side for each field opportunity.amount.label" in plan
    refused = publish(admin)
    assert "Nothing was published." in refused
    choice = {"choice field opportunity.amount.label": "theirs"}
    looked = words(admin.post("/studio/plan", {"base": "2", "look": "1", **choice}))
    assert "label: Deal size → Worth" in looked
    assert "Version 3 is published" in publish(admin, **choice)
    assert "Worth" in words(admin.get(OPPORTUNITY))


def test_rule_tests_run_on_the_page_and_stop_an_upgrade_unless_they_are_skipped(admin: Visitor) -> None:
    place = {"layer": "sales", "path": "rules/sales.rules"}
    assert "tests of rules pass" in words(admin.post("/studio/tests", place))
    text = text_of(admin, RULES)
    typed(admin, RULES, text.replace('set account.status = "customer"', 'set account.status = "partner"'))
    script = {"HX-Request": "true"}
    failing = admin.post("/studio/tests", {}, **script)
    assert "tests of rules fail" in words(failing)
    assert 'href="/studio/files/sales/rules/sales.rules#L22"' in failing.text
    app = "/studio/files/sales/app.yaml"
    text = text_of(admin, app)
    version = next(line for line in text.splitlines() if line.startswith("version:"))
    typed(admin, app, text.replace(version, "version: 99.0.0"))
    refused = publish(admin)
    assert "rule tests fail" in refused
    assert "Publish although tests fail" in refused
    assert "Version 2 is published" in publish(admin, skip_tests="true")
    assert "Rule tests were skipped." in words(admin.get("/studio/versions"))
