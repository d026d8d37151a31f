"""A small app of orders with lines, parts in the lines and screws in the parts."""

ASSEMBLY = """
kind: app
name: assembly
label: Assembly
version: 1.0.0
---
kind: entity
name: order
fields:
  name: {type: text, required: true}
  status: {type: choice, options: [draft, closed], default: draft}
  total: {type: formula, expression: sum(lines.cost), stored: true}
  limit: {type: integer, check: limit == null or total <= limit}
---
kind: entity
name: line
title: what
fields:
  order: {type: reference, to: order, owned: true, inverse: lines}
  what: {type: text, required: true}
  cost: {type: formula, expression: sum(parts.price), stored: true}
---
kind: entity
name: part
title: what
fields:
  line: {type: reference, to: line, owned: true, inverse: parts}
  what: {type: text, required: true}
  price: {type: money}
  secret_price: {type: integer}
---
kind: entity
name: screw
title: what
fields:
  part: {type: reference, to: part, owned: true, inverse: screws}
  what: {type: text, required: true}
---
kind: role
name: clerk
entities:
  order:
    create: true
    read: owner == user
    update: owner == user and status != "closed"
    delete: owner == user
  part: {fields: {secret_price: {read: false, update: false}}}
capabilities: [import, bulk_edit]
"""

LINES = [
    {
        "what": "Pump",
        "parts": [{"what": "Rotor", "price": "10", "screws": [{"what": "M4"}]}, {"what": "Seal"}],
    },
    {"what": "Valve", "parts": [{"what": "Disc", "price": "5"}]},
]
