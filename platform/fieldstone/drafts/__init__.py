"""Drafts: what an author has changed in the documents and not published yet."""

from fieldstone.drafts.conflicts import Conflict, conflicts
from fieldstone.drafts.draft import Draft, DraftFile, drafted_layers
from fieldstone.drafts.editing import discard, edit_documents, put_file, put_layers, revert_file
from fieldstone.drafts.publishing import DraftConflicts, propose_draft, publish_draft, read_draft
from fieldstone.drafts.settling import settle_file, take_theirs

__all__ = [
    "Conflict",
    "Draft",
    "DraftConflicts",
    "DraftFile",
    "conflicts",
    "discard",
    "drafted_layers",
    "edit_documents",
    "propose_draft",
    "publish_draft",
    "put_file",
    "put_layers",
    "read_draft",
    "revert_file",
    "settle_file",
    "take_theirs",
]
