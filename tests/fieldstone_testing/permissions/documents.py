"""The application that all generated worlds share: its roles differ from world to world."""

from __future__ import annotations

from collections.abc import Sequence

APP = """
kind: app
name: oracle
label: Oracle
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: account
order: [size]
search: [name]
fields:
  name: {type: text, required: true}
  size: {type: integer}
---
kind: entity
name: contact
title: name
search: [name, phone]
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, inverse: contacts, on_delete: cascade}
  phone: {type: text}
---
kind: entity
name: deal
order: [account.size, -amount]
search: [note, account.name]
duplicates:
  - {name: same_note, match: [note], mode: warn}
fields:
  name: {type: text, required: true}
  code: {type: text, unique: true}
  account: {type: reference, to: account, inverse: deals, on_delete: clear}
  contacts: {type: references, to: contact, inverse: deals}
  people: {type: references, to: contact, through: seat, inverse: seated}
  parent: {type: reference, to: deal, inverse: children, on_delete: restrict, tree: true}
  amount: {type: integer}
  double: {type: formula, expression: amount * 2}
  note: {type: text}
  salary: {type: integer, private: true}
  stage: {type: choice, options: [open, won, lost]}
  paper: {type: file}
---
kind: entity
name: line
order: [price]
fields:
  deal: {type: reference, to: deal, inverse: lines, owned: true, required: true}
  item: {type: text, required: true}
  price: {type: integer}
---
kind: entity
name: seat
title: name
fields:
  name: {type: text, required: true}
  deal: {type: reference, to: deal, required: true, on_delete: cascade, inverse: seats}
  contact: {type: reference, to: contact, required: true, on_delete: cascade, inverse: places}
  duty: {type: text}
---
kind: entity
name: part
order: [price]
fields:
  line: {type: reference, to: line, inverse: parts, owned: true, required: true}
  item: {type: text, required: true}
  price: {type: integer}
---
kind: workflow
name: deal_stage
entity: deal
field: stage
initial: open
states: {open: {}, won: {}, lost: {}}
transitions:
  win: {from: open, to: won}
  lose: {from: [open, won], to: lost, roles: [role_0]}
---
kind: view
name: by_amount
entity: deal
type: list
columns: [name, amount, account.size, note]
where: amount != 10
order: [-amount, account.size]
"""

BEFORE_ROLES = APP.replace(", roles: [role_0]", "")
"""The same before there are roles."""

STAGES = ("open", "won", "lost")
TRANSITIONS = {"win": (("open",), "won", None), "lose": (("open", "won"), "lost", "role_0")}
"""Name → the states that it starts from, the one it leads to, and the role that may take it (or `update`)."""

FIELDS: dict[str, Sequence[str]] = {
    "account": ("name", "size"),
    "contact": ("name", "account", "phone"),
    "deal": (
        "name",
        "code",
        "account",
        "contacts",
        "people",
        "parent",
        "amount",
        "double",
        "note",
        "salary",
        "stage",
        "paper",
    ),
    "seat": ("name", "deal", "contact", "duty"),
    "line": ("item", "price", "deal"),
    "part": ("item", "price", "line"),
}
REFERENCES = {
    "contact": {"account": "account"},
    "deal": {"account": "account", "parent": "deal"},
    "seat": {"deal": "deal", "contact": "contact"},
    "line": {"deal": "deal"},
    "part": {"line": "line"},
}
INSIDE = {"deal": ("line", "lines"), "line": ("part", "parts")}
"""Entity → what lives inside its records, and the collection of it."""
AROUND = {"line": "deal", "part": "line"}
"""Entity of what lives inside other records → the reference to the record around it, and its entity."""
PRIVATE = {"deal": {"salary"}}
NARROWED: dict[str, Sequence[str]] = {
    "account": ("size",),
    "contact": ("phone", "account"),
    "deal": (
        "code",
        "account",
        "contacts",
        "people",
        "parent",
        "amount",
        "double",
        "note",
        "salary",
        "stage",
        "paper",
    ),
    "seat": ("contact", "duty"),
    "line": ("price",),
    "part": ("price",),
}
"""The fields that generated roles narrow."""

SEARCHED = {
    "account": ("name",),
    "contact": ("name", "phone"),
    "deal": ("note", "account.name"),
    "seat": ("name",),
}
INVERSES = {
    "account": {"deals": ("deal", "account"), "contacts": ("contact", "account")},
    "contact": {
        "deals": ("deal", "contacts"),
        "seated": ("deal", "people"),
        "places": ("seat", "contact"),
    },
    "deal": {"children": ("deal", "parent"), "seats": ("seat", "deal")},
    "seat": {},
}
