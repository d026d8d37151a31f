"""The keys of a field that a form shows: what documents say, what was typed, the edits between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from werkzeug.datastructures import MultiDict

from fieldstone_metadata.editing import Edit, Step
from fieldstone_metadata.field_types import FIELD_TYPES, NUMBER_TYPES
from fieldstone_metadata.names import suggested_name
from fieldstone_ui.presentation.studio_fields import OptionRow

TRANSLATED = ("label", "help", "message")
TEXTS = ("default", "check", "expression", "to", "on_delete", "inverse", "option_set", "format")
NUMBERS = ("max_length", "min", "max", "precision", "scale")
FLAGS = ("unique", "index", "private", "stored")
CONDITIONS: Mapping[str, tuple[str, str, str, str]] = {
    "required": ("Required", "Never", "Always", "If…"),
    "readonly": ("Read only", "Never", "Always", "If…"),
    "visible": ("Shown", "Always", "Never", "If…"),
}
"""Key → its label, and what its three ways are called: as when nothing is said, the opposite, a condition."""
OPTIONS = "options"
EVERY_TYPE = (*TRANSLATED, "default", "check", "unique", "index", "private", *CONDITIONS)
EDITED = frozenset((*TRANSLATED, *TEXTS, *NUMBERS, *FLAGS, *CONDITIONS, OPTIONS))
PLAIN_OPTION = frozenset({"value", "label", "color"})
LONGEST = 10_000
Plain = Mapping[str, Any]


def keys_of(kind: str) -> list[str]:
    """The keys of a type that a form shows."""
    declared = FIELD_TYPES[kind]
    own = [key for key in declared.options if key in EDITED]
    return [*(key for key in EVERY_TYPE if key not in declared.without), *own]


def types_by_key() -> dict[str, str]:
    """Key → the types that have it, between spaces."""
    found: dict[str, list[str]] = {}
    for kind, declared in FIELD_TYPES.items():
        for key in keys_of(kind) if declared.supported else ():
            found.setdefault(key, []).append(kind)
    return {key: " ".join(kinds) for key, kinds in found.items()}


def is_written(key: str, value: Any) -> bool:
    """Whether a form cannot show what is said: only the text can."""
    if key in (*TRANSLATED, "type", "was"):
        return key == "was"
    if key == OPTIONS:
        return not all(isinstance(one, str) or _is_plain_option(one) for one in value)
    return key not in EDITED or isinstance(value, dict | list)


def shown_values(current: Plain, locale: str) -> dict[str, str]:
    """What stands in the inputs of texts and numbers."""
    values = {
        key: current[key] for key in (*TEXTS, *NUMBERS) if not isinstance(current.get(key, {}), dict | list)
    }
    translated = {key: _translation(current.get(key), locale) for key in TRANSLATED}
    return {key: _shown(value) for key, value in (values | translated).items()}


def shown_condition(key: str, value: Any) -> tuple[str, str]:
    """How a condition is said ("usual", "opposite" or "if") and its expression."""
    if isinstance(value, str):
        return "if", value
    usual = key == "visible"
    return ("usual" if value is None or value is usual else "opposite"), ""


def shown_options(current: Plain) -> list[OptionRow]:
    """The options as rows."""
    return [_option_row(one) for one in current.get(OPTIONS) or ()]


def sent_options(sent: MultiDict[str, str], known: Sequence[OptionRow] = ()) -> list[OptionRow]:
    """The rows as they were typed; those without a value and a label are none."""
    fixed = {row.value for row in known if row.value}
    names = ("option.value", "option.label", "option.color")
    rows = zip(*(sent.getlist(name) for name in names), strict=False)
    out = set(sent.getlist("option.out")) & fixed
    found = [
        OptionRow(value.strip(), label.strip(), color, value in fixed, value in out)
        for value, label, color in rows
    ]
    return [row for row in found if row.value or row.label]


@dataclass(frozen=True)
class Typed:
    """A field as it was typed. value: what its document is to say of it, by key; None: nothing.

    kind: its type. options: its options in their order, where it has some of its own.
    """

    kind: str
    value: Mapping[str, Any]
    options: Sequence[OptionRow] | None


def read_field(sent: MultiDict[str, str], current: Plain) -> Typed:
    """What was typed. Raises ValueError for a type that there is not."""
    kind = sent.get("type", "") or str(current.get("type", ""))
    if kind not in FIELD_TYPES or not FIELD_TYPES[kind].supported:
        raise ValueError("Choose a type.")
    keys = [key for key in keys_of(kind) if key in sent.getlist("has")]
    read = {key: _read(key, kind, sent) for key in keys if key != OPTIONS}
    own = OPTIONS in keys and not sent.get("option_set")
    options = [row for row in sent_options(sent, shown_options(current)) if not row.out]
    return Typed(kind, read, options if own else None)


def new_field(typed: Typed) -> dict[str, Any]:
    """What a document says of a field that is added."""
    said = {"type": typed.kind} | {key: value for key, value in typed.value.items() if value is not None}
    return said | ({OPTIONS: [option_value(row) for row in typed.options]} if typed.options else {})


def field_edits(path: tuple[Step, ...], typed: Typed, current: Plain, locale: str) -> Iterator[Edit]:
    """The edits that make of a field what was typed; what the form does not show stays."""
    if typed.kind != current.get("type"):
        yield Edit((*path, "type"), "set", typed.kind)
        gone = [key for key in current if key in EDITED - set(keys_of(typed.kind))]
        yield from (Edit((*path, key), "remove") for key in gone)
    for key, value in typed.value.items():
        old = current.get(key)
        if key in TRANSLATED and isinstance(old, dict):
            if value is not None and value != _translation(old, locale):
                yield Edit((*path, key, _language(old, locale)), "set", value)
        elif not is_written(key, old) and value != old:
            yield Edit((*path, key), "remove") if value is None else Edit((*path, key), "set", value)
    if typed.options is not None and not is_written(OPTIONS, current.get(OPTIONS) or []):
        yield from _option_edits((*path, OPTIONS), typed.options, current.get(OPTIONS))


def option_value(row: OptionRow) -> Any:
    """How a document says an option."""
    value = row.value or suggested_name(row.label) or row.label
    said = {"value": value, "label": row.label if row.label != value else "", "color": row.color}
    kept = {key: value for key, value in said.items() if value}
    return kept["value"] if len(kept) == 1 else kept


def _option_edits(
    path: tuple[Step, ...], rows: Sequence[OptionRow], old: Sequence[Any] | None
) -> Iterator[Edit]:
    if old is None:
        if rows:
            yield Edit(path, "set", [option_value(row) for row in rows])
        return
    known = {_option_row(one).value: one for one in old}
    for value in known.keys() - {row.value for row in rows}:
        yield Edit((*path, value), "remove")
    for row in rows:
        before = known.get(row.value)
        if before is None:
            yield Edit((*path, "-"), "add", option_value(row))
        elif _option_row(before) != OptionRow(row.value, row.label, row.color, fixed=True):
            yield Edit((*path, row.value), "set", option_value(row))


def _option_row(said: Any) -> OptionRow:
    if not isinstance(said, dict):
        return OptionRow(str(said), fixed=True)
    return OptionRow(str(said.get("value", "")), said.get("label") or "", said.get("color") or "", fixed=True)


def _is_plain_option(said: Any) -> bool:
    return isinstance(said, dict) and set(said) <= PLAIN_OPTION and isinstance(said.get("label", ""), str)


def _read(key: str, kind: str, sent: MultiDict[str, str]) -> Any:
    """What was typed under a key; None for nothing."""
    if key in FLAGS:
        return True if sent.get(key) == "true" else None
    text = sent.get(key, "").replace("\r\n", "\n").strip()[:LONGEST]
    if key in CONDITIONS:
        return _condition(key, sent.get(f"{key}.mode", "usual"), text)
    if key in NUMBERS or (key == "default" and kind in NUMBER_TYPES):
        return _number(text)
    if key == "default" and kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text or None


def _condition(key: str, mode: str, text: str) -> Any:
    if mode == "if" and text:
        return text
    return None if mode != "opposite" else key != "visible"


def _number(text: str) -> Any:
    """A number where it is one; a mistake stays as it is, and the check tells of it."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return text or None
    if not found.is_finite():
        return text
    return int(found) if found == found.to_integral_value() and "." not in text else found


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _translation(value: Any, locale: str) -> Any:
    return value[_language(value, locale)] if isinstance(value, dict) else value


def _language(value: Mapping[str, Any], locale: str) -> str:
    """The language of several that the reader sees."""
    language = locale.replace("-", "_").split("_")[0]
    return next((key for key in (locale, language, "en") if key in value), next(iter(value)))
