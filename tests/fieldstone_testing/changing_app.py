"""An app of few documents that depend on each other in every way, changes of it, and what its check gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from fieldstone_metadata import File, Layer
from fieldstone_rules.schema import FieldSchema

CORE = {
    "app.yaml": "kind: app\nname: core\nlabel: Core\nversion: 1.0.0\n",
    "admin.yaml": "kind: role\nname: admin\n",
    "user.yaml": "kind: entity\nname: user\nowner: false\nfields: {name: {type: text}, boss: {type: user}}\n",
    "team.yaml": "kind: entity\nname: team\nowner: false\nfields:\n  name: {type: text}\n",
}
APP = {
    "app.yaml": """\
kind: app
name: shop
label: Shop
version: 1.0.0
requires: {core: ">=1"}
settings:
  limit: {type: integer, default: 3}
""",
    "entities/account.yaml": """\
kind: entity
name: account
fields:
  name: {type: text}
  size: {type: integer}
  twice: {type: formula, expression: size * 2}
  kept: {type: formula, expression: size + 1, stored: true}
  level: {type: choice, option_set: levels}
  secret_note: {type: text, private: true}
""",
    "entities/deal.yaml": """\
kind: entity
name: deal
fields:
  name: {type: text}
  account: {type: reference, to: account, inverse: deals}
  amount: {type: decimal}
  of_twice: {type: formula, expression: account.twice + 1}
  of_kept: {type: formula, expression: account.kept, stored: true}
  stage: {type: choice}
  shout: {type: text, visible: of_kept != null}
order: [account.twice, of_kept]
""",
    "entities/line.yaml": """\
kind: entity
name: line
fields:
  name: {type: text}
  deal: {type: reference, to: deal, owned: true, inverse: lines}
  far: {type: formula, expression: deal.of_kept, stored: true}
  open: {type: boolean, default: "=rates.is_large(1)"}
""",
    "entities/apart.yaml": """\
kind: entity
name: apart
fields:
  name: {type: text}
  size: {type: integer}
""",
    "levels.yaml": "kind: option_set\nname: levels\nlabel: Levels\noptions: [low, high]\n",
    "flow.yaml": """\
kind: workflow
name: flow
entity: deal
field: stage
initial: new
states: {new: {weight: 1}, won: {weight: 2, final: true}}
transitions:
  win: {from: new, to: won, guard: amount > 0, message: No}
""",
    "roles.yaml": """\
kind: role
name: seller
entities:
  account: {read: owner == user, fields: {size: {read: false}}, share: true}
  deal: {read: account.level == "high", create: true, update: stage == "new"}
---
kind: role
name: chief
inherits: [seller]
entities:
  apart: {read: true}
""",
    "view.yaml": """\
kind: view
name: large
entity: deal
columns: [name, account.name, of_twice]
where: of_kept > 1 and account.level == "low"
order: [-of_twice]
""",
    "form.yaml": """\
kind: form
name: deal_form
entity: deal
roles: [seller]
layout:
  - section: Main
    fields: [name, account, {field: amount, visible: stage == "new"}]
""",
    "told.yaml": "kind: message\nname: told\nentity: deal\nsubject: Won {name} of {account.name}\n",
    "rules/rates.rules": "function is_large(value: integer) = value > settings.shop.limit\n",
    "rules/deals.rules": """\
trigger follow on deal before save {
  when changed(stage) and rates.is_large(account.size)
  set amount = 2.5
}

validation named on deal {
  when account.kept > 2
  check name != null and amount >= 0
  message "No {account.name}" at name
}
""",
    "rules/telling.rules": """\
trigger tell on deal after transition win {
  do notify(user: owner, message: told)
}
""",
    "rules/apart.rules": """\
validation sized on apart { check size > 0 message "No" }

test "a size" { create apart { name: "x", size: 2 } }
""",
}
LOCAL = {
    "local.yaml": """\
kind: entity
name: deal
extends: true
fields:
  extra: {type: integer}
"""
}

CHANGES = (
    ("entities/account.yaml", "size + 1", "size + 1.5"),
    ("levels.yaml", "kind", "kind: entity\nname: more\nfields: {name: {type: text}}\n---\nkind"),
    ("rules/telling.rules", "do notify(user: owner, message: told)", "do share(account, owner)"),
    ("roles.yaml", "share: true", "share: false"),
    ("rules/rates.rules", "value > settings.shop.limit", "value * 2"),
    ("entities/account.yaml", "name: {type: text}", "name: {type: text, label: Called}"),
    ("entities/account.yaml", "size: {type: integer}", "size: {type: decimal}"),
    ("entities/account.yaml", "size * 2", "size * 2.5"),
    ("entities/account.yaml", "size + 1", 'if size > 1 then "big" else "small"'),
    ("entities/account.yaml", "size + 1", "size + "),
    ("entities/account.yaml", "size + 1", "count(deals)"),
    ("entities/account.yaml", "size + 1", "secret_note"),
    ("entities/account.yaml", "expression: size * 2", "expression: count(deals)"),
    ("entities/account.yaml", "kept: {", "kept: {private: true, "),
    ("entities/account.yaml", "  secret_note", "  # a line more\n  secret_note"),
    ("entities/account.yaml", "size: {", "sise: {"),
    ("entities/deal.yaml", "inverse: deals", "inverse: sales"),
    ("entities/deal.yaml", "account.twice + 1", "account.size + 1"),
    ("entities/deal.yaml", "account.twice + 1", "line.far"),
    ("entities/deal.yaml", "  amount: {type: decimal}", "  amount: {type: money}"),
    ("entities/deal.yaml", "to: account,", "to: [account, apart],"),
    ("entities/deal.yaml", "account.kept, stored", "first(lines order by name).far, stored"),
    ("entities/line.yaml", "owned: true, ", ""),
    ("entities/line.yaml", "is_large(1)", "is_small(1)"),
    ("entities/apart.yaml", "name: {type: text}", "name: {type: integer}"),
    ("entities/apart.yaml", "name: apart", "name: aside"),
    ("levels.yaml", "[low, high]", "[high, middle]"),
    ("levels.yaml", "[low, high]", "[high, low]"),
    ("flow.yaml", "weight: 1", "weight: 1.5"),
    ("flow.yaml", "  win:", "  lose: {from: new, to: won}\n  win:"),
    ("flow.yaml", "  win:", "  triumph:"),
    ("flow.yaml", "states: {", "states: {idle: {}, "),
    ("flow.yaml", "field: stage", "field: name"),
    ("roles.yaml", "name: seller", "name: sales"),
    ("roles.yaml", "inherits: [seller]", "inherits: []"),
    ("roles.yaml", "{size: {read: false}}", "{twice: {read: false}}"),
    ("roles.yaml", "  apart: {read: true}", "  apart: {read: size > 1}"),
    ("view.yaml", "of_kept > 1", "of_kept > 1 and 1 > 2"),
    ("view.yaml", "[-of_twice]", "[name]"),
    ("form.yaml", "[seller]", "[chief]"),
    ("told.yaml", "{name}", "{amount}"),
    ("told.yaml", "name: told", "name: heard"),
    ("app.yaml", "limit:", "most:"),
    ("app.yaml", "type: integer, default: 3", "type: decimal"),
    ("rules/rates.rules", "value: integer", "value: decimal"),
    ("rules/rates.rules", "value > settings.shop.limit", "value > 7"),
    ("rules/rates.rules", "is_large", "large"),
    ("rules/rates.rules", "= value", "= = value"),
    ("rules/deals.rules", "set amount = 2.5", 'set shout = "x"'),
    ("rules/deals.rules", "at name", "at nothing"),
    ("rules/telling.rules", "win", "lose"),
    ("rules/apart.rules", "size: 2", "size: 3"),
    ("rules/apart.rules", "test", "# test"),
    ("local.yaml", "integer", "decimal"),
    ("local.yaml", "extra:", "amount: null\n  extra:"),
)
FILES = (*APP, "local.yaml")

FORMULA, ENTITY, SHARING, UNSHARED, FUNCTION = (frozenset({place}) for place in range(5))
"""Those at the beginning: each changes what another document sees in a way of its own."""


def layers_with(changes: frozenset[int], gone: str | None) -> list[Layer]:
    """The layers with some of the changes, and perhaps without a file."""
    texts = {**APP, **LOCAL}
    for number in sorted(changes):
        path, before, after = CHANGES[number]
        texts[path] = texts[path].replace(before, after, 1)
    left = {path: text for path, text in texts.items() if path != gone}
    files = {path: File(path, text) for path, text in left.items()}
    return [
        Layer("core", tuple(File(path, text) for path, text in CORE.items())),
        Layer("shop", tuple(files[path] for path in APP if path in files)),
        Layer("local", tuple(files[path] for path in LOCAL if path in files)),
    ]


def plain(value: Any) -> Any:
    """A value with all that is in it, in its order, so that two can be compared."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = (entry.name for entry in dataclasses.fields(value))
        parts = [(name, plain(getattr(value, name))) for name in names if name not in NOT_COMPARED]
        return (type(value).__name__, parts)
    if isinstance(value, Mapping):
        return [(key, plain(part)) for key, part in value.items()]
    if isinstance(value, frozenset):
        return sorted(map(repr, value))
    return list(map(plain, value)) if isinstance(value, list | tuple) else repr(value)


NOT_COMPARED = {"schema", "groundwork", "function"}
"""Fields that are compared in another way, or hold code."""


def seen(schema: Any) -> Any:
    """All that expressions see of a schema."""
    entities = [(name, schema.entity(name)) for name in schema.entity_names()]
    fields: list[list[FieldSchema]] = [list(entity.fields.values()) for _, entity in entities]
    rest = [(name, entity.inverses, entity.title) for name, entity in entities]
    return plain([rest, fields, schema.facts()])


def result(checked: Any) -> Any:
    """All that a check gives."""
    application = checked.application
    declared = None if application is None else (plain(application), seen(application.schema))
    return checked.problems, declared


STEPS = st.lists(
    st.tuples(
        st.frozensets(st.integers(0, len(CHANGES) - 1), max_size=2),
        st.one_of(st.none(), st.none(), st.none(), st.sampled_from(FILES)),
    ),
    min_size=1,
    max_size=3,
)
