"""What the apps of `made_apps` are put together from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

DECLARATIONS = (
    "type: text, max_length: 40, index: true",
    "type: text, unique: true, label: {en: Called, da: 'Kaldt: så'}",
    "type: text, required: true, default: none",
    "type: long_text, help: \"Say 'more'\"",
    "type: rich_text",
    "type: markdown, private: true",
    "type: integer, min: -3, default: 4",
    'type: integer, check: "size == null or size < 100", message: Too large',
    "type: integer, unique: true",
    "type: decimal, precision: 9, scale: 2",
    "type: decimal, required: true, default: 0.50",
    "type: percent, max: 100",
    "type: money",
    "type: boolean, default: false",
    "type: date, index: true",
    'type: date, default: "=today()"',
    "type: datetime",
    "type: time",
    "type: duration",
    'type: choice, options: [low, {value: high, label: "High, or more", color: red}]',
    "type: choice, option_set: tones, index: true",
    "type: choices, option_set: tones",
    "type: email, readonly: size > 3",
    "type: phone",
    "type: url",
    "type: tags",
    "type: json",
    "type: address",
    "type: location",
    "type: person_name",
    "type: file",
    "type: user, on_delete: clear",
    'type: sequence, format: "T-{year}-{number:04}"',
    "type: formula, expression: size * 2",
    "type: formula, expression: size + 1, stored: true, index: true",
    "type: formula, expression: count(boxes)",
    "type: formula, expression: sum(boxes.weight), stored: true",
    "type: reference, to: holder, on_delete: clear, inverse: NAME_of",
    "type: reference, to: [holder, thing], inverse: NAME_of",
    "type: reference, to: thing, tree: true, inverse: NAME_of",
    "type: references, to: holder, inverse: NAME_of",
    "type: references, to: user",
)
"""What a field may be; `NAME` is its own name."""

APP = """\
# What a shop is
kind: app
name: shop
label: Shop
version: 1.0.0
settings: {limit: {type: integer, default: 3}}
"""
JSON_APP = """\
{"kind": "app", "name": "shop", "version": "1.0.0", "settings": {"limit": {"type": "integer", "default": 3}}}
"""
ALWAYS = """\
kind: entity
name: holder
fields: {name: {type: text, unique: true}}
---
kind: role
name: chief
"""
KINDS = {
    "tones": "kind: option_set\nname: tones\n",
    "flow": "kind: workflow\nname: flow\nentity: thing\nfield: stage\ninitial: new\n",
    "role": "kind: role\nname: clerk\n",
    "view": "kind: view\nname: some\nentity: thing\n",
    "form": "kind: form\nname: main\nentity: thing\n",
    "menu": "kind: menu\nname: main\n",
    "message": "kind: message\nname: told\n",
    "calendar": "kind: calendar\nname: office\n",
    "data": "kind: data\nname: holders\nentity: holder\nkey: [name]\n",
    "link": "kind: entity\nname: membership\n",
}
"""How the documents of parts begin."""

_MORE_TONES = """\
label: Tones
options:
  - low   # the lowest
  - {value: middle, label: In between, color: blue}
  - high
  - shrill
"""
_BUSY = """\
states:
  new: {label: New, weight: 1, time_limit: 2 business days}
  busy: {weight: 1.5, required: [name]}
  done: {weight: 2, final: true, readonly: [size]}
transitions:
  start: {from: new, to: busy, guard: size > 0, message: 'No: not yet'}
  end: {from: "*", to: done, ask: [size]}
"""
_APPROVED = """\
states: {new: {weight: 0}, done: {weight: 9, final: true}}
transitions:
  end:
    from: new
    to: done
    approval: {when: size > 5, steps: [{by: chief, needs: any}]}
"""
_CLERK = """\
label: Clerk
entities:
  thing:
    read: size < 9   # small ones
    update: true
    fields: {size: {update: false}}
    deny: {delete: true}
  holder: {read: true, share: true}
capabilities: [export, import]
"""
_TABS = """\
roles: [clerk]
layout:
  - {section: Main, columns: 2, fields: [name, size, stage]}
  - {tab: Rest, items: [{related: boxes, columns: [name, weight], edit: inline}]}
quick: [name]
"""
_VALIDATION = """\
# nothing but a check
validation named on thing {
  check size == null or size < 1000
  message "No {name}" at size
}

test "a thing" { create thing { name: "x", size: 2 } }
"""
_BOX = """\
fields:
  name: {type: text}
  thing: {type: reference, to: thing, owned: true, inverse: boxes}
  weight: {type: decimal}
"""
_TWICE = "  twice: {type: formula, expression: weight * 2, stored: true}\n"
_LINK = """\
title: part
fields:
  part: {type: text}
  thing: {type: reference, to: thing}
  holder: {type: reference, to: holder}
"""
PARTS: Mapping[str, Sequence[str]] = {
    "tones": ("label: Tones\noptions: [low, middle, high]\n", "options: [high, low, middle]\n", _MORE_TONES),
    "entity": (
        "title: name\n",
        "search: [name]\norder: [-size, name]\nunique: [[name, size]]\n",
        "label: {en: Thing, da: Ting}\nplural: Things\nindexes: [[size, created_at]]\ntrack: false\n",
        "activities: false\nduplicates: [{name: same, match: [name], mode: warn}]\n",
        "title: 'name + \" of \" + holder.name'\nsearch: [name, holder.name]\nowner: false\n",
    ),
    "flow": (
        "states: {new: {weight: 1}, done: {weight: 2, final: true}}\n"
        "transitions: {end: {from: new, to: done}}\n",
        _BUSY,
        _APPROVED,
    ),
    "role": ("entities:\n  thing: {read: true, create: true, update: 'stage == \"new\"'}\n", _CLERK),
    "view": (
        "columns: [name, size]\nwhere: size > 1\n",
        "type: board\ngroup: stage\ncolumns: [name, size]\nsum: [size]\norder: [-size]\n",
    ),
    "form": (
        "layout:\n  - section: Main\n    fields: [name, {field: size, visible: 'stage == \"new\"'}]\n",
        _TABS,
    ),
    "menu": (
        "items: [{entity: thing}]\n",
        "label: Shop\nitems: [{section: All, items: [{entity: thing, view: some}]}]\n",
    ),
    "message": (
        "entity: thing\nsubject: Done {name}\n",
        'subject: "{{x}}"\nbody: |\n  Some *text*\n\n  more\n',
    ),
    "calendar": (
        "hours: {monday: [09:00-12:00]}\n",
        "hours: {friday: [10:00-11:00]}\nholidays: [12-24, {date: 2026-04-06, label: Easter}]\n",
    ),
    "data": (
        "records: [{name: Acme}]\n",
        'records:\n  - {name: "Acme"}\n  - name: B & Co\n',
        "file: holders.csv\n",
    ),
    "rules": (
        "function is_large(value: integer) = value > settings.shop.limit\n",
        "trigger follow on thing before save {\n  when changed(size) and size > 90\n  set size = 90\n}\n",
        _VALIDATION,
        "trigger tell on thing after transition end {\n  do notify(user: created_by, message: told)\n}\n",
    ),
    "box": (_BOX, f"label: Box\n{_BOX}{_TWICE}"),
    "link": ("", _LINK),
    "app": ("", "description: 'Ærlig handel # 1'\nicon: briefcase\n"),
}
"""Part → what it may say below its kind and name; a document of which that is empty is left out."""

EXTRA = (
    """\
kind: app
name: extra
label: Extra
version: 1.0.0
requires: {shop: '>=1'}
---
kind: entity
name: thing
extends: true
fields:
  colour: {type: text, after: name, index: true}
""",
    """\
kind: app
name: extra
version: 1.1.0
requires: {shop: '>=1'}
---
kind: entity
name: thing
extends: true
fields: {colour: {type: color, before: size}}
---
kind: entity
name: shelf
fields: {name: {type: text}, thing: {type: reference, to: thing, inverse: shelves}}
""",
)
"""Another app over the app, in two versions."""
LOCAL = (
    """\
kind: entity
name: thing
extends: true
label: Ours
fields:
  size: {label: How large}
  mine: {type: text, after: name, was: ours}
""",
    """\
kind: entity
name: thing
extends: true
order: null
fields:
  ours: {type: text, before: name, was: mine}
  note: null
""",
    """\
kind: view
name: some
extends: true
columns: [{field: created_at, after: name}, {field: size, remove: true}]
""",
    """\
kind: option_set
name: tones
extends: true
options: [{value: deep, before: low}, {value: high, label: Top}]
""",
    """\
kind: role
name: clerk
extends: true
entities: {thing: {read: null, update: size > 0}}
---
kind: entity
name: own_list
fields: {name: {type: text}}
""",
    """\
kind: form
name: main
extends: true
layout: [{section: Main, fields: [{field: created_at, after: name}]}]
""",
    """\
kind: app
name: core
extends: true
settings: {timezone: {default: Europe/Berlin}}
""",
)
"""Changes over both, each on its own; the first two exclude each other."""
