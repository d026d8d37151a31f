"""What every endpoint is asked: pairs of a question and what the oracle answers to it."""

from __future__ import annotations

PARTS = 6
"""A world is asked one part of these; all of them for each world would take too long."""

SORTED = {
    "account": [("size",), ("-size",)],
    "contact": [("phone",), ("account", "-phone")],
    "deal": [
        ("amount",), ("-amount", "note"), ("double",), ("salary",), ("account.size",), ("account",),
        ("parent.amount", "-code"), ("stage", "note"),
    ],
    "seat": [("duty",), ("deal.amount", "-duty"), ("contact",)],
    "line": [("price",)],
    "part": [("price",), ("line.deal.amount", "-price")],
}  # fmt: skip  # as a table
"""Entity → orders of lists."""

EQUAL = {
    "account": [("size", 3), ("size", 7), ("size", None)],
    "contact": [("phone", "ant"), ("phone", None), ("account.size", 3), ("account", None)],
    "deal": [
        ("amount", 30), ("amount", None), ("double", 60), ("note", "ant"), ("note", None), ("salary", 1),
        ("salary", None), ("stage", "won"), ("code", "c0"), ("account.size", 3), ("account.size", None),
        ("account.name", None), ("parent.amount", 30), ("parent.account.size", 7), ("parent", None),
    ],
    "seat": [
        ("duty", "x"), ("duty", None), ("deal.amount", 30), ("contact.phone", "ant"), ("contact", None),
        ("deal.account.size", 3),
    ],
    "line": [("price", 2), ("price", None), ("deal.amount", 30), ("deal.note", "bee")],
    "part": [("price", 2), ("line.price", 7), ("line.deal.amount", 30), ("line.deal.note", None)],
}  # fmt: skip  # as a table
"""Entity → paths and the values that they are compared with."""

GROUPED = {
    "account": ["size"],
    "contact": ["phone", "account"],
    "deal": [
        "amount", "double", "note", "salary", "stage", "account", "parent", "code", "account.size",
        "parent.amount",
    ],
    "seat": ["duty", "deal", "contact", "contact.phone", "deal.amount"],
    "line": ["price", "deal.amount"],
    "part": ["price", "line.price", "line.deal.stage"],
}  # fmt: skip  # as a table
"""Entity → what records are grouped by."""

SUMMED = {
    "account": ["size"],
    "deal": ["amount", "double", "salary", "account.size"],
    "line": ["price"],
    "part": ["price"],
}
"""Entity → what is summed."""

EQUAL_THEN = {
    "account": [("size", 3), ("size", None)],
    "contact": [("phone", "ant"), ("phone", None)],
    "deal": [("amount", 30), ("amount", None), ("note", "ant"), ("stage", "open"), ("salary", 5)],
    "seat": [("duty", "x"), ("duty", None)],
    "line": [("price", 2), ("price", None)],
    "part": [("price", 2)],
}  # fmt: skip  # as a table
"""Entity → fields and the values that they are compared with as they were at a past moment."""

VIEWED = (
    ("amount", 30),
    ("note", "ant"),
    ("salary", 1),
    ("account.size", 3),
    ("parent.amount", 60),
    ("code", "c0"),
)
"""What saved views look for in deals: paths and values."""


def where(path: str, value: str | int | None) -> str:
    """A condition as callers write it."""
    written = "null" if value is None else f'"{value}"' if isinstance(value, str) else value
    return f"record.{path} == {written}"


PAGES = ("", "/edit", "/history", "/activity", "/files", "/delete", "/shares", "/merge", "?deleted=true")
"""Pages about a record."""

LISTS = (
    "/e/deal/board", "/e/deal/tree", "/e/deal/bin", "/e/contact/bin", "/e/account/bin", "/search?q=deal",
    "/e/deal?view=by_amount", "/e/deal/new", "/operations", "/", "/e/line", "/search?q=account",
    "/e/seat", "/e/seat/bin",
)  # fmt: skip  # as a table
"""Pages about many records."""

PIVOTS = [
    ("stage", "note", "amount"),
    ("account", "stage", "double"),
    ("parent", "code", "salary"),
    ("account.size", "stage", "parent.amount"),
    ("note", "parent.amount", "amount"),
    ("code", "account", "account.size"),
]
"""What deals are grouped by, down and across, and what is summed."""

WORDS = ("ant", "bee", "account_0", "c0")
