"""Changing documents in the text of their file: what is not changed stays byte for byte as it is."""

from fieldstone_metadata.editing.documents import document_path, new_file, with_document, without_document
from fieldstone_metadata.editing.edit import ACTIONS, Edit, EditRefused, Step
from fieldstone_metadata.editing.editing import edited
from fieldstone_metadata.editing.layers import DocumentEdit, LayeredEditing

__all__ = [
    "ACTIONS",
    "DocumentEdit",
    "Edit",
    "EditRefused",
    "LayeredEditing",
    "Step",
    "document_path",
    "edited",
    "new_file",
    "with_document",
    "without_document",
]
