"""The feed of changes: ordered, without gaps, resumable, and never more than the caller may read."""

from fieldstone.records.feed.events import FeedPage, end, events
from fieldstone.records.feed.places import tidy

__all__ = ["FeedPage", "end", "events", "tidy"]
