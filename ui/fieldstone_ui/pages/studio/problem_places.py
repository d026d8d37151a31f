"""Which input of a form a problem is about: the key in whose span of the text it stands."""

from __future__ import annotations

from collections.abc import Sequence

from fieldstone_metadata import Problem
from fieldstone_metadata.documents import Document
from fieldstone_metadata.nodes import Node


def problems_by_key(
    document: Document | None, path: Sequence[str], problems: Sequence[Problem]
) -> tuple[dict[str, str], list[Problem]]:
    """Key below `path` → what is wrong there; and the problems that stand elsewhere."""
    node: Node | None = document.root if document is not None else None
    for step in path:
        node = node.get(step) if node is not None else None
    errors: dict[str, str] = {}
    others: list[Problem] = []
    for problem in problems:
        key = next((key for key, child in node.items() if _stands_in(problem, child)), None) if node else None
        if key is None:
            others.append(problem)
        else:
            errors.setdefault(key, sentence(problem))
    return errors, others


def sentence(problem: Problem) -> str:
    """What is wrong and what may help, for people."""
    parts = (part for part in (problem.message, problem.hint) if part)
    return " ".join(f"{part[:1].upper()}{part[1:]}{'' if part[-1] in '.?!' else '.'}" for part in parts)


def _stands_in(problem: Problem, node: Node) -> bool:
    source = node.source
    if (problem.layer, problem.path) != (source.layer, source.path):
        return False
    lines = source.text.split("\n")
    at = sum(len(line) + 1 for line in lines[: problem.line - 1]) + problem.column - 1
    start = node.key_start if node.key_end else node.start
    return start <= at <= max(node.end, start)
