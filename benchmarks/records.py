"""The records of the benchmark as CSV files with their mappings, made from a fixed seed."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa

OWNERS = tuple(f"rep{number}@bench.example" for number in range(10))
"""Each owns a tenth of the records; the first is the one who asks."""

STAGES = ("prospecting", "qualified", "negotiation", "won")
INDUSTRIES = ("manufacturing", "retail", "software", "medical", "finance", "services")

ACCOUNT_MAPPING = """
entity: account
columns: {name: name, industry: industry, city: city, country: country, employees: employees}
"""
OPPORTUNITY_MAPPING = """
entity: opportunity
formats: {date: dd-mm-yyyy}
constants: {currency: EUR}
columns:
  name: name
  account: {field: account, lookup: name}
  stage: stage
  amount: amount
  discount: discount
  close_date: close_date
  next_step: next_step
  description: description
  owner: {field: owner, lookup: {by: email, ignore: [case]}}
"""


def write_files(folder: Path, accounts: int, opportunities: int, owners: Sequence[str] = OWNERS) -> None:
    """`account.csv`, `opportunity.csv` and their `.yaml` mappings in `folder`."""
    chance = random.Random(20_26)
    _write(folder / "account", ACCOUNT_MAPPING, _accounts(chance, accounts))
    _write(
        folder / "opportunity", OPPORTUNITY_MAPPING, _opportunities(chance, accounts, opportunities, owners)
    )


def copy_opportunities(connection: sa.Connection, imported: int, times: int) -> None:
    """Copies of the imported opportunities, numbered on, until there are `times` as many: soon made."""
    table = sa.Table("opportunity", sa.MetaData(), schema="main", autoload_with=connection)
    turns = sa.func.generate_series(1, times - 1).table_valued("turn").render_derived()
    number = sa.cast(sa.func.substr(table.c.name, 6), sa.Integer) + turns.c.turn * imported
    name = sa.literal("Deal ") + sa.func.lpad(sa.cast(number, sa.Text), 6, "0")
    search = sa.func.replace(table.c["_search"], sa.func.lower(table.c.name), sa.func.lower(name))
    changed = {"id": sa.func.uuidv7(), "name": name, "_title": name, "_search": search}
    columns = [column for column in table.c if column.computed is None]
    values = sa.select(*(changed.get(column.name, column) for column in columns))
    copies = values.select_from(sa.join(table, turns, sa.true()))
    connection.execute(table.insert().from_select(columns, copies, include_defaults=False))


def _write(path: Path, mapping: str, rows: Iterable[Sequence[object]]) -> None:
    path.with_suffix(".yaml").write_text(mapping.lstrip(), "utf-8")
    with path.with_suffix(".csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def _accounts(chance: random.Random, count: int) -> Iterable[Sequence[object]]:
    yield "name", "industry", "city", "country", "employees"
    for number in range(count):
        country = chance.choice(("DE", "DK", "FR", "NL", "US"))
        employees = int(chance.lognormvariate(4.5, 1.2)) + 1
        yield f"Account {number:05}", chance.choice(INDUSTRIES), f"City {number % 97}", country, employees


def _opportunities(
    chance: random.Random, accounts: int, count: int, owners: Sequence[str]
) -> Iterable[Sequence[object]]:
    yield (
        *("name", "account", "stage", "amount", "discount"),
        *("close_date", "next_step", "description", "owner"),
    )
    first = date(2026, 1, 1)
    for number in range(count):
        amount = f"{chance.lognormvariate(9.5, 1.0):.2f}"
        day = first + timedelta(days=chance.randrange(700))
        text = "They run twelve lines and want to start with two. " * chance.randrange(1, 6)
        account = f"Account {chance.randrange(accounts):05}"
        values = (account, chance.choice(STAGES), amount, chance.randrange(0, 15), day.strftime("%d-%m-%Y"))
        yield (
            f"Deal {number:06}",
            *values,
            "Send the revised offer",
            text.strip(),
            owners[number % len(owners)],
        )
