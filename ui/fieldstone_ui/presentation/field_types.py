"""How the studio shows types of fields: an icon, a name, and one line that says what each holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fieldstone_metadata.field_types import FIELD_TYPES
from fieldstone_ui.presentation.labels import humanize

COMMON = (
    "text", "long_text", "integer", "decimal", "money", "percent",
    "date", "boolean", "choice", "reference", "formula",
)  # fmt: skip
"""The types that are offered first, in this order."""

LABELS: Mapping[str, str] = {
    "boolean": "Yes or no",
    "json": "JSON",
    "url": "Web address",
    "datetime": "Date and time",
}

ICONS: Mapping[str, str] = {
    "text": "letter-t",
    "long_text": "align-left",
    "rich_text": "pilcrow",
    "markdown": "markdown",
    "code": "code",
    "integer": "numbers",
    "decimal": "decimal",
    "money": "currency-euro",
    "percent": "percentage",
    "boolean": "toggle-left",
    "date": "calendar",
    "datetime": "calendar-time",
    "time": "clock",
    "duration": "hourglass",
    "choice": "list",
    "choices": "checklist",
    "reference": "link",
    "references": "users",
    "sequence": "hash",
    "formula": "math-function",
    "email": "mail",
    "phone": "phone",
    "url": "world",
    "color": "palette",
    "rating": "star",
    "address": "address-book",
    "location": "map-pin",
    "person_name": "id",
    "currency": "coin",
    "country": "flag",
    "language": "language",
    "timezone": "clock-hour-4",
    "user": "user",
    "file": "file",
    "files": "files",
    "image": "photo",
    "tags": "tags",
    "json": "braces",
    "secret": "lock",
    "barcode": "barcode",
    "signature": "signature",
}


@dataclass(frozen=True)
class TypeChoice:
    """A type that a field can have. help: what it holds, in one line."""

    name: str
    label: str
    icon: str
    help: str


def type_label(name: str) -> str:
    """What people call a type."""
    return LABELS.get(name, humanize(name))


def type_icon(name: str) -> str:
    """The icon of a type."""
    return ICONS.get(name, "letter-t")


def type_choices() -> tuple[Sequence[TypeChoice], Sequence[TypeChoice]]:
    """The types that are offered first, and all others that run, by label."""
    others = sorted(
        (name for name, one in FIELD_TYPES.items() if one.supported and name not in COMMON), key=type_label
    )
    return [_choice(name) for name in COMMON], [_choice(name) for name in others]


def _choice(name: str) -> TypeChoice:
    sentence = FIELD_TYPES[name].help.split(". ")[0].replace("`", "").rstrip(".")
    return TypeChoice(name, type_label(name), type_icon(name), f"{sentence}.")
