"""Deals with a large discount that wait for the approval of a manager."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from fieldstone import records
from fieldstone.access.principals import principal_for_user
from fieldstone_plugins.demo_data.story import Colleague, Story

DISCOUNTS = ("25", "30")


def ask_for_approvals(story: Story, colleagues: list[Colleague]) -> None:
    """Have two representatives ask to win a deal with more than the usual discount."""
    waiting = 0
    for colleague in colleagues:
        deal = _ready(story, colleague)
        if deal is None or waiting == len(DISCOUNTS):
            continue
        discount = records.Change(deal, {"discount": DISCOUNTS[waiting]})
        records.update(story.on(story.today, colleague), "opportunity", [discount])
        acting = principal_for_user(story.context.database, story.context.model, colleague.id)
        asking = replace(story.on(story.today), principal=acting, source="command")
        waiting += records.transition(asking, "opportunity", deal, "win").approval is not None


def _ready(story: Story, colleague: Colleague) -> UUID | None:
    """The newest deal of a colleague that could be won."""
    context = story.on(story.today, colleague)
    query = records.Query(
        where='owner == user and stage in ["proposal", "negotiation"] and account != null and amount > 0',
        fields=("id",),
        order=("-created_at",),
        limit=1,
    )
    found = records.list(context, "opportunity", query).data
    return UUID(found[0]["id"]) if found else None
