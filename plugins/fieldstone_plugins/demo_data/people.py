"""Believable companies and people, drawn from a fixed seed; addresses end in `.example`, which nobody has."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass

from fieldstone_plugins.demo_data.places import Country, countries

_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "ł": "l", "ß": "ss", "đ": "d", "Ø": "O", "Ł": "L", "Æ": "Ae"})


@dataclass(frozen=True)
class Company:
    """A company with its seat."""

    name: str
    short: str
    country: Country
    city: str

    @property
    def domain(self) -> str:
        """A domain that could be its own: `koehler-logistik.example`."""
        return f"{plain(self.short)}.example"


@dataclass(frozen=True)
class Person:
    """Somebody at a company."""

    given: str
    family: str

    @property
    def name(self) -> str:
        """Both names, as one is addressed."""
        return f"{self.given} {self.family}"

    def email(self, domain: str) -> str:
        """`given.family@domain` in plain letters."""
        return f"{plain(self.given)}.{plain(self.family)}@{domain}"


def plain(text: str) -> str:
    """`text` in lower-case ASCII letters, words joined by hyphens, as in addresses."""
    unaccented = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    letters = "".join(
        c if c.isascii() and c.isalnum() else " " for c in unaccented if not unicodedata.combining(c)
    )
    return "-".join(letters.lower().split())


def companies(chance: random.Random, count: int) -> list[Company]:
    """`count` companies of different names, over the countries by their weights."""
    made: dict[str, Company] = {}
    weights = [country.weight for country in countries()]
    while len(made) < count:
        company = _company(chance, chance.choices(countries(), weights)[0])
        made.setdefault(company.name, company)
    return list(made.values())


def person(chance: random.Random, country: Country) -> Person:
    """Somebody from a country; every eighth has come from another one."""
    origin = chance.choice(countries()) if chance.random() < 1 / 8 else country
    return Person(chance.choice(origin.given), chance.choice(origin.family))


def phone_number(chance: random.Random, country: Country) -> str:
    """A number in international form."""
    prefix, digits = country.dial
    first = chance.choice("2345679")
    return f"{prefix}{first}{chance.randrange(10 ** (digits - 1)):0{digits - 1}}"


def _company(chance: random.Random, country: Country) -> Company:
    family, other = chance.sample(country.family, 2)
    city = chance.choice(country.cities)
    parts = {"family": family, "family2": other, "city": city, "trade": chance.choice(country.trades)}
    pattern = chance.choice(country.patterns)
    short = pattern.removesuffix(" {form}").format(**parts)
    return Company(f"{short} {chance.choice(country.forms)}", short, country, city)
