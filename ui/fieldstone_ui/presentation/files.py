"""Files of a record as the templates take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fieldstone_ui.presentation.activity import ActivityTab

PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")


@dataclass(frozen=True)
class AttachedFile:
    """A file. field: what the field is called that holds it. delete_url: empty for whoever may not."""

    id: str
    name: str
    size: str
    media_type: str
    who: str
    at: str
    ago: str
    field: str = ""
    delete_url: str = ""

    @property
    def icon(self) -> str:
        """The icon of its kind."""
        return "photo" if self.media_type in PICTURES else "file"


@dataclass(frozen=True)
class FilesPage:
    """The list.

    upload_url, and attach_url for our scripts: empty for whoever may not add any. list_url: of this list.
    problem: why one was not taken.
    """

    files: Sequence[AttachedFile]
    tabs: Sequence[ActivityTab]
    title: str
    back_url: str
    upload_url: str = ""
    attach_url: str = ""
    list_url: str = ""
    problem: str = ""
