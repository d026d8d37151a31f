"""Edits of what comes with a template: a document in `local` says what is different, and nothing more."""

from __future__ import annotations

import pytest

from fieldstone_metadata import Layer, core_layer, template_layer
from fieldstone_metadata.checking import laid_over
from fieldstone_metadata.editing import DocumentEdit, Edit, EditRefused, LayeredEditing
from fieldstone_metadata.editing.changes import after, changes
from fieldstone_metadata.layer_files import File
from fieldstone_metadata.nodes import to_plain

SOURCES = ("option_set", "lead_source")
DEAL = ("entity", "opportunity")
DEALS = ("view", "all_deals")
FORM = ("form", "opportunity")


def editing(*more):
    return LayeredEditing({layer.name: layer for layer in (core_layer(), template_layer("sales"), *more)})


def in_force(layered, kind, name):
    return to_plain(laid_over(list(layered.layers.values()))[kind, name].root)


@pytest.mark.parametrize(
    ("document", "edit"),
    [
        (DEAL, Edit(("fields", "amount", "label"), "set", "Sum")),
        (DEAL, Edit(("fields", "amount"), "set", {"type": "money", "label": "Sum"})),
        (DEAL, Edit(("fields", "discount", "help"), "remove")),
        (DEAL, Edit(("fields", "next_step"), "remove")),
        (DEAL, Edit(("search",), "set", ["name"])),
        (SOURCES, Edit(("options", 1, "color"), "set", "red")),
        (SOURCES, Edit(("options", "partner", "label"), "set", "Partners")),
        (SOURCES, Edit(("options", 2), "remove")),
        (SOURCES, Edit(("options", "-"), "add", {"value": "fair", "label": "Fair"})),
        (DEALS, Edit(("columns", 0), "add", "source")),
        (DEALS, Edit(("columns", "-"), "add", "source", after="number")),
        (DEALS, Edit(("columns", "owner"), "remove")),
        (DEALS, Edit(("sum", "-"), "add", "weighted")),
        (FORM, Edit(("layout", "Deal", "fields", "-"), "add", "external_id", after="amount")),
        (FORM, Edit(("layout", "Deal", "fields", "source"), "remove")),
        (FORM, Edit(("layout", "Products", "items", "-"), "add", "weighted")),
        (FORM, Edit(("layout", "Deal", "columns"), "set", 1)),
    ],
)
def test_in_force_is_what_the_edit_says_and_only_local_changes(document, edit):
    layered = editing()
    wanted = in_force(layered, *document)
    for change in changes(wanted, edit):
        wanted = after(wanted, change)
    layered.apply(DocumentEdit(*document, edit))
    assert in_force(layered, *document) == wanted
    assert [layer for layer, _ in layered.changed] == ["local"]


def test_what_goes_into_a_section_of_a_form_is_all_that_the_layer_above_says_of_it():
    layered = editing()
    layered.apply(
        DocumentEdit(*FORM, Edit(("layout", "Deal", "fields", "-"), "add", "number", after="amount"))
    )
    layered.apply(DocumentEdit(*FORM, Edit(("layout", "Deal", "fields", "-"), "add", "weighted")))
    (document,) = (each for each in layered.changed.values() if each is not None)
    assert "layout: [{section: Deal, fields: [{field: number, after: amount}, weighted]}]" in document


def test_positions_are_those_in_force_and_later_edits_go_into_the_same_item():
    layered = editing()
    for edit in (
        Edit(("options", 1, "label"), "set", "A"),
        Edit(("options", 0, "label"), "set", "B"),
        Edit(("options", 1, "color"), "set", "red"),
        Edit(("options", 0), "add", "first"),
        Edit(("options", 1, "label"), "set", "C"),
    ):
        layered.apply(DocumentEdit(*SOURCES, edit))
    assert layered.changed == {
        ("local", "option_sets/lead_source.yaml"): (
            "kind: option_set\nname: lead_source\nextends: true\n"
            "options: [{value: referral, label: A, color: red}, {value: website, label: C}, "
            "{value: first, before: website}]\n"
        )
    }


def test_what_local_added_is_changed_where_it_stands():
    own = "# Ours\nkind: entity\nname: opportunity\nextends: true\nfields:\n  region: {type: text} # new\n"
    layered = editing(Layer("local", (File("ours.yaml", own),)))
    layered.apply(DocumentEdit(*DEAL, Edit(("fields", "region", "label"), "set", "Region")))
    layered.apply(DocumentEdit(*DEAL, Edit(("fields", "amount", "label"), "set", "Sum")))
    text = own.replace("{type: text}", "{type: text, label: Region}") + "  amount: {label: Sum}\n"
    assert layered.changed == {("local", "ours.yaml"): text}


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (Edit(("columns", "-"), "add", "name"), "exists"),
        (Edit(("columns", "nothing"), "remove"), "not_found"),
        (Edit(("label",), "rename", to="title"), "not_supported"),
        (Edit((), "remove"), "not_supported"),
    ],
)
def test_what_no_higher_layer_can_say_is_refused(edit, code):
    layered = editing()
    with pytest.raises(EditRefused) as refusal:
        layered.apply(DocumentEdit(*DEALS, edit))
    assert refusal.value.code == code
    assert layered.changed == {}
