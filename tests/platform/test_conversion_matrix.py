"""All pairs of the conversion matrix, held against what the new field type itself reads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from fieldstone import records
from fieldstone.fields.base import FieldType
from fieldstone.fields.conversions import CONVERSIONS, Certainty
from fieldstone.fields.refusal import ValueRefused
from fieldstone.fields.texts import ISO
from fieldstone_testing.apps import App, layer_from

TEXTS = [
    "7", "-0", "2.5", "2.1234567", "1e3", "1e400", "NaN", "Infinity", "9999999999999999999999", "٣", "1_000",
    "0001-01-01", "2026-02-29", "2026-01-02", "2026-01-02T03:04:05+02:00", "2026-01-02 03:04", "03:04:05",
    "yes", "False", "1", "Ann@Example.COM", "no@", "+49 30 1234567", "030 1234", "example.com/a%20b", "ftp://x",
    "#1F6", "small", "Small", "DE", "EUR", "en", "Europe/Berlin", "it's \"quoted\" 100% :name", "x" * 200,
]  # fmt: skip  # one after the other
LONG = [*TEXTS, "two\nlines", "y" * 300]
SAMPLES: dict[str, list[Any]] = {
    "text": TEXTS,
    "long_text": LONG,
    "markdown": LONG,
    "code": LONG,
    "integer": [0, 1, 5, 6, -3, 2**62, -(2**63)],
    "decimal": ["0", "1", "5", "2.5", "-3", "2.12345", "999999999999.123456"],
    "percent": ["0", "4", "2.5", "99999999.1234", "-5"],
    "rating": [0, 1, 5],
    "boolean": [True, False],
    "date": ["2026-01-02", "0001-01-01", "9999-12-31"],
    "datetime": ["2026-01-02T00:00:00Z", "2026-01-02T23:59:59.5Z"],
    "time": ["03:04:05", "03:04:05.25"],
    "choice": ["small", "large"],
    "choices": [["small"], ["small", "large"]],
    "email": ["ann@example.com"],
    "phone": ["+49301234567", "030 1234"],
    "url": ["https://example.com/a%20b", "https://example.com/" + "z" * 300],
    "color": ["#11ff66"],
    "barcode": ["small", "4006381333931"],
    "country": ["DE"],
    "currency": ["EUR"],
    "language": ["en"],
    "timezone": ["Europe/Berlin"],
}
PAIRS = sorted(pair for pair in CONVERSIONS if pair[0] != "sequence")
EXACT_DAYS = {"2026-01-02T00:00:00Z": "2026-01-02"}
"""What a day reads of an instant: the type itself reads no instants."""
HEAD = "kind: app\nname: sales\nversion: 1.0.0\n---\nkind: entity\nname: thing\nfields:\n"


def declared(type_: str) -> str:
    options = {"choice": ", options: [small, large]", "choices": ", options: [small, large, other]"}
    return f"{{type: {type_}{options.get(type_, '')}}}"


def app_of(place: int) -> str:
    """The app with the old types (0) or the new ones (1)."""
    lines = [f"  f_{old}_to_{new}: {declared((old, new)[place])}" for old, new in PAIRS]
    return HEAD + "  nr: {type: integer}\n" + "\n".join(lines) + "\n"


def fill(app: App) -> None:
    """A record for each sample, the last one without any."""
    count = max(map(len, SAMPLES.values())) + 1
    rows = [
        {f"f_{old}_to_{new}": SAMPLES[old][nr] for old, new in PAIRS if nr < len(SAMPLES[old])} | {"nr": nr}
        for nr in range(count)
    ]
    records.create(app.system, "thing", rows)


def by_number(app: App) -> dict[int, dict[str, Any]]:
    found = records.list(app.system, "thing", records.Query(limit=100)).data
    return {row["nr"]: row for row in found}


def text_of(value: Any) -> str:
    return (
        ";".join(value)
        if isinstance(value, list)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )


def expected(new: FieldType, old: str, value: Any) -> Any:
    """What the new field shows of a value that the old one showed."""
    text = text_of(value) if value is not None else ""
    text = EXACT_DAYS.get(text, text) if new.name == "date" else text
    try:
        read = new.parse_text(text, ISO)
    except ValueRefused:
        return new.api_form(new.empty)
    lossless = old not in {"integer", "decimal", "percent"} or not isinstance(read, int | Decimal)
    exact = lossless or read == Decimal(text)
    return new.api_form(read) if exact else None


@pytest.fixture(scope="module")
def before_and_after(module_app_from) -> tuple[App, dict[int, dict[str, Any]], dict[int, dict[str, Any]]]:
    app = module_app_from.of_layers([layer_from(app_of(0))], filled_by=fill)
    before = by_number(app)
    app.publish(app_of(1), allow_destructive=True)
    return app, before, by_number(app)


@pytest.mark.parametrize(("old", "new"), PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_a_converted_value_is_what_the_new_field_reads_of_the_old_one(before_and_after, old, new):
    app, before, after = before_and_after
    field, name = app.model.entities["thing"].fields[f"f_{old}_to_{new}"], f"f_{old}_to_{new}"
    told = {nr: row[name] for nr, row in before.items()}
    assert {nr: after[nr][name] for nr in told} == {
        nr: expected(field.type, old, value) for nr, value in told.items()
    }


def test_every_type_with_samples_has_one_that_converts():
    assert {old for old, _ in PAIRS} == SAMPLES.keys()
    assert {how.certainty for how in CONVERSIONS.values()} == set(Certainty)
