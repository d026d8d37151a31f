"""A small app of orders whose lines live inside them, with roles of different rights."""

ORDERS = """
kind: app
name: orders
label: Orders
version: 1.0.0
---
kind: entity
name: product
fields:
  name: {type: text, required: true}
  active: {type: boolean, default: true}
  price: {type: money}
---
kind: entity
name: order
fields:
  name: {type: text, required: true}
  note: {type: text}
  status: {type: choice, options: [draft, sent, closed], default: draft}
  total: {type: formula, expression: sum(lines.total), stored: true}
  size: {type: formula, expression: count(lines)}
  limit: {type: integer, check: limit == null or total <= limit, message: The order is above its limit.}
search: [name]
---
kind: entity
name: order_line
title: remark
fields:
  order: {type: reference, to: order, owned: true, inverse: lines}
  product: {type: reference, to: product, required: true, where: active, inverse: sold}
  quantity: {type: integer, required: true, min: 1, default: 1}
  price: {type: money}
  cost: {type: decimal}
  remark: {type: text, visible: quantity > 1}
  total: {type: formula, expression: quantity * price, stored: true}
---
kind: role
name: clerk
entities:
  product: {read: true}
  order:
    create: true
    read: owner == user or status == "sent"
    update: owner == user and status != "closed"
    delete: owner == user
  order_line:
    fields:
      cost: {read: false, update: false}
capabilities: [import, bulk_edit]
---
kind: role
name: viewer
entities:
  product: {read: true}
  order: {read: true}
"""
