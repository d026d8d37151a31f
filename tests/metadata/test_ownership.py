"""Who owns what: each element knows its layer and the layers that changed it, whatever kind it is of."""

from __future__ import annotations

import pytest

from fieldstone_metadata import File, Layer, check, core_layer
from fieldstone_metadata.ownership import ownership

SHOP = """
kind: app
name: shop
version: 1.0.0
settings: {limit: {type: percent, default: 20}, days: {type: integer, default: 3}}
---
kind: entity
name: product
fields:
  name: {type: text, required: true}
  size: {type: choice, options: [small, medium, {value: large, color: blue}]}
  stage: {type: choice, options: [new, sold]}
  note: {type: text}
---
kind: workflow
name: sale
entity: product
field: stage
initial: new
states: {new: {}, sold: {final: true}}
transitions: {sell: {from: new, to: sold}}
---
kind: view
name: products
entity: product
columns: [name, size, note]
---
kind: form
name: product
entity: product
layout:
  - {section: Product, fields: [name, size, note]}
---
kind: role
name: clerk
entities: {product: {read: true}}
---
kind: menu
name: shop
items: [{entity: product}]
"""
MORE = """
kind: app
name: more
version: 1.0.0
requires: {shop: '*'}
---
kind: entity
name: product
extends: true
fields:
  size: {options: [{value: small, label: Little}, {value: huge, after: large}]}
  weight: {type: decimal, before: note}
"""
LOCAL = """
kind: app
name: shop
extends: true
settings: {limit: {default: 30}}
---
kind: entity
name: product
extends: true
fields:
  size: {options: [{value: small, label: Tiny}, {value: medium, remove: true}]}
  note: {after: name}
  weight: {label: Kilos}
---
kind: workflow
name: sale
extends: true
states: {new: {label: Fresh}}
transitions: {sell: {label: Sell it}, back: {from: sold, to: new}}
---
kind: view
name: products
extends: true
columns: [{field: note, after: name}, {field: size, remove: true}, weight]
---
kind: form
name: product
extends: true
layout:
  - {section: Product, fields: [{field: note, remove: true}, {field: weight, before: size}]}
  - {section: Ours, fields: [created_at]}
---
kind: role
name: clerk
extends: true
entities: {product: {update: true}}
---
kind: menu
name: shop
extends: true
items: [{entity: product, label: Goods}, {entity: task}]
"""


def layer(name, text):
    return Layer(name, (File(f"{name}.yaml", text),))


LAYERS = [layer("local", LOCAL), layer("more", MORE), layer("shop", SHOP), core_layer()]


@pytest.fixture(scope="module")
def owners():
    assert check(LAYERS).problems == ()
    return {f"{each.kind} {each.name}": (each.layer, *each.changed_by) for each in ownership(LAYERS)}


@pytest.mark.parametrize(
    ("element", "owner"),
    [
        ("app shop", ("shop", "local")),
        ("setting shop.limit", ("shop", "local")),
        ("setting shop.days", ("shop",)),
        ("entity product", ("shop", "more", "local")),
        ("field product.name", ("shop",)),
        ("field product.size", ("shop", "more", "local")),
        ("field product.size.options.small", ("shop", "more", "local")),
        ("field product.size.options.large", ("shop",)),
        ("field product.size.options.huge", ("more",)),
        ("field product.note", ("shop", "local")),
        ("field product.weight", ("more", "local")),
        ("state sale.new", ("shop", "local")),
        ("state sale.sold", ("shop",)),
        ("transition sale.sell", ("shop", "local")),
        ("transition sale.back", ("local",)),
        ("view products.columns.name", ("shop",)),
        ("view products.columns.note", ("shop", "local")),
        ("view products.columns.weight", ("local",)),
        ("form product.layout.Product", ("shop", "local")),
        ("form product.layout.Product.fields.size", ("shop",)),
        ("form product.layout.Product.fields.weight", ("local",)),
        ("form product.layout.Ours", ("local",)),
        ("grant clerk.product", ("shop", "local")),
        ("menu shop.items.product", ("shop", "local")),
        ("menu shop.items.task", ("local",)),
        ("entity user", ("core",)),
    ],
)
def test_each_element_knows_its_layer_and_who_changed_it(owners, element, owner):
    assert owners[element] == owner


@pytest.mark.parametrize(
    "gone",
    [
        "field product.size.options.medium",
        "view products.columns.size",
        "form product.layout.Product.fields.note",
    ],
)
def test_what_a_higher_layer_removed_is_owned_by_nobody(owners, gone):
    assert gone not in owners


def test_declarations_know_it_too():
    application = check(LAYERS).application
    found = [application.workflows["sale"], application.views["products"], application.menus["shop"]]
    found += [application.forms["product"], application.roles["clerk"]]
    assert [(each.origin.layer, each.origin.changed_by) for each in found] == [("shop", ("local",))] * 5
    weight = application.entities["product"].fields["weight"].origin
    assert (weight.layer, weight.changed_by, weight.path) == ("more", ("local",), "more.yaml")
