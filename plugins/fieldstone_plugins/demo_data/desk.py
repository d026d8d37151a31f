"""What lies on the desks: tasks, calls and notes of the demo's people."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from fieldstone_plugins.demo_data.market import Account
from fieldstone_plugins.demo_data.offers import CALLS, NOTES, TASKS
from fieldstone_plugins.demo_data.people import phone_number
from fieldstone_plugins.demo_data.story import Story, reference


def fill_desks(story: Story, accounts: list[Account], count: int) -> None:
    """`count` tasks, as many calls, and some notes."""
    story.bring(
        "task", [_task(story, story.chance.choice(accounts)) for _ in range(count)], story.day(-20, -10)
    )
    story.bring(
        "call", [_call(story, story.chance.choice(accounts)) for _ in range(count)], story.day(-3, -1)
    )
    notes = [_note(story, story.chance.choice(accounts)) for _ in range(count // 3)]
    story.bring("note", notes, story.day(-30, -2))


def _task(story: Story, account: Account) -> dict[str, Any]:
    due = story.day(-18, 25)
    return {
        "subject": _about(story, TASKS, account),
        "due": due.isoformat(),
        "priority": story.chance.choices(("low", "normal", "high"), (15, 65, 20))[0],
        "done": story.chance.random() < (0.8 if due < story.today else 0.05),
        "details": story.maybe(0.3, story.chance.choice(NOTES)),
        "owner": reference("user", account.owner.id),
    }


def _call(story: Story, account: Account) -> dict[str, Any]:
    when = datetime.combine(
        story.day(-90, -1), time(story.chance.randrange(7, 16), story.chance.randrange(60)), UTC
    )
    return {
        "subject": _about(story, CALLS, account),
        "direction": story.chance.choice(("outgoing", "outgoing", "incoming")),
        "called_at": when.isoformat(),
        "length": story.maybe(0.8, f"PT{story.chance.randrange(2, 45)}M"),
        "phone": story.maybe(0.7, phone_number(story.chance, account.company.country)),
        "summary": story.maybe(0.6, story.chance.choice(NOTES)),
        "owner": reference("user", account.owner.id),
    }


def _note(story: Story, account: Account) -> dict[str, Any]:
    return {
        "subject": f"Visit at {account.company.short}",
        "body": "\n\n".join(story.chance.sample(NOTES, 2)),
        "owner": reference("user", account.owner.id),
    }


def _about(story: Story, texts: tuple[str, ...], account: Account) -> str:
    _, person = story.chance.choice(account.contacts)
    return story.chance.choice(texts).format(account=account.company.short, person=person)
