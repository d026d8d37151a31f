"""Fieldstone with a model of many entities and roles beside Fieldstone with few: a request costs the same."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from installation import Installation
from records import OWNERS
from rounds import Effort, Figures, Side, compare
from serving import serve_fieldstone
from wide_app import Extent

ROWS = 2_000
FEW, ROLES = 10, 200
"""The entities of the small model, and the roles of the large one."""
OWN = 2
"""The entities of the benchmark's app itself."""
FIELDS = 20
"""Of each entity. A thousand tables of them are some minutes' work for the database of a busy machine."""
COMPARED = ("get", "list", "create")


def compare_models(effort: Effort, entities: int) -> Iterator[tuple[str, Figures]]:
    """Each scenario with the ratio of the throughput with many entities and roles to that with few."""
    with tempfile.TemporaryDirectory(prefix="fieldstone-bench-") as folder, ExitStack() as stack:
        many = _filled(Path(folder) / "many", (entities - OWN, ROLES), stack)
        few = _filled(Path(folder) / "few", (FEW - OWN, 2), stack)
        for scenario in COMPARED:
            yield scenario, compare(many, few, scenario, effort)


def _filled(folder: Path, extent: tuple[int, int], stack: ExitStack) -> Side:
    folder.mkdir()
    installation = stack.enter_context(Installation(folder))
    installation.fill(ROWS // 10, ROWS, OWNERS[:1])
    installation.widen(Extent(*extent, fields=FIELDS, rules=False))
    return serve_fieldstone(installation, stack, folder.name)
