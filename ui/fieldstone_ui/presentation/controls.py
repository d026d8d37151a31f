"""A field on a form: its look, what stands in its inputs, its state and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fieldstone_ui.presentation.entry import Parts
from fieldstone_ui.presentation.looks import FieldLook


@dataclass(frozen=True)
class LinkFields:
    """What links say besides whom they lead to. url: the list of them; empty while there are none."""

    labels: Sequence[str]
    plural: str
    url: str


@dataclass(frozen=True)
class Control:
    """A field that is read or typed.

    raw: the strings in its inputs. visible, required, locked: as the server says for the values at hand.
    why: the reason of a lock, for people. error: what is wrong. touched: differs from what is saved.
    alike: which records count as the same, as markup.
    possible: the options that go with the values of other fields; None: all.
    prefix: stands before the field's name where it belongs to a row inside the record. links: what its links
    say, which is edited elsewhere.
    """

    look: FieldLook
    raw: Parts
    visible: bool = True
    required: bool = False
    locked: bool = False
    why: str = ""
    error: str = ""
    alike: str = ""
    touched: bool = False
    possible: frozenset[str] | None = None
    prefix: str = ""
    links: LinkFields | None = None

    @property
    def name(self) -> str:
        """The field, with the row it belongs to."""
        return f"{self.prefix}{self.look.name}"

    @property
    def id(self) -> str:
        """The id of its input in the page."""
        return f"f-{self.name}"

    @property
    def field_name(self) -> str:
        """The name of its input."""
        return f"f.{self.name}"

    @property
    def targets(self) -> Sequence[str]:
        """The entities a reference may lead to."""
        return self.look.targets

    @property
    def described_by(self) -> str:
        """Ids of what explains the input to a screen reader."""
        parts = [f"{self.id}-error"] if self.error else []
        parts += [f"{self.id}-help"] if self.look.help else []
        return " ".join([*parts, f"{self.id}-links"] if self.links else parts)

    def first(self, part: str = "") -> str:
        """The string in one input."""
        strings = self.raw.get(part) or [""]
        return strings[0]

    def typed(self, raw: Parts) -> Control:
        """The same with what somebody typed."""
        return replace(self, raw=raw, touched=True)

    def refused(self, error: str) -> Control:
        """The same with what is wrong."""
        return replace(self, error=error)


def with_errors(controls: Mapping[str, Control], errors: Mapping[str, str]) -> dict[str, Control]:
    """Controls with the messages of the fields they show."""
    return {
        name: control.refused(errors[name]) if name in errors else control
        for name, control in controls.items()
    }
