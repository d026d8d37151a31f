"""The pages of the studio as their templates take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Area:
    """A line of the studio's menu: one kind of documents. count: how many there are."""

    label: str
    icon: str
    url: str
    count: str = ""
    current: bool = False


@dataclass(frozen=True)
class Frame:
    """What stands around every page of the studio.

    changes: how many files the draft changes. versions: the number of the one in force.
    """

    groups: Sequence[tuple[str, Sequence[Area]]]
    changes: int
    version: str
    section: str = ""


@dataclass(frozen=True)
class LayerTag:
    """A layer as a small mark; how: "owner", "changed" (by this layer) or "new" (in the draft)."""

    name: str
    hue: str
    how: str = "owner"


@dataclass(frozen=True)
class Row:
    """A document in the list. place: its file, where its text stands."""

    label: str
    name: str
    kind: str
    url: str
    place: str
    tags: Sequence[LayerTag]
    detail: str = ""


@dataclass(frozen=True)
class DocumentsPage:
    """The list of documents of one kind, or those that a search found. left: how many more there are."""

    title: str
    kind: str
    query: str
    rows: Sequence[Row]
    wrong: int = 0
    left: int = 0


@dataclass(frozen=True)
class Trouble:
    """What is wrong with the documents. url: leads to the line; line 0: nowhere in particular.

    here: whether it stands in the text that is shown. grave: it forbids to publish.
    """

    message: str
    hint: str = ""
    place: str = ""
    url: str = ""
    line: int = 0
    column: int = 0
    here: bool = False
    grave: bool = True


@dataclass(frozen=True)
class Clash:
    """Somebody else changed the same. element: its kind and name. by: who, empty if it is published; author:
    their id. mine, theirs: what each says.
    """

    what: str
    element: str
    by: str
    author: str
    url: str
    place: str
    mine: str
    theirs: str


@dataclass(frozen=True)
class ClashedFile:
    """The conflicts of a file. settle_url: where its sides are chosen."""

    place: str
    url: str
    settle_url: str
    published: Sequence[Clash]
    drafted: Sequence[Clash]


@dataclass(frozen=True)
class EditorPage:
    """A file in the editor. seen: mark of the published text that `text` counts from; over: of the one in
    force, which the reader may decide to replace. frozen: why it cannot be changed, if so.

    changed: the draft changes it. clashes: others have published another text of the same. local: where a
    document that cannot be changed here is changed instead.
    """

    layer: str
    path: str
    text: str
    seen: str
    over: str
    url: str
    frozen: str = ""
    local: Sequence[tuple[str, str]] = ()
    changed: bool = False
    new: bool = False
    troubles: Sequence[Trouble] = ()
    clashes: Sequence[ClashedFile] = ()
    problem: str = ""
    saved: str = ""

    @property
    def lines(self) -> Sequence[tuple[int, bool]]:
        """The numbers beside the text, and whether something is wrong there."""
        wrong = {one.line for one in self.troubles if one.here and one.grave}
        return [(number, number in wrong) for number in range(1, self.text.count("\n") + 2)]


@dataclass(frozen=True)
class Step:
    """One line of a plan. words: what happens, name, to what. rows: how many records it concerns."""

    icon: str
    hue: str
    before: str
    name: str
    after: str
    rows: str
    destructive: bool = False
    notes: Sequence[str] = ()
    uses: Sequence[str] = ()
    sql: Sequence[str] = ()


@dataclass(frozen=True)
class ChangedFile:
    """A file that differs. lines: a unified diff as pairs of a mark ("add", "cut", "at" or "") and a text."""

    place: str
    action: str
    lines: Sequence[tuple[str, str]]
    url: str = ""


@dataclass(frozen=True)
class UpgradeSide:
    """What a layer above changes of what the draft changes below it. choices: the sides that can be taken.

    chosen: the one that was. where: the layer above and its file.
    """

    element: str
    message: str
    where: str
    url: str
    mine: str
    theirs: str
    choices: Sequence[str]
    chosen: str = ""


@dataclass(frozen=True)
class TestRow:
    """A rule test. failures: place, address, message and details of each."""

    __test__ = False
    name: str
    role: str
    url: str
    failures: Sequence[tuple[str, str, str, Sequence[str]]]


@dataclass(frozen=True)
class TestsShown:
    """What became of rule tests. failed: those that did. problem: why they could not be run."""

    __test__ = False
    passed: int
    failed: Sequence[TestRow] = ()
    problem: str = ""


@dataclass(frozen=True)
class PlanPage:
    """A plan, and publishing it. post: where that goes. loses: what the steps that lose data remove.

    wait: how long others wait for tables, in words.
    """

    title: str
    post: str
    note: str
    base: int
    next_version: int
    told: str = ""
    steps: Sequence[Step] = ()
    files: Sequence[ChangedFile] = ()
    refusals: Sequence[Trouble] = ()
    troubles: Sequence[Trouble] = ()
    clashes: Sequence[ClashedFile] = ()
    sides: Sequence[UpgradeSide] = ()
    tests: TestsShown | None = None
    skips_tests: bool = False
    drift: Sequence[str] = ()
    loses: Sequence[str] = ()
    lost_rows: str = ""
    wait: str = ""
    problem: str = ""
    draft: bool = False
    empty: bool = False

    @property
    def can_be_published(self) -> bool:
        """Whether nothing stands in the way but leave to lose data."""
        blocked = self.refusals or any(one.grave for one in self.troubles)
        return not blocked and not self.empty and bool(self.steps or self.files)

    @property
    def statements(self) -> int:
        """How many statements change the database."""
        return sum(len(step.sql) for step in self.steps)


@dataclass(frozen=True)
class VersionRow:
    """A version in the list."""

    number: int
    url: str
    at: str
    author: str
    note: str
    current: bool


@dataclass(frozen=True)
class Told:
    """An element that a version changed: in words, and attribute by attribute."""

    icon: str
    hue: str
    before: str
    name: str
    after: str
    notes: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class VersionPage:
    """One version. back_url: the plan of going back to it, empty for the one in force."""

    row: VersionRow
    elements: Sequence[Told]
    files: Sequence[ChangedFile]
    back_url: str = ""
    problem: str = ""
