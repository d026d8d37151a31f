"""What a content is, and whether it is what its name says.

The name's ending (or else the type that was sent) declares a type. Types with a signature must show it; a
text must be a text; a program passes only as a program. What declares nothing is called what it looks like.
"""

from __future__ import annotations

import codecs
import mimetypes
import re

import puremagic

from fieldstone.errors import FieldError, Invalid
from fieldstone.files.names import ending_of

UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")
"""Pictures that every browser shows and that cannot hold a program."""

_SAYS_NOTHING = frozenset({"", UNKNOWN, "binary/octet-stream", "application/x-www-form-urlencoded"})
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
_FAMILIES = {
    **dict.fromkeys(
        (
            "application/zip", "application/epub+zip", "application/java-archive",
            f"{_OFFICE}.wordprocessingml.document", f"{_OFFICE}.spreadsheetml.sheet",
            f"{_OFFICE}.presentationml.presentation", f"{_OPEN}.text", f"{_OPEN}.spreadsheet",
            f"{_OPEN}.presentation",
        ),
        (b"PK\x03\x04", b"PK\x05\x06"),
    ),
    **dict.fromkeys(
        ("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
    ),
}  # fmt: skip  # grouped by what they are made of
"""Types that are all made alike: type → how such a content begins."""

_SIGNED = frozenset({"application/pdf", "image/bmp", "image/tiff", "application/gzip", *PICTURES})
"""Further types that always show their signature."""

_ENDINGS = {
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    ".pptx": f"{_OFFICE}.presentationml.presentation",
    ".odt": f"{_OPEN}.text",
    ".ods": f"{_OPEN}.spreadsheet",
    ".odp": f"{_OPEN}.presentation",
    ".gz": "application/gzip",
    ".md": "text/markdown",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".webp": "image/webp",
    ".exe": "application/vnd.microsoft.portable-executable",
    ".dll": "application/vnd.microsoft.portable-executable",
}
_SAME = {
    "image/x-ms-bmp": "image/bmp",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "application/x-gzip": "application/gzip",
    "application/x-pdf": "application/pdf",
    "application/x-zip-compressed": "application/zip",
}
_TEXTS = frozenset(
    {"application/json", "application/xml", "application/yaml", "application/javascript", "image/svg+xml"}
)
_PROGRAMS = (b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
"""How programs of Windows, Linux and macOS begin."""

_PROGRAM_TYPES = frozenset(
    {
        "application/vnd.microsoft.portable-executable", "application/x-msdownload",
        "application/x-msdos-program", "application/x-dosexec", "application/x-executable",
        "application/x-elf", "application/x-sharedlib", "application/x-mach-binary", "application/java-vm",
    }
)  # fmt: skip  # grouped by system
_PDF = b"%PDF-"
"""A document may be of letters alone, and be no text for it."""

_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,50}/[a-z0-9][a-z0-9.+-]{0,60}")

# Built-in endings only: what an installation's operating system knows must not change what is refused.
_BUILT_IN = mimetypes.MimeTypes()


def media_type_of(head: bytes, name: str, sent: str = "") -> str:
    """The media type of a content that begins with `head`, as its name or what was sent with it declares.

    Raises `Invalid` (`type_mismatch`) if the content is something else.
    """
    declared = declared_type(name, sent)
    if declared is None:
        return _guess(head)
    if _contradicts(head, declared):
        raise mismatch(name, declared)
    return declared


def declared_type(name: str, sent: str = "") -> str | None:
    """What the name's ending says, or else the type that was sent; None where neither says anything."""
    ending = ending_of(name)
    known = _ENDINGS.get(ending) or _BUILT_IN.guess_type(f"name{ending}", strict=True)[0]
    given = (known or sent.partition(";")[0]).strip().lower()
    return None if given in _SAYS_NOTHING or not _TYPE.fullmatch(given) else _SAME.get(given, given)


def mismatch(name: str, declared: str) -> Invalid:
    """The refusal of a content that is not what it is called."""
    message = f"“{name[:80]}” is called {declared}, but its content is not. Nothing was saved."
    return Invalid(message, code="type_mismatch", errors=[FieldError("file", "type_mismatch", message)])


def _contradicts(head: bytes, declared: str) -> bool:
    if declared in _FAMILIES:
        return not head.startswith(_FAMILIES[declared])
    if declared in PICTURES:
        return False  # who reads their dimensions finds out
    if declared in _SIGNED:
        return declared not in _seen(head)
    if declared.startswith("text/") or declared in _TEXTS:
        return not is_text(head) or head.startswith(_PDF)
    return head.startswith(_PROGRAMS) and declared not in _PROGRAM_TYPES


def _guess(head: bytes) -> str:
    """What a content without a declared type looks like, in doubt nothing in particular."""
    signed = sorted(_seen(head) & _SIGNED)
    return signed[0] if signed else TEXT if is_text(head) else UNKNOWN


def _seen(head: bytes) -> set[str]:
    """The types whose signature a content shows."""
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return set()
    return {_SAME.get(match.mime_type, match.mime_type) for match in found}


def is_text(head: bytes) -> bool:
    """Whether a content begins like a text: UTF-8, UTF-16 with its mark, or an old encoding of one byte."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    return not any(byte < 9 or byte in (14, 15, 127) for byte in head[:8192]) and b"\0" not in head
