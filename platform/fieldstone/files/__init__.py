"""The contents of files: where they are kept, what they are, and what they may be called. No records here."""

from fieldstone.files.content import Content, examine
from fieldstone.files.names import clean_name
from fieldstone.files.store import FileStore, Received

__all__ = ["Content", "FileStore", "Received", "clean_name", "examine"]
