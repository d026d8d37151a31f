"""A publication with everything in it that publications do to a database with records."""

from __future__ import annotations

from fieldstone import records
from fieldstone_testing.apps import App

BEFORE = """
kind: app
name: shop
version: 1.0.0
---
kind: entity
name: maker
fields:
  name: {type: text, required: true}
---
kind: entity
name: product
fields:
  code: {type: text}
  size: {type: integer}
  price: {type: integer}
  counted: {type: text}
  stage: {type: choice, options: [open, lost]}
  maker: {type: reference, to: maker}
  remark: {type: text}
---
kind: entity
name: old_list
fields:
  name: {type: text}
---
kind: role
name: clerk
entities:
  product: {read: true}
"""
AFTER = """
kind: app
name: shop
version: 1.1.0
---
kind: entity
name: producer
was: maker
fields:
  title: {type: text, required: true, was: name}
  rank: {type: integer, default: 3}
---
kind: entity
name: product
fields:
  code: {type: text, required: true, default: "= name_of", unique: true}
  name_of: {type: text, default: "none"}
  size: {type: integer, index: true}
  twice: {type: formula, expression: size * 2, stored: true}
  price: {type: decimal}
  counted: {type: integer}
  stage: {type: choice, options: [{value: fresh, was: open}, lost]}
  maker: {type: reference, to: producer, on_delete: clear}
  tags: {type: references, to: producer}
unique: [[code, size]]
indexes: [[stage, price]]
---
kind: entity
name: stock
title: product.code
fields:
  product: {type: reference, to: product, required: true}
  amount: {type: integer, default: 0}
---
kind: role
name: clerk
entities:
  product: {read: true, update: owner == user}
  stock: {read: true}
---
kind: data
name: producers
entity: producer
key: [title]
records:
  - {title: Acme}
"""
EXTRA = """
kind: app
name: extra
version: 1.0.0
requires: {shop: ">=1.1"}
---
kind: entity
name: product
extends: true
fields:
  colour: {type: text}
---
kind: entity
name: shelf
fields:
  label: {type: text}
  product: {type: reference, to: product}
"""


def fill(app: App) -> None:
    """Records of which everything is asked."""
    maker, *_ = records.create(app.system, "maker", [{"name": f"Maker {number}"} for number in range(3)])
    products = [
        {"code": f"P-{number}", "size": number, "price": number, "counted": str(number), "stage": "open",
         "maker": str(maker.id), "remark": "old"}
        for number in range(5)
    ]  # fmt: skip  # one line less
    records.create(app.system, "product", [*products, {"size": 7}])
    records.create(app.system, "old_list", [{"name": "gone"}])
