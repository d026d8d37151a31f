"""Layers: the order of apps, changes of lower documents, and who owns what."""

from __future__ import annotations

import pytest

from fieldstone_metadata import File, Layer, check, core_layer
from fieldstone_metadata.versions import satisfies

SALES = """
kind: app
name: sales
version: 1.2.0
settings: {limit: {type: percent, default: 20}}
---
kind: entity
name: deal
label: Deal
fields:
  name: {type: text, required: true, max_length: 50}
  kind_of: {type: choice, options: [{value: new, color: blue}, renewal]}
  note: {type: text}
order: [name]
---
kind: view
name: deals
entity: deal
columns: [name, kind_of]
---
kind: form
name: deal
entity: deal
layout:
  - section: Deal
    fields: [name, kind_of]
---
kind: menu
name: sales
items: [{entity: deal}]
"""


def layer(name, text):
    return Layer(name, (File(f"{name}.yaml", text),))


def local(text):
    return check([layer("local", text), layer("sales", SALES), core_layer()])


def changed(text):
    checked = local(text)
    assert checked.problems == ()
    return checked.application


def app(name, extra=""):
    return layer(name, f"kind: app\nname: {name}\nversion: 1.0.0\n{extra}")


# ---- changes


def test_a_key_replaces_and_a_mapping_merges():
    deal = changed(
        "kind: entity\nname: deal\nextends: true\nlabel: Sale\nfields: {name: {max_length: 80}}\n"
    ).entities["deal"]
    assert deal.label[""] == "Sale"
    assert deal.fields["name"].options == {"max_length": 80}
    assert deal.fields["name"].required is True


def test_null_removes():
    deal = changed("kind: entity\nname: deal\nextends: true\nfields: {note: null}\norder: null\n").entities[
        "deal"
    ]
    assert list(deal.fields) == ["name", "kind_of"]
    assert deal.order == ()


@pytest.mark.parametrize(
    ("anchor", "order"),
    [
        ("after: name", ["name", "size", "kind_of", "note"]),
        ("before: name", ["size", "name", "kind_of", "note"]),
        ("help: x", ["name", "kind_of", "note", "size"]),
    ],
)
def test_a_new_field_is_placed(anchor, order):
    text = f"kind: entity\nname: deal\nextends: true\nfields: {{size: {{type: integer, {anchor}}}}}\n"
    assert list(changed(text).entities["deal"].fields) == order


def test_options_merge_by_their_values():
    text = """
kind: entity
name: deal
extends: true
fields:
  kind_of: {options: [{value: new, label: Brand new}, {value: upgrade, after: new}]}
"""
    options = changed(text).entities["deal"].fields["kind_of"].choices
    assert [(o.value, o.label[""], o.color) for o in options] == [
        ("new", "Brand new", "blue"),
        ("upgrade", "Upgrade", None),
        ("renewal", "Renewal", None),
    ]


def test_columns_merge_and_can_be_removed():
    text = "kind: view\nname: deals\nextends: true\ncolumns: [{field: kind_of, remove: true}, note]\n"
    assert changed(text).views["deals"].columns == ("name", "note")


def test_fields_of_a_section_merge_by_its_heading():
    text = """
kind: form
name: deal
extends: true
layout:
  - {section: Deal, fields: [{field: note, after: name}]}
  - {section: More, fields: [created_at]}
"""
    (tab,) = changed(text).forms["deal"].tabs
    assert [item.name for item in tab.sections[0].items] == ["name", "note", "kind_of"]
    assert tab.sections[1].label[""] == "More"


def test_other_lists_are_replaced():
    text = "kind: entity\nname: deal\nextends: true\norder: [-created_at]\n"
    assert changed(text).entities["deal"].order == ("-created_at",)


def test_every_element_knows_its_layer_and_who_changed_it():
    text = (
        "kind: entity\nname: deal\nextends: true\nfields: {name: {max_length: 80}, size: {type: integer}}\n"
    )
    deal = changed(text).entities["deal"]
    assert (deal.origin.layer, deal.origin.changed_by) == ("sales", ("local",))
    assert (deal.fields["name"].origin.layer, deal.fields["name"].origin.changed_by) == ("sales", ("local",))
    assert (deal.fields["note"].origin.layer, deal.fields["note"].origin.changed_by) == ("sales", ())
    assert (deal.fields["size"].origin.layer, deal.fields["size"].origin.line) == ("local", 4)


def test_core_can_be_changed_like_any_app():
    text = (
        "kind: entity\nname: user\nextends: true\nfields: {region: {type: text, visible: manager != null}}\n"
    )
    assert "region" in changed(text).entities["user"].fields


def test_a_mistake_in_a_change_is_shown_in_the_file_of_the_change():
    text = 'kind: entity\nname: deal\nextends: true\nfields: {note: {visible: kind_of == "odd"}}\n'
    (problem,) = local(text).problems
    assert (problem.layer, problem.path, problem.line, problem.code) == (
        "local",
        "local.yaml",
        4,
        "unknown_option",
    )


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("kind: entity\nname: deel\nextends: true\n", "nothing_to_extend", (2, 7)),
        (
            "kind: entity\nname: deal\nextends: true\nfields: {x: {type: text, after: nme}}\n",
            "unknown_anchor",
            (4, 33),
        ),
        ("kind: entity\nname: deal\nextends: true\nfields: {nme: null}\n", "nothing_to_remove", (4, 15)),
        ("kind: entity\nname: deal\nextends: true\nfields: {x: {label: X}}\n", "key_missing", (4, 10)),
        (
            "kind: entity\nname: deal\nextends: true\nfields: {name: {after: kind_of, size: 3}}\n",
            "unknown_key",
            (4, 33),
        ),
    ],
)
def test_a_change_that_changes_nothing_real_is_an_error(text, code, at):
    (problem,) = local(text).problems
    assert (problem.code, (problem.line, problem.column)) == (code, at)


def test_removing_what_others_use_is_shown_where_it_is_used():
    (problem,) = local("kind: entity\nname: deal\nextends: true\nfields: {kind_of: null}\n").problems[:1]
    assert (problem.layer, problem.code) == ("sales", "unknown_field")


def test_two_apps_that_define_the_same_are_both_named():
    other = app("service", "---\nkind: entity\nname: deal\nfields: {name: {type: text}}\n")
    (problem,) = check([core_layer(), layer("sales", SALES), other]).problems
    assert problem.code == "defined_twice"
    assert "`service` and `sales` both define the entity `deal`" in problem.message


def test_a_document_twice_in_one_layer_is_an_error():
    text = "kind: menu\nname: m\nitems: []\n---\nkind: menu\nname: m\nitems: []\n"
    (problem,) = local(text).problems
    assert (problem.line, problem.code) == (6, "defined_twice")


def test_a_layer_does_not_extend_itself():
    text = "kind: menu\nname: m\nitems: []\n---\nkind: menu\nname: m\nextends: true\nlabel: M\n"
    assert [problem.code for problem in local(text).problems] == ["extends_itself"]


# ---- order


def test_apps_lie_above_what_they_require_whatever_their_order():
    first = app("alpha", "requires: {zeta: '*'}\n---\nkind: menu\nname: m\nextends: true\nlabel: Changed\n")
    below = app("zeta", "---\nkind: menu\nname: m\nlabel: Base\nitems: []\n")
    assert check([first, below, core_layer()]).application.menus["m"].label[""] == "Changed"


@pytest.mark.parametrize(
    ("requires", "code"),
    [
        ("{sale: '>=1'}", "app_missing"),
        ("{sales: '>=2'}", "version_mismatch"),
        ("{sales: 'new'}", "wrong_type"),
        ("{core: '>=1', sales: '^1.1'}", None),
    ],
)
def test_required_apps_are_checked(requires, code):
    problems = check([core_layer(), layer("sales", SALES), app("plus", f"requires: {requires}\n")]).problems
    assert [problem.code for problem in problems] == [code] * bool(code)


def test_apps_cannot_require_each_other():
    pair = [app("alpha", "requires: {beta: '*'}\n"), app("beta", "requires: {alpha: '*'}\n")]
    assert [problem.code for problem in check([core_layer(), *pair]).problems] == ["requires_cycle"]


def test_a_layer_holds_one_app():
    text = "kind: app\nname: a\nversion: 1.0.0\n---\nkind: app\nname: b\nversion: 1.0.0\n"
    assert [problem.code for problem in check([core_layer(), layer("a", text)]).problems] == ["two_apps"]


@pytest.mark.parametrize("version", ["1.2", "1", "v1.0.0", "1.0.0.0", "latest"])
def test_versions_are_semantic(version):
    text = f"kind: app\nname: a\nversion: {version}\n"
    assert [problem.code for problem in check([core_layer(), layer("a", text)]).problems] == ["wrong_type"]


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ("1.2.3", "*", True),
        ("1.2.3", ">=1", True),
        ("1.2.3", ">=1.3", False),
        ("1.2.3", ">=1.2 <2", True),
        ("2.0.0", ">=1.2, <2", False),
        ("1.9.0", "^1.2", True),
        ("2.0.0", "^1.2", False),
        ("0.3.0", "^0.2.1", False),
        ("1.2.9", "~1.2", True),
        ("1.3.0", "~1.2", False),
        ("1.2.9", "1.2", True),
        ("1.2.9", "1.2.8", False),
        ("2.0.0-rc.1", ">=2", False),
        ("2.0.0-rc.1", "^1.2", False),
        ("2.0.0-rc.2", ">=2.0.0-rc.1", True),
    ],
)
def test_ranges_of_versions(version, wanted, fits):
    assert satisfies(version, wanted) is fits


# ---- settings


def test_settings_are_typed_in_expressions():
    text = "kind: view\nname: v\nentity: deal\nwhere: settings.sales.limit > 10\n"
    assert changed(text).apps["sales"].settings["limit"].default == "20"


@pytest.mark.parametrize("wrong", ["settings.sales.limt > 10", "settings.sale.limit > 10"])
def test_unknown_settings_are_errors(wrong):
    (problem,) = local(f"kind: view\nname: v\nentity: deal\nwhere: {wrong}\n").problems
    assert problem.code == "unknown_name"


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("{type: reference}", "unknown_value"),
        ("{type: integer, default: many}", "bad_value"),
        ("{type: choice}", "options_missing"),
        ("{type: choice, options: [a], default: b}", "bad_value"),
        ("{type: integer, default: =1 + 1}", "bad_value"),
    ],
)
def test_settings_are_checked(setting, code):
    problems = check([core_layer(), app("plus", f"settings: {{x: {setting}}}\n")]).problems
    assert [problem.code for problem in problems] == [code]


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("currency: {default: EURO}", "bad_value"),
        ("timezone: {default: Europe/Kopenhagen}", "bad_value"),
        ("currency: {type: text}", "platform_setting"),
        ('organisation: {default: ""}', "platform_setting"),
    ],
)
def test_settings_that_the_platform_reads_stay_readable(setting, code):
    (problem,) = local(f"kind: app\nname: core\nextends: true\nsettings: {{{setting}}}\n").problems
    assert (problem.layer, problem.line, problem.code) == ("local", 4, code)


def test_a_setting_that_the_platform_reads_cannot_lose_its_default():
    (problem,) = local(
        "kind: app\nname: core\nextends: true\nsettings: {timezone: {default: null}}\n"
    ).problems
    assert problem.code == "platform_setting"
