"""Small apps over all kinds of documents, as Hypothesis makes them up, and how they go on from version to
version.

An app is made of parts, of which each is drawn on its own: a few fields, options, a workflow, roles, pages,
rules, another app over it, and changes of `local` over both. They are correct in whatever combination; what a
plan refuses between two versions is for the caller to see.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from fieldstone_metadata import File, Layer
from fieldstone_testing.made_parts import ALWAYS, APP, DECLARATIONS, EXTRA, JSON_APP, KINDS, LOCAL, PARTS

Draw = Callable[[st.SearchStrategy[Any]], Any]

SLOTS = ("alpha", "beta", "gamma", "delta")
RENAMED = {"alpha": "first", "beta": "second", "box": "crate"}
"""What may be called otherwise."""
FORMS = ("folders", "one folder", "windows", "json")
"""How an app is written: in several folders; in one file, in a folder called as the app; with the line ends
of Windows; its `app` document in JSON."""
LIST = "holders.csv"


@dataclass(frozen=True)
class Made:
    """An app as it was drawn.

    fields: name → what it is. renamed: those among them, and `box`, that are called otherwise. parts: which
    of `PARTS`. extra, local: which of `EXTRA` and `LOCAL`. form: how it is written.
    """

    fields: Mapping[str, str]
    renamed: frozenset[str]
    parts: Mapping[str, int]
    extra: int | None
    local: frozenset[int]
    form: str

    @property
    def layers(self) -> list[Layer]:
        """Its layers, with their files in the order in which they were made."""
        extra = () if self.extra is None else (File("app.yaml", EXTRA[self.extra]),)
        local = (File(f"{9 - number}/more.yaml", LOCAL[number]) for number in sorted(self.local))
        found = [Layer("shop", tuple(_written(self))), Layer("extra", extra), Layer("local", tuple(local))]
        return [layer for layer in found if layer.files]


def _written(made: Made) -> Iterator[File]:
    parts = {name: PARTS[name][number] for name, number in made.parts.items()}
    texts = {
        "app.yaml": APP + parts["app"],
        "entities/thing.yaml": _thing(made, parts),
        "entities/box.yaml": _box(made, parts["box"]),
        "always.yaml": ALWAYS,
        **{f"{name}.yaml": head + parts[name] for name, head in KINDS.items() if parts[name]},
    }
    others = [File("rules/things.rules", parts["rules"]), File(LIST, "name\r\nAcme\r\nBølt\r\n")]
    if made.form == "one folder":
        text = "---\n".join(texts.values()).replace(LIST, f"shop/{LIST}")
        yield File("shop/all.yaml", text)
        yield from (replace(file, path=f"shop/{file.path}") for file in others)
        return
    if made.form == "json":
        texts = {path: text for path, text in texts.items() if path != "app.yaml"} | {"app.json": JSON_APP}
    breaks = "\r\n" if made.form == "windows" else "\n"
    yield from (File(path, text.replace("\n", breaks)) for path, text in texts.items())
    yield from others


def _thing(made: Made, parts: Mapping[str, str]) -> str:
    links = "  members: {type: references, to: holder, through: membership, inverse: member_of}\n"
    fixed = """\
fields:
  name: {type: text}
  size: {type: integer}
  stage: {type: choice}   # under the workflow

  holder: {type: reference, to: holder, inverse: things}
  note: {type: text}
"""
    drawn = "".join(_fields(made))
    return f"kind: entity\nname: thing\n{parts['entity']}{fixed}{links if parts['link'] else ''}{drawn}"


def _fields(made: Made) -> Iterator[str]:
    for slot, declaration in made.fields.items():
        name, was = _called(made, slot)
        yield f"  {name}: {{{declaration.replace('NAME', name)}{f', was: {was}' if was else ''}}}\n"


def _called(made: Made, name: str) -> tuple[str, str | None]:
    """What something is called, and what it was called if it was renamed, either way."""
    other = RENAMED.get(name)
    return (other, name) if other is not None and name in made.renamed else (name, other)


def _box(made: Made, text: str) -> str:
    name, was = _called(made, "box")
    return f"kind: entity\nname: {name}\nwas: {was}\n{text}"


def _set_of(known: Sequence[Any]) -> st.SearchStrategy[frozenset[Any]]:
    return st.frozensets(st.sampled_from(known), max_size=3)


MADE = st.builds(
    Made,
    fields=st.dictionaries(st.sampled_from(SLOTS), st.sampled_from(DECLARATIONS), max_size=len(SLOTS)),
    renamed=_set_of(tuple(RENAMED)),
    parts=st.fixed_dictionaries({name: st.integers(0, len(said) - 1) for name, said in PARTS.items()}),
    extra=st.one_of(st.none(), st.integers(0, len(EXTRA) - 1)),
    local=_set_of(range(len(LOCAL))).filter(lambda local: not {0, 1} <= local),
    form=st.sampled_from(FORMS),
)
_ASPECTS = [each.name for each in dataclasses.fields(Made)]


@st.composite
def versions(draw: Draw) -> list[Made]:
    """Two to four versions of an app, of which each differs from the one before in some respects."""
    found = [draw(MADE)]
    for _ in range(draw(st.integers(1, 3))):
        other = draw(MADE)
        aspects = draw(st.frozensets(st.sampled_from(_ASPECTS), min_size=1, max_size=4))
        found.append(replace(found[-1], **{name: getattr(other, name) for name in sorted(aspects)}))
    return found
