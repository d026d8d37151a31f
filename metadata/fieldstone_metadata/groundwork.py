"""What a check leaves to the next one: its parts, and what each of them depends on.

A part is what is made of one document, or of a piece of it. It is taken over where its sources are the very
same objects and nothing that it looked up has changed; so the result is what a check from scratch would give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fieldstone_metadata.documents import Document
from fieldstone_metadata.lookups import ALL, OUTLINE, Lookup, Lookups
from fieldstone_metadata.problems import ERROR, Problem
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.shapes import EntityShape, same_outline

Key = tuple[str, ...]
"""What names a part: a kind of step, and names."""

Formulas = Mapping[tuple[str, str], tuple[str, bool]]
"""Entity and formula → what others see of it: its type with all that belongs to it (types that differ in that
are equal), and whether it reads collections.
"""

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """A result, with what it was made from, what was looked up for it, and what was reported."""

    sources: tuple[object, ...]
    looked_up: frozenset[Lookup]
    problems: tuple[Problem, ...]
    result: Any


@dataclass(frozen=True, eq=False)
class Groundwork:
    """All parts of an accepted check, and what they could look up.

    facts: what expressions ask of the whole application.
    """

    parts: Mapping[Key, Part]
    documents: Mapping[str, Mapping[str, Document]]
    shapes: Mapping[str, EntityShape]
    facts: Mapping[Lookup, object]
    formulas: Formulas


@dataclass
class Building:
    """The parts of one check while it goes on.

    earlier: of the check that it follows. changed: what it finds otherwise than that one did, among it what
    only became known in an attempt before this one.
    """

    report: Report
    earlier: Groundwork | None = None
    changed: set[Lookup] = field(default_factory=set)
    lookups: Lookups = field(default_factory=Lookups)
    parts: dict[Key, Part] = field(default_factory=dict)

    def part(self, key: Key, sources: tuple[object, ...], make: Callable[[], Result]) -> Result:
        """What `make` makes of `sources` and of what it looks up, or the same of the earlier check."""
        kept = self.kept(key, sources)
        if kept is not None:
            self.report.extend(kept.problems)
            self.parts[key] = kept
            found: Result = kept.result
            return found
        first = len(self.report.problems)
        with self.lookups.heard() as heard:
            result = make()
        problems = tuple(self.report.problems[first:])
        if all(problem.severity != ERROR for problem in problems):
            self.parts[key] = Part(sources, frozenset(heard), problems, result)
        return result

    def kept(self, key: Key, sources: tuple[object, ...]) -> Part | None:
        """A part of the earlier check that would be made alike now."""
        kept = self.earlier.parts.get(key) if self.earlier is not None else None
        if kept is None or not kept.looked_up.isdisjoint(self.changed):
            return None
        same = len(kept.sources) == len(sources) and all(map(_is, kept.sources, sources))
        return kept if same else None

    def compare_documents(self, documents: Mapping[str, Mapping[str, Document]]) -> None:
        """Find out which documents have changed."""
        earlier = self.earlier.documents if self.earlier is not None else {}
        for kind in {**earlier, **documents}:
            before, now = earlier.get(kind, {}), documents.get(kind, {})
            roots = ((name, before.get(name), now.get(name)) for name in {**before, **now})
            found = {(kind, name) for name, one, other in roots if not _same_root(one, other)}
            self._add(kind, found, before, now)

    def compare_outlines(self, shapes: dict[str, EntityShape]) -> None:
        """Find out which entities look otherwise to others. Those that do not are replaced by the earlier
        ones in `shapes`, so that parts made from them can be told to be the same.
        """
        before = self.earlier.shapes if self.earlier is not None else {}
        found = {(OUTLINE, name) for name in before.keys() - shapes.keys()}
        for name, shape in [*shapes.items()]:
            earlier = before.get(name)
            if earlier is not None and same_outline(earlier, shape):
                shapes[name] = earlier
            else:
                found.add((OUTLINE, name))
        self._add(OUTLINE, found, before, shapes)

    def compare_facts(self, facts: Mapping[Lookup, object]) -> None:
        """Find out what of the whole application has changed."""
        before = self.earlier.facts if self.earlier is not None else {}
        self.changed |= {name for name, value in facts.items() if before.get(name) != value}

    def drifted(self, formulas: Formulas) -> Iterator[Lookup]:
        """The entities with formulas that turned out to look otherwise, although they themselves did not."""
        before = self.earlier.formulas if self.earlier is not None else {}
        for key in {**before, **formulas}:
            if before.get(key) != formulas.get(key) and (OUTLINE, key[0]) not in self.changed:
                yield OUTLINE, key[0]

    def groundwork(
        self,
        documents: Mapping[str, Mapping[str, Document]],
        shapes: Mapping[str, EntityShape],
        facts: Mapping[Lookup, object],
        formulas: Formulas,
    ) -> Groundwork:
        """What the next check can take over of this one."""
        kinds = {kind: dict(named.items()) for kind, named in documents.items()}
        return Groundwork(self.parts, kinds, dict(shapes.items()), facts, formulas)

    def _add(
        self, kind: str, found: set[Lookup], before: Mapping[str, object], now: Mapping[str, object]
    ) -> None:
        self.changed |= found
        if found or list(before) != list(now):
            self.changed.add((kind, ALL))


def _same_root(one: Document | None, other: Document | None) -> bool:
    return one is not None and other is not None and one.root is other.root


def _is(one: object, other: object) -> bool:
    return one is other
