"""The feed of changes: ordered, without gaps, resumable, and never more than the caller may read."""

from fieldstone.records.feed.events import FeedPage, end, events

__all__ = ["FeedPage", "end", "events"]
