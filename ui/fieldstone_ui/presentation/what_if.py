"""What a changed role would change, as its page takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mistake:
    """What is wrong with the text. line, column: where, 0 if nowhere in particular."""

    message: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True)
class Records:
    """Records gained or lost. count: as it reads. shown: title, address of the first; more: what follows."""

    count: str
    shown: Sequence[tuple[str, str]]
    more: str = ""


@dataclass(frozen=True)
class Change:
    """One right that differs: "See opportunities". told: in words where it is not about records."""

    label: str
    gained: Records | None = None
    lost: Records | None = None
    told: str = ""


@dataclass(frozen=True)
class Affected:
    """Somebody for whom something would change. held: roles and capabilities, each as gained or lost."""

    name: str
    held: Sequence[tuple[str, bool]]
    changes: Sequence[Change]


@dataclass(frozen=True)
class Outcome:
    """The comparison. summary: of all of it, in a sentence. left_out: who was not compared, if anybody."""

    summary: str
    people: Sequence[Affected]
    left_out: str = ""


@dataclass(frozen=True)
class WhatIfPage:
    """The page. roles, entities: name → label. document: the text of the role. asked: who is looked at."""

    roles: Mapping[str, str]
    entities: Mapping[str, str]
    role: str
    document: str
    entity: str = ""
    who: str = ""
    picked: str = ""
    ask_url: str = ""
    person_problem: str = ""
    mistakes: Sequence[Mistake] = ()
    problem: str = ""
    warnings: Sequence[Mistake] = field(default_factory=tuple)
    outcome: Outcome | None = None

    @property
    def lines(self) -> Sequence[tuple[int, bool]]:
        """The numbers beside the text, and whether something is wrong there."""
        wrong = {one.line for one in self.mistakes}
        return [(number, number in wrong) for number in range(1, self.document.count("\n") + 2)]
