"""Upgrades under local changes: what conflicts, what does not, and what each choice leaves of the texts."""

from __future__ import annotations

import pytest

from fieldstone_metadata import File, Layer, check, core_layer
from fieldstone_metadata.upgrade_choices import Choices, settled
from fieldstone_metadata.upgrade_conflicts import upgrade_conflicts

SHOP = """
kind: app
name: shop
version: 1.0.0
---
kind: entity
name: product
fields:
  name: {type: text, required: true, label: Name}
  size: {type: choice, label: Size, options: [small, {value: large, label: Large}]}
  note: {type: text, max_length: 100}
---
kind: view
name: products
entity: product
columns: [name, size, note]
---
kind: role
name: clerk
entities: {product: {read: true, update: size == "small"}}
"""
FORMAT = SHOP.replace("  size: {", "  format: {was: size, ").replace("size, note]", "format, note]")
FORMAT = FORMAT.replace('size == "small"', 'format == "small"')
NO_NOTE = SHOP.replace("  note: {type: text, max_length: 100}\n", "").replace("size, note]", "size]")
NAME = "name: {type: text, required: true, label: Name}"


def layers(shop, local, *others):
    named = {"shop": shop, "local": local} if local else {"shop": shop}
    return [core_layer(), *others, *(Layer(name, (File("a.yaml", text),)) for name, text in named.items())]


def product(fields):
    return f"kind: entity\nname: product\nextends: true\nfields:\n{fields}"


def found(old, new, local):
    return upgrade_conflicts(layers(old, local), layers(new, local))


def told(old, new, local):
    return [(each.element, each.base, each.mine, each.theirs) for each in found(old, new, local)]


def text_after(old, new, local, **choices):
    """What the layer `local` says when the choices are made, which go together with the new version."""
    done = settled(layers(old, local), layers(new, local), Choices(**choices))
    assert (done.open, done.unknown, done.failures) == ((), (), ())
    assert [problem for problem in check(done.layers).problems if problem.severity == "error"] == []
    return {layer.name: layer.files[0].text for layer in done.layers}.get("local")


def test_only_what_both_sides_change_is_a_conflict_attribute_by_attribute():
    local = product("  size: {label: Format}\n  name: {max_length: 80}\n")
    new = SHOP.replace("label: Size", "label: Dimension").replace("label: Name", "label: Title")
    assert told(SHOP, new, local) == [("field product.size.label", "Size", "Format", "Dimension")]
    assert found(SHOP, SHOP.replace("label: Size", "label: Size, help: In feet"), local) == ()
    assert found(SHOP, SHOP.replace("label: Size", "label: Format"), local) == ()
    assert found(SHOP, SHOP, local) == ()


@pytest.mark.parametrize(
    ("local", "new", "element", "sides"),
    [
        (
            product("  size: {options: [{value: large, label: Huge}]}\n"),
            SHOP.replace("label: Large", "label: Big"),
            "field product.size.options.large.label",
            ("Large", "Huge", "Big"),
        ),
        (
            "kind: role\nname: clerk\nextends: true\nentities: {product: {update: true}}\n",
            SHOP.replace('size == "small"', 'name != ""'),
            "grant clerk.product.update",
            ('size == "small"', True, 'name != ""'),
        ),
        (
            product("  note: null\n"),
            SHOP.replace("max_length: 100", "max_length: 200"),
            "field product.note",
            ({"type": "text", "max_length": 100}, None, {"type": "text", "max_length": 200}),
        ),
        (
            product("  weight: {type: integer}\n"),
            SHOP.replace("  note:", "  weight: {type: decimal}\n  note:"),
            "field product.weight",
            (None, {"type": "integer"}, {"type": "decimal"}),
        ),
        (
            "kind: entity\nname: product\nextends: true\nlabel: Article\n",
            SHOP.replace("name: product\nfields", "name: product\nlabel: Item\nfields"),
            "entity product.label",
            (None, "Article", "Item"),
        ),
        (
            "kind: view\nname: products\nextends: true\ncolumns: [{field: note, remove: true}]\n",
            SHOP.replace("size, note]", "size, {field: note, width: 20}]"),
            "view products.columns.note",
            ("note", {"field": "note", "remove": True}, {"field": "note", "width": 20}),
        ),
    ],
)
def test_each_kind_of_change_is_told_with_its_sides(local, new, element, sides):
    assert told(SHOP, new, local) == [(element, *sides)]


def test_what_is_gone_is_told_and_a_change_that_cannot_stand_alone_cannot_be_kept():
    (conflict,) = found(SHOP, NO_NOTE, product("  note: {max_length: 300}\n"))
    assert (conflict.element, conflict.theirs, conflict.choices) == ("field product.note", None, ("theirs",))
    assert "declare it in full" in conflict.message
    gone = SHOP.replace(SHOP[SHOP.index("---\nkind: view") : SHOP.index("---\nkind: role")], "")
    (conflict,) = found(SHOP, gone, "kind: view\nname: products\nextends: true\nlabel: Goods\n")
    assert (conflict.element, conflict.choices) == ("view products", ("theirs",))


def test_a_place_behind_something_that_is_gone_is_told():
    local = product("  weight: {type: decimal, after: note}\n  color: {type: color, after: weight}\n")
    assert told(SHOP, NO_NOTE, local) == [("field product.weight.after", "note", "note", None)]
    assert text_after(SHOP, NO_NOTE, local, otherwise="theirs") == local.replace(", after: note", "")


def test_all_conflicts_are_told_at_once_also_those_of_another_app_that_extends():
    more = Layer(
        "more",
        (
            File(
                "a.yaml",
                "kind: app\nname: more\nversion: 1.0.0\nrequires: {shop: '*'}\n---\n"
                + product("  name: {label: Title}\n"),
            ),
        ),
    )
    local = product("  size: {label: Format}\n  note: {max_length: 5}\n")
    new = SHOP.replace("label: Size", "label: Sizes").replace("label: Name", "label: Names")
    new = new.replace("max_length: 100", "max_length: 200")
    conflicts = upgrade_conflicts(layers(SHOP, local, more), layers(new, local, more))
    assert [(each.layer, each.element, each.path, each.line) for each in conflicts] == [
        ("more", "field product.name.label", "a.yaml", 10),
        ("local", "field product.size.label", "a.yaml", 5),
        ("local", "field product.note.max_length", "a.yaml", 6),
    ]


def test_a_change_made_together_with_the_new_version_is_no_conflict():
    new = SHOP.replace("label: Size", "label: Sizes")
    before = layers(SHOP, product("  size: {label: Format}\n"))
    after = layers(new, product("  size: {label: Formats}\n"))
    assert upgrade_conflicts(before, after) == ()


LOCAL = product(
    """\
  # What our customers call it.
  size:
    label: Format   # not Size
    help: "As printed"
  name: {label: Title, max_length: 80}
"""
)
BOTH = SHOP.replace("label: Size", "label: Sizes").replace("label: Name", "label: Names")


def test_mine_leaves_the_text_and_theirs_takes_out_that_key_alone():
    assert text_after(SHOP, BOTH, LOCAL, otherwise="mine") == LOCAL
    theirs = LOCAL.replace("    label: Format   # not Size\n", "").replace("label: Title, ", "")
    assert text_after(SHOP, BOTH, LOCAL, otherwise="theirs") == theirs
    named = {"field product.size.label": "mine", "field product.name.label": "theirs"}
    assert text_after(SHOP, BOTH, LOCAL, named=named) == LOCAL.replace("label: Title, ", "")


@pytest.mark.parametrize("other", ["", "kind: menu\nname: m\nitems: [{entity: product}]\n---\n"])
def test_a_document_that_would_say_nothing_any_more_goes_as_a_whole(other):
    local = other + product("  size: {label: Format}\n  name:\n    label: Title\n")
    assert text_after(SHOP, BOTH, local, otherwise="theirs") == (other.removesuffix("---\n") or None)


def test_mine_goes_on_under_the_new_name_of_what_was_renamed():
    local = product("  size: {label: Shape}\n  weight: {type: decimal, after: size}\n")
    elements = {conflict.element: conflict.renamed_to for conflict in found(SHOP, FORMAT, local)}
    assert elements == {"field product.size": "format", "field product.weight.after": "format"}
    assert text_after(SHOP, FORMAT, local, otherwise="mine") == local.replace("size", "format")


def test_choices_without_a_conflict_and_conflicts_without_a_choice_are_told():
    done = settled(
        layers(SHOP, LOCAL),
        layers(BOTH, LOCAL),
        Choices({"field product.size.label": "mine", "field product.sise": "mine"}),
    )
    assert [each.element for each in done.open] == ["field product.name.label"]
    assert done.unknown == ("field product.sise",)


def test_items_of_a_list_are_taken_out_one_by_one_with_others_left_open():
    old = SHOP.replace("[small, {value: large", "[{value: small, label: Small}, {value: large")
    new = old.replace("label: Small", "label: S").replace("label: Large", "label: L")
    local = product(
        "  size:\n    options:\n      - {value: small, label: Little}\n"
        "      - value: large\n        label: Huge\n"
    )
    named = {"field product.size.options.small.label": "theirs"}
    done = settled(layers(old, local), layers(new, local), Choices(named))
    assert [each.element for each in done.open] == ["field product.size.options.large.label"]
    assert done.layers[-1].files[0].text == local.replace(", label: Little", "")


@pytest.mark.parametrize(
    ("path", "text", "left"),
    [
        (
            "a.yaml",
            "fields:\n  size:\n    help: |\n      Two\n      lines\n    # ours\n    label: Format\n"
            "  name: {help: x}\n",
            "fields:\n  size:\n    help: |\n      Two\n      lines\n  name: {help: x}\n",
        ),
        (
            "a.yaml",
            "fields:\n  size: {\n    label: Format,\n    help: x   # why\n  }\n",
            "fields:\n  size: {\n    help: x   # why\n  }\n",
        ),
        (
            "a.yaml",
            'fields: {size: {help: x, "label": Format}}   # tail\n',
            "fields: {size: {help: x}}   # tail\n",
        ),
    ],
)
def test_whatever_the_layout_the_rest_of_the_text_stays(path, text, left):
    head = "kind: entity\nname: product\nextends: true\n"
    new = SHOP.replace("label: Size", "label: Sizes")
    assert text_after(SHOP, new, head + text, otherwise="theirs") == head + left


def test_json_is_cut_as_well():
    text = (
        '{"kind": "entity", "name": "product", "extends": true,\n'
        ' "fields": {"size": {"label": "Format", "help": "x"}}}\n'
    )
    ours = Layer("local", (File("a.json", text),))
    new = SHOP.replace("label: Size", "label: Sizes")
    done = settled([*layers(SHOP, None), ours], [*layers(new, None), ours], Choices({}, "theirs"))
    assert done.layers[-1].files[0].text == text.replace('"label": "Format", ', "")


def test_mine_goes_on_for_an_option_and_an_entity_under_their_new_names():
    old = SHOP.replace("[small, {value: large", "[{value: small, color: red}, {value: large")
    new = old.replace("{value: small, color", "{value: tiny, was: small, color").replace(
        '== "small"', '== "tiny"'
    )
    local = product("  size: {options: [{value: small, label: Little}]}   # as sold\n")
    assert text_after(old, new, local, otherwise="mine") == local.replace("value: small", "value: tiny")
    goods = SHOP.replace("name: product\nfields", "name: goods\nwas: product\nfields")
    goods = goods.replace("entity: product", "entity: goods").replace("{product: {read", "{goods: {read")
    assert text_after(SHOP, goods, LOCAL, otherwise="mine") == LOCAL.replace("name: product", "name: goods")
