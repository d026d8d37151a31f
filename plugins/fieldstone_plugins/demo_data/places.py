"""Where the demo's companies sit: countries with their cities, names of people, and forms of companies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@dataclass(frozen=True)
class Country:
    """A country as the demo needs it.

    code: ISO 3166-1. weight: how many companies of a hundred. dial: country code, number of further digits.
    trades: what companies there call themselves. forms: legal forms. patterns: how a company's name is put
    together from {family}, {family2}, {city}, {trade} and {form}.
    """

    code: str
    weight: int
    dial: tuple[str, int]
    cities: tuple[str, ...]
    given: tuple[str, ...]
    family: tuple[str, ...]
    trades: tuple[str, ...]
    forms: tuple[str, ...]
    patterns: tuple[str, ...]


@cache
def countries() -> tuple[Country, ...]:
    """All countries of the demo."""
    text = files("fieldstone_plugins.demo_data").joinpath("places.yaml").read_text("utf-8")
    loaded = yaml.load(text, Loader=yaml.CSafeLoader)  # the C form of the safe loader
    return tuple(Country(**{key: _fixed(value) for key, value in entry.items()}) for entry in loaded)


def _fixed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
