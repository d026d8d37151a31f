"""The demo's customers: companies with their seat and size, some part of others, and the people there."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from fieldstone_plugins.demo_data.offers import NOTES, POSITIONS
from fieldstone_plugins.demo_data.people import Company, companies, person, phone_number
from fieldstone_plugins.demo_data.story import Colleague, Story, reference, rounded

RATES = {"DKK": "0.134000", "SEK": "0.087500", "PLN": "0.232000", "GBP": "1.172000", "USD": "0.921000"}
"""What one unit was worth in euros a year ago; loaded as data, so that amounts in these currencies count."""

CURRENCIES = {"DK": "DKK", "SE": "SEK", "PL": "PLN", "GB": "GBP", "US": "USD"}
LANGUAGES = {"DK": "da", "SE": "sv", "GB": "en", "US": "en"}
SECTORS = ("manufacturing", "manufacturing", "technology", "retail", "services", "telecommunications")
"""Of companies whose name does not tell."""

TELLING = {
    "medical": "klinik medi laborat",
    "public_sector": "stadtwerke wasser water fjern fjärr energ énergie havvind",
    "services": "logisti transport åkeri freight trasporti cold storage cold chain chłodnie",
    "retail": "backwaren bloemen foods livsmedel fødevarer conserv fromager pastificio aceites",
}
"""Sector → what in a name tells it."""

ROLES = ("decision_maker", "champion", "influencer", "user", "blocker")
MARKET_DAYS = 430
"""How far back the story goes."""


@dataclass(frozen=True)
class Account:
    """A company that was brought in, with whom it belongs to and the contacts there."""

    id: UUID
    company: Company
    owner: Colleague
    contacts: tuple[tuple[UUID, str], ...]

    @property
    def currency(self) -> str:
        """What it pays in."""
        return CURRENCIES.get(self.company.country.code, "EUR")


def open_market(story: Story, colleagues: list[Colleague], count: int) -> list[Account]:
    """Exchange rates, accounts with their subsidiaries, and contacts."""
    _load_rates(story)
    found = companies(story.chance, count)
    owners = [story.someone(colleagues) for _ in found]
    first_day = story.day(-MARKET_DAYS - 30, -MARKET_DAYS)
    parents = count - count // 7
    rows = [_company(story, one, owner) for one, owner in zip(found, owners, strict=True)]
    ids = story.bring("account", rows[:parents], first_day)
    for row in rows[parents:]:
        row["parent"] = reference("account", story.chance.choice(ids[: max(1, parents // 12)]))
    ids += story.bring("account", rows[parents:], first_day)
    people = _people(story, found, owners, ids)
    return [Account(*parts) for parts in zip(ids, found, owners, people, strict=True)]


def _load_rates(story: Story) -> None:
    day = story.day(-MARKET_DAYS - 40, -MARKET_DAYS - 35)
    rows = [
        {"currency_code": code, "rate": rate, "valid_from": day.isoformat()} for code, rate in RATES.items()
    ]
    story.bring("exchange_rate", rows, day)


def _company(story: Story, company: Company, owner: Colleague) -> dict[str, Any]:
    chance = story.chance
    employees = int(chance.lognormvariate(4.6, 1.3)) + 2
    status = chance.choices(("customer", "prospect", "partner", "former"), (58, 32, 4, 6))[0]
    return {
        "name": company.name,
        "status": status,
        "sector": _sector(story, company),
        "website": story.maybe(0.86, f"https://www.{company.domain}"),
        "phone": story.maybe(0.8, phone_number(chance, company.country)),
        "email": story.maybe(0.45, f"info@{company.domain}"),
        "city": company.city,
        "postal_code": story.maybe(0.7, f"{chance.randrange(10_000, 99_999)}"),
        "country": company.country.code,
        "currency": CURRENCIES.get(company.country.code, "EUR"),
        "revenue": story.maybe(0.7, str(rounded(employees * chance.uniform(90_000, 260_000)))),
        "employees": story.maybe(0.85, employees),
        "founded": story.maybe(0.6, chance.randrange(1898, 2021)),
        "description": story.maybe(0.25, chance.choice(NOTES)),
        "owner": reference("user", owner.id),
    }


def _sector(story: Story, company: Company) -> str:
    name = company.name.lower()
    told = (sector for sector, words in TELLING.items() if any(word in name for word in words.split()))
    return next(told, None) or story.chance.choice(SECTORS)


def _people(
    story: Story, found: list[Company], owners: list[Colleague], ids: list[UUID]
) -> list[tuple[tuple[UUID, str], ...]]:
    """Contacts for each company: (id, name)."""
    rows: list[dict[str, Any]] = []
    counts = []
    for company, owner, identity in zip(found, owners, ids, strict=True):
        count = story.chance.choices((1, 2, 3, 4, 6), (24, 34, 24, 12, 6))[0]
        rows += [_contact(story, company, owner, identity) for _ in range(count)]
        counts.append(count)
    made = list(
        zip(_in_batches(story, rows), (f"{r['first_name']} {r['last_name']}" for r in rows), strict=True)
    )
    starts = [sum(counts[:position]) for position in range(len(counts))]
    return [tuple(made[start : start + count]) for start, count in zip(starts, counts, strict=True)]


def _in_batches(story: Story, rows: list[dict[str, Any]]) -> list[UUID]:
    size = 500
    ids = []
    for start in range(0, len(rows), size):
        ids += story.bring("contact", rows[start : start + size], story.day(-MARKET_DAYS - 20, -MARKET_DAYS))
    return ids


def _contact(story: Story, company: Company, owner: Colleague, account: UUID) -> dict[str, Any]:
    chance = story.chance
    someone = person(chance, company.country)
    code = company.country.code
    return {
        "first_name": someone.given,
        "last_name": someone.family,
        "account": reference("account", account),
        "job_title": story.maybe(0.85, chance.choice(POSITIONS)),
        "role": story.maybe(0.6, chance.choices(ROLES, (28, 20, 26, 20, 6))[0]),
        "email": story.maybe(0.9, someone.email(company.domain)),
        "phone": story.maybe(0.6, phone_number(chance, company.country)),
        "mobile": story.maybe(0.35, phone_number(chance, company.country)),
        "language": story.maybe(0.5, LANGUAGES.get(code, code.lower())),
        "do_not_contact": chance.random() < 0.03,
        "notes": story.maybe(0.1, chance.choice(NOTES)),
        "owner": reference("user", owner.id),
    }


def in_currency(amount: float, currency: str) -> float:
    """An amount of euros in another currency."""
    return amount / float(Decimal(RATES[currency])) if currency in RATES else amount
