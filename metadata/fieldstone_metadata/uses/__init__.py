"""Where elements of an application are used: behind "can this field go?" and behind renaming."""

from fieldstone_metadata.uses.elements import Element, UnknownElement, Use, find_element
from fieldstone_metadata.uses.index import where_used

__all__ = ["Element", "UnknownElement", "Use", "find_element", "where_used"]
