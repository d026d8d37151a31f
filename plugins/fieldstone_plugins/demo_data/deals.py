"""The demo's pipeline: deals of more than a year as they ended, and those of the last weeks as they went."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from fieldstone import records
from fieldstone_plugins.demo_data.market import MARKET_DAYS, Account, in_currency
from fieldstone_plugins.demo_data.offers import COMPETITORS, NEXT_STEPS, NOTES, PROJECTS
from fieldstone_plugins.demo_data.story import Colleague, Story, reference, rounded

PLAYED_DAYS = 70
"""Deals that began within so many days are played step by step; older ones come as they are."""

OPEN = ("prospecting", "engaging", "proposal", "negotiation")
REASONS = (
    ("price", 30),
    ("competitor", 22),
    ("no_budget", 16),
    ("no_decision", 16),
    ("product_fit", 6),
    ("lost_contact", 8),
    ("other", 2),
)
SOURCES = ("website", "referral", "partner", "event", "outbound", "existing_customer")


@dataclass
class Deal:
    """A deal as the story has it. steps: (day, what changed) after its first day, the last one its end."""

    account: Account
    owner: Colleague
    began: date
    values: dict[str, Any]
    steps: list[tuple[date, dict[str, Any]]] = field(default_factory=list)
    id: UUID | None = None


def make_deals(story: Story, accounts: list[Account], colleagues: list[Colleague], count: int) -> None:
    """`count` deals with products, stages, amounts and dates around today."""
    products = _products(story)
    deals = [_deal(story, accounts, colleagues, products) for _ in range(count)]
    _bring_old(story, [deal for deal in deals if (story.today - deal.began).days > PLAYED_DAYS])
    _play(story, [deal for deal in deals if (story.today - deal.began).days <= PLAYED_DAYS])


def _products(story: Story) -> list[tuple[UUID, float]]:
    query = records.Query(where="active", fields=("price",), order=("name",), limit=200)
    return [
        (UUID(row["id"]), float(row["price"])) for row in records.list(story.context, "product", query).data
    ]


def _deal(
    story: Story, accounts: list[Account], colleagues: list[Colleague], products: list[tuple[UUID, float]]
) -> Deal:
    chance = story.chance
    account = chance.choice(accounts)
    owner = account.owner if chance.random() < 0.85 else story.someone(colleagues)
    began = story.day(-MARKET_DAYS, -1)
    deal = Deal(account, owner, began, _first_values(story, account, owner, products))
    _tell_course(story, deal)
    return deal


def _first_values(
    story: Story, account: Account, owner: Colleague, products: list[tuple[UUID, float]]
) -> dict[str, Any]:
    chance = story.chance
    product, price = chance.choice(products)
    euros = min(price * max(1, chance.lognormvariate(1.6, 1.1)), 480_000)
    amount = rounded(in_currency(euros, account.currency))
    n, year = chance.randrange(2, 9), story.today.year + chance.randrange(2)
    contacts = chance.sample(account.contacts, min(len(account.contacts), chance.choice((0, 1, 1, 2, 3))))
    name = chance.choice(PROJECTS).format(city=account.company.city, n=n, year=year)
    offered = story.maybe(0.8, reference("product", product))
    return {
        "name": name,
        "account": reference("account", account.id),
        "product": offered,
        "lines": _lines(products, (product, price), euros, account.currency) if offered else [],
        "contacts": [reference("contact", identity) for identity, _ in contacts],
        "currency": account.currency,
        "amount": str(amount),
        "discount": story.maybe(0.3, str(chance.choice((3, 5, 5, 8, 10, 12, 15)))),
        "source": story.maybe(0.8, chance.choice(SOURCES)),
        "description": story.maybe(0.3, chance.choice(NOTES)),
        "owner": reference("user", owner.id),
    }


def _lines(
    products: list[tuple[UUID, float]], main: tuple[UUID, float], euros: float, currency: str
) -> list[dict[str, Any]]:
    """What is offered: as many of the main product as the amount buys, and for every third deal another."""
    product, price = main
    quantity = max(1, round(euros / price))
    other, others_price = products[quantity % len(products)]
    offered = [(product, price, quantity)]
    offered += [(other, others_price, 1)] if quantity % 3 == 0 and other != product else []
    return [
        {
            "product": reference("product", identity),
            "quantity": count,
            "price": str(rounded(in_currency(each, currency))),
        }
        for identity, each, count in offered
    ]


def _tell_course(story: Story, deal: Deal) -> None:
    """What becomes of a deal between its first day and today."""
    chance = story.chance
    day = deal.began
    length = max(8, int(chance.lognormvariate(4.0, 0.55)))
    pace = length / 4
    ends = chance.random() < 0.93
    for stage in OPEN[1:]:
        day += timedelta(days=max(1, int(chance.gauss(pace, pace / 3))))
        if day > story.today:
            break
        deal.steps.append((day, _step(story, deal, stage)))
        if ends and chance.random() < 0.14:
            break
    day += timedelta(days=max(1, int(chance.gauss(pace, pace / 3))))
    if ends and day <= story.today and deal.steps:
        deal.steps.append((day, _end(story, deal, day)))
    elif not ends and day <= story.today - timedelta(days=45):
        deal.steps.append((day, _end(story, deal, day, lost=True)))
    else:
        _foresee(story, deal, length)


def _step(story: Story, deal: Deal, stage: str) -> dict[str, Any]:
    values: dict[str, Any] = {"stage": stage}
    if stage == "engaging":
        values["engaged_on"] = (deal.began + timedelta(days=2)).isoformat()
    if stage == "negotiation":
        values["next_step"] = story.chance.choice(NEXT_STEPS)
        values["close_date"] = (deal.began + timedelta(days=story.chance.randrange(60, 120))).isoformat()
    return values


def _end(story: Story, deal: Deal, day: date, *, lost: bool = False) -> dict[str, Any]:
    chance = story.chance
    if not lost and chance.random() < 0.5 + deal.owner.weight / 20:
        return {"stage": "won", "close_date": day.isoformat(), "amount": _agreed(story, deal)}
    reasons, weights = zip(*REASONS, strict=True)
    reason = chance.choices(reasons, weights)[0]
    competitor = chance.choice(COMPETITORS) if reason == "competitor" else None
    return {"stage": "lost", "close_date": day.isoformat(), "lost_reason": reason, "competitor": competitor}


def _agreed(story: Story, deal: Deal) -> str:
    """The amount in the end: often a little less than asked."""
    return str(rounded(float(Decimal(deal.values["amount"])) * story.chance.choice((1, 1, 0.95, 0.9, 1.1))))


def _foresee(story: Story, deal: Deal, length: int) -> None:
    """What is expected of a deal that is still open: some are overdue, some have no date."""
    expected = deal.began + timedelta(days=length)
    overdue = story.chance.random() < 0.16
    soonest, latest = (story.day(-24, -2), story.day(-2, -1)) if overdue else (story.day(3, 40), date.max)
    foreseen = min(max(expected, soonest), latest)
    last = deal.steps[-1][1] if deal.steps else deal.values
    certain = last.get("stage") == "negotiation"
    last["close_date"] = foreseen.isoformat() if certain else story.maybe(0.85, foreseen.isoformat())
    last["next_step"] = last.get("next_step") or story.maybe(0.7, story.chance.choice(NEXT_STEPS))


def _bring_old(story: Story, deals: list[Deal]) -> None:
    """Deals as they are now, month by month, without the way that led there."""
    by_month: dict[tuple[int, int], list[Deal]] = defaultdict(list)
    for deal in sorted(deals, key=lambda one: one.began):
        by_month[deal.began.year, deal.began.month].append(deal)
    for group in by_month.values():
        story.bring("opportunity", [_as_it_is(deal) for deal in group], group[0].began)


def _as_it_is(deal: Deal) -> dict[str, Any]:
    values = dict(deal.values)
    for _, step in deal.steps:
        values |= step
    closed = values.get("stage") in {"won", "lost"}
    return {name: value for name, value in values.items() if not (closed and name == "next_step")}


def _play(story: Story, deals: list[Deal]) -> None:
    """Deals made and moved by their owners, one working day after the other."""
    events: dict[tuple[date, str], list[tuple[Deal, dict[str, Any] | None]]] = defaultdict(list)
    for deal in deals:
        events[_week(deal.began), deal.owner.name].append((deal, None))
        for day, step in deal.steps:
            events[max(_week(day), _week(deal.began)), deal.owner.name].append((deal, step))
    for day, _ in sorted(events):
        happening = events[day, _]
        _happen(story, day, happening)


def _week(day: date) -> date:
    """The day of its week on which everything of that week is told."""
    return day - timedelta(days=day.weekday() % 3)


def _happen(story: Story, day: date, happening: list[tuple[Deal, dict[str, Any] | None]]) -> None:
    context = story.on(day, happening[0][0].owner)
    born = [deal for deal, step in happening if step is None]
    if born:
        made = records.create(context, "opportunity", [deal.values for deal in born])
        story.made += len(made)
        for deal, written in zip(born, made, strict=True):
            deal.id = written.id
    rounds: list[list[records.Change]] = []
    seen: dict[UUID, int] = defaultdict(int)
    for deal, step in happening:
        if step is not None and deal.id is not None:
            number = seen[deal.id]
            seen[deal.id] += 1
            rounds += [[]] if number == len(rounds) else []
            rounds[number].append(records.Change(deal.id, step))
    for changes in rounds:
        records.update(context, "opportunity", changes)
