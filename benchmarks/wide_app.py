"""An app of many entities, roles and rules, to see what their number costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_APP = """\
kind: app
name: wide
label: Wide
version: 1.0.0
requires: {core: ">=1"}
"""
_FIELDS = """\
  name: {type: text, required: true, max_length: 200}
  number: {type: sequence, format: "T-{number:05}"}
  before: {type: reference, to: thing_%(before)04d, inverse: after_%(number)04d}
  above: {type: reference, to: thing_%(above)04d, on_delete: clear}
  stage: {type: choice, options: [new, open, {value: done, label: Done, color: green}], default: new}
  size: {type: integer, min: 0, help: How large it is.}
  price: {type: decimal, precision: 12, scale: 2}
  amount: {type: money}
  discount: {type: percent, min: 0, max: 100, default: 0}
  due: {type: date, index: true}
  reason: {type: text, visible: stage == "done", required: stage == "done" and size > 10}
  total: {type: formula, expression: amount * size}
  kept: {type: formula, expression: size * 2 + 1, stored: true}
  size_before: {type: formula, expression: before.size}
  active: {type: boolean, default: true}
  mail: {type: email}
"""
_PLAIN = (
    "{type: text, label: More text, max_length: 100}",
    "{type: integer, label: More number}",
    "{type: date, label: More day}",
    "{type: choice, label: More choice, options: [low, middle, high]}",
    "{type: decimal, label: More size, precision: 10, scale: 3}",
    "{type: boolean, label: More truth}",
    "{type: long_text, label: More words, max_length: 4000}",
)
_ENTITY_HEAD = """\
kind: entity
name: thing_%(number)04d
label: Thing %(number)d
fields:
"""
_ENTITY_TAIL = """\
indexes: [[stage, due]]
search: [name, number]
order: [-due]
"""
_RULES = """\
trigger follow_%(number)04d on thing_%(number)04d before save {
  when changed(stage) and stage == "done"
  set active = false
}

validation sized_%(number)04d on thing_%(number)04d {
  when stage == "done"
  check size != null and size >= 1
  message "A finished thing has a size" at size
}
"""
_ROLE = """\
kind: role
name: thing_role_%(number)04d
label: Role %(number)d
entities:
"""
_GRANT = (
    "  thing_%(number)04d: {create: true, read: owner == user or team in user.teams, update: owner == user}\n"
)
_ABOVE = 10
"""So many entities refer to the same one above them."""


@dataclass(frozen=True)
class Extent:
    """How large an app is. granted: to how many entities each role gives rights."""

    entities: int
    roles: int
    fields: int = 50
    rules: bool = True
    granted: int = 5


def write_wide_app(folder: Path, extent: Extent) -> Path:
    """The folder of an app of so many entities with references between them, roles, and two rules each."""
    app = folder / "wide"
    for kind in ("entities", "roles", "rules"):
        (app / kind).mkdir(parents=True, exist_ok=True)
    (app / "app.yaml").write_text(_APP, "utf-8")
    for number in range(extent.entities):
        document = app / "entities" / f"thing_{number:04d}.yaml"
        document.write_text(entity_text(number, extent.fields), "utf-8")
        if extent.rules:
            (app / "rules" / f"thing_{number:04d}.rules").write_text(_RULES % {"number": number}, "utf-8")
    for number in range(extent.roles):
        (app / "roles" / f"role_{number:04d}.yaml").write_text("".join(_role(number, extent)), "utf-8")
    return app


def entity_text(number: int, fields: int) -> str:
    """The document of an entity: the one before it and every tenth one are what it refers to."""
    names = {"number": number, "before": max(number - 1, 0), "above": number - number % _ABOVE}
    head = (_ENTITY_HEAD + _FIELDS) % names
    known = _FIELDS.count("\n")
    more = (f"  more_{place:02d}: {_PLAIN[place % len(_PLAIN)]}\n" for place in range(known, fields))
    return head + "".join(more) + _ENTITY_TAIL


def _role(number: int, extent: Extent) -> Iterator[str]:
    yield _ROLE % {"number": number}
    for place in range(min(extent.granted, extent.entities)):
        yield _GRANT % {"number": (number * extent.granted + place) % extent.entities}
