"""An app of many entities and roles, to see whether their number costs a request anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_APP = """\
kind: app
name: wide
label: Wide
version: 1.0.0
requires: {core: ">=1"}
"""
_ENTITY = """\
---
kind: entity
name: thing_%(number)04d
label: Thing %(number)d
fields:
  name: {type: text, required: true}
  size: {type: integer}
  before: {type: reference, to: thing_%(before)04d}
"""
_ROLE = """\
---
kind: role
name: thing_role_%(number)04d
label: Role %(number)d
entities:
  thing_%(number)04d: {create: true, read: owner == user or team in user.teams, update: owner == user}
"""


def write_wide_app(folder: Path, entities: int, roles: int) -> Path:
    """The folder of an app of so many entities, each referring to the one before, and so many roles."""
    app = folder / "wide"
    app.mkdir()
    (app / "wide.yaml").write_text("".join(_documents(entities, roles)), "utf-8")
    return app


def _documents(entities: int, roles: int) -> Iterator[str]:
    yield _APP
    for number in range(entities):
        yield _ENTITY % {"number": number, "before": max(number - 1, 0)}
    for number in range(roles):
        yield _ROLE % {"number": number}
