"""Names of elements: what they may look like, which are taken, and the labels made from them."""

from __future__ import annotations

import re
from collections.abc import Mapping

NAME = re.compile(r"[a-z][a-z0-9_]*")
LONGEST = 48

SYSTEM_COLUMNS = frozenset(
    {"id", "version", "owner", "team", "currency", "created_at", "created_by", "updated_at", "updated_by"}
    | {"deleted_at", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}
)
"""What no field may be called, because every table has or may have such a column."""

RESERVED_WORDS = frozenset(
    {"if", "not", "true", "false", "null", "record", "old", "user", "settings", "entity"}
)
"""What no field or entity may be called, because the rule language needs the
word (the entity `user` aside).
"""

RESERVED_TRANSITIONS = frozenset({"as", "order"})

ANY = "*"
"""The target of a reference that leads to any entity with activities."""

FILE = "file"
"""The platform's entity of files, to which fields of files refer."""

ACTIVITY_NAMES = frozenset({"activities", "tasks", "comments", "files", "last_activity_at"})
"""What the platform adds to an entity with `activities: true`."""


def name_fault(name: str) -> str | None:
    """Why `name` cannot name an element, as the end of a sentence; None if it can."""
    if NAME.fullmatch(name) is None:
        return "is not a name: names are lower-case letters, digits and underscores, and begin with a letter"
    if len(name) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if "__" in name:
        return "contains two underscores in a row, which names may not"
    return None


def suggested_name(name: str) -> str | None:
    """`name` made into a valid one, for a hint; None where nothing is left of it."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    made = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:LONGEST].strip("_")
    made = re.sub(r"^[0-9_]+", "", made)
    return made or None


def label_from_name(name: str) -> str:
    """The label of an element that declares none: `close_date` → "Close date"."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def plural_of(text: str) -> str:
    """The English plural of a label, for entities that declare none."""
    if re.search(r"[^aeiou]y$", text):
        return text[:-1] + "ies"
    if re.search(r"(s|x|z|ch|sh)$", text):
        return text + "es"
    return text + "s"


def label_of(declared: object, name: str) -> Mapping[str, str]:
    """A label as declared (text, or locale → text), or made from `name`; the empty
    locale is for everybody else.
    """
    if isinstance(declared, dict) and declared:
        return {"": declared.get("en") or next(iter(declared.values())), **declared}
    return {"": declared if isinstance(declared, str) and declared else label_from_name(name)}
