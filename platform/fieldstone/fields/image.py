"""A picture."""

from __future__ import annotations

from collections.abc import Sequence

from fieldstone.fields.file import FileType, accepted_by
from fieldstone.files.media_types import PICTURES


class ImageType(FileType):
    """A file that is a picture, of a kind that browsers show and that cannot hold a program."""

    name = "image"
    help = "A picture, which pages show."
    widget = "image"

    @property
    def accepted(self) -> Sequence[str]:
        return accepted_by(self.declaration) or PICTURES
