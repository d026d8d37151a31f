"""The story of the demo's company, chapter by chapter."""

from __future__ import annotations

from fieldstone import records
from fieldstone.context import Context
from fieldstone_plugins.demo_data.deals import make_deals
from fieldstone_plugins.demo_data.desk import fill_desks
from fieldstone_plugins.demo_data.market import open_market
from fieldstone_plugins.demo_data.offers import PRODUCTS
from fieldstone_plugins.demo_data.staff import hire
from fieldstone_plugins.demo_data.story import Story
from fieldstone_plugins.demo_data.waiting import ask_for_approvals

ACCOUNTS = {"small": 40, "full": 340}
DEALS = {"small": 120, "full": 1_900}
DESK = {"small": 15, "full": 120}


def generate(context: Context, size: str) -> int:
    """Make the records of the sales template's demonstration, if there are no accounts yet; how many."""
    if records.list(context, "account", records.Query(limit=1)).data:
        return 0
    story = Story(context)
    colleagues = hire(story)
    story.bring("product", PRODUCTS, story.today)
    accounts = open_market(story, colleagues, ACCOUNTS[size])
    make_deals(story, accounts, colleagues, DEALS[size])
    fill_desks(story, accounts, DESK[size])
    ask_for_approvals(story, colleagues)
    return story.made
