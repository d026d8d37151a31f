"""What a picture says of itself, read from its first bytes: nothing here decodes one."""

from __future__ import annotations

from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from fieldstone.errors import FieldError, Invalid
from fieldstone.files.media_types import PICTURES, mismatch

MOST_PIXELS = 100_000_000
_FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
_BROKEN = (UnidentifiedImageError, OSError, ValueError, SyntaxError, ArithmeticError, LookupError, TypeError)
"""How Pillow tells of broken files."""

# Pillow would warn above its own limit when it opens a file; ours is judged below, and nothing is decoded.
Image.MAX_IMAGE_PIXELS = None


def dimensions(content: BinaryIO, media_type: str, name: str) -> tuple[int, int] | None:
    """Width and height in pixels; None for what is no picture.

    Raises `Invalid`: `type_mismatch` if it is no such picture, `image_too_large` for one that would fill the
    memory of whoever opens it.
    """
    if media_type not in PICTURES:
        return None
    found, width, height = _read(content, name, media_type)
    if found != media_type:
        raise mismatch(name, media_type)
    if width * height > MOST_PIXELS:
        message = (
            f"“{name[:80]}” has {width:,} by {height:,} pixels; at most {MOST_PIXELS // 10**6} million are "
            "taken. Nothing was saved."
        )
        errors = [FieldError("file", "image_too_large", message)]
        raise Invalid(message, code="image_too_large", errors=errors)
    return width, height


def _read(content: BinaryIO, name: str, media_type: str) -> tuple[str | None, int, int]:
    try:
        with Image.open(content, formats=list(_FORMATS)) as image:
            return _FORMATS.get(image.format or ""), image.width, image.height
    except _BROKEN:
        raise mismatch(name, media_type) from None
