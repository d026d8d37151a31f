"""What a caller sends to have something published: note, base, and perhaps the documents themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from fieldstone.errors import FieldError, Malformed
from fieldstone.publication.decided import Decided
from fieldstone.publication.upgrades import UNDECIDED, Upgrading
from fieldstone.web import bodies
from fieldstone_metadata import File, Layer
from fieldstone_metadata.upgrade_choices import Choices
from fieldstone_metadata.upgrade_conflicts import MINE, THEIRS

WANTED = ("note", "base", "allow_destructive")
UPGRADE = ("choices", "downgrade")
SKIP_TESTS = "skip_tests"
FILES = "files"
_MEMBERS = ("layer", "path", "text")
_LONGEST_NOTE = 2_000


@dataclass(frozen=True)
class Wanted:
    """note: why, for the list of versions. base: the version that the caller has seen, if it matters.

    layers: those that were sent; None: the caller's draft is meant. allow_destructive: whether steps may lose
    data, which goes into the archive. upgrading: the sides taken in conflicts. skip_tests: whether an upgrade
    is published without its rule tests.
    """

    note: str
    base: int | None
    layers: tuple[Layer, ...] | None
    allow_destructive: bool = False
    upgrading: Upgrading = UNDECIDED
    skip_tests: bool = False

    @classmethod
    def of(cls, body: Mapping[str, Any], members: Sequence[str]) -> Self:
        """What a body with at most these members says. Raises Malformed."""
        bodies.only(body, members)
        note, base = body.get("note", ""), body.get("base")
        if not isinstance(note, str) or len(note) > _LONGEST_NOTE:
            raise refused("note", f"`note` is a text of at most {_LONGEST_NOTE:,} characters.")
        if base is not None and (isinstance(base, bool) or not isinstance(base, int)):
            raise refused("base", "`base` is the number of a version.")
        allowed, skip = (_flag(body, name) for name in ("allow_destructive", SKIP_TESTS))
        upgrading = Upgrading(_choices(body.get("choices", {})), _flag(body, "downgrade"))
        layers = _layers(body[FILES]) if FILES in body else None
        return cls(note, base, layers, allowed, upgrading, skip)

    def decided_by(self, author: UUID) -> Decided:
        """All of it as what `author` decided."""
        allowed = self.allow_destructive
        return Decided(author, self.note, self.base, allowed, self.upgrading, self.skip_tests)


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise refused(name, f"`{name}` is true or false.")
    return value


def _choices(value: Any) -> Choices:
    if not isinstance(value, dict) or not all(side in (MINE, THEIRS) for side in value.values()):
        raise refused("choices", '`choices` is {"field product.size.label": "mine" or "theirs", …}.')
    return Choices(value)


def text_of(body: Mapping[str, Any], name: str) -> str | None:
    """A member that is a text or null and has to be there. Raises Malformed."""
    if name not in body:
        raise refused(name, f"`{name}` is missing.", "required")
    value = body[name]
    if value is not None and not isinstance(value, str):
        raise refused(name, f"`{name}` is a text, or null.")
    return value


def refused(name: str, message: str, code: str = "bad_value") -> Malformed:
    """An error about one member of a body."""
    return Malformed(message, code=code, errors=[FieldError(name, code, message)])


def _layers(value: Any) -> tuple[Layer, ...]:
    if not isinstance(value, list) or not value:
        raise refused(FILES, '`files` is a list of {"layer": …, "path": …, "text": …}.')
    found: dict[str, dict[str, str]] = {}
    for index, item in enumerate(value):
        layer, path, text = _file(index, item)
        files = found.setdefault(layer, {})
        if path in files:
            raise refused(f"{FILES}.{index}", f"`{layer}/{path}` is there twice.")
        files[path] = text
    return tuple(
        Layer(name, tuple(File(path, text) for path, text in files.items())) for name, files in found.items()
    )


def _file(index: int, item: Any) -> tuple[str, str, str]:
    sent = [item.get(name) for name in _MEMBERS] if isinstance(item, dict) else []
    texts = [text for text in sent if isinstance(text, str)]
    if len(texts) != len(_MEMBERS):
        raise refused(f"{FILES}.{index}", "A file has `layer`, `path` and `text`, all of them texts.")
    bodies.only(item, _MEMBERS)
    layer, path, text = texts
    return layer, path, text
