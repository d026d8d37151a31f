"""Settling the conflicts of an upgrade: which side of each is taken, and what the documents say then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fieldstone_metadata.layer_files import LOCAL, File, Layer
from fieldstone_metadata.text_cuts import CannotCutError, with_name, without_element
from fieldstone_metadata.upgrade_conflicts import MINE, THEIRS, UpgradeConflict, upgrade_conflicts


@dataclass(frozen=True)
class Choices:
    """Which side is taken. named: element → side. otherwise: the side for all others; None: not decided."""

    named: Mapping[str, str] = field(default_factory=dict)
    otherwise: str | None = None

    def of(self, conflict: UpgradeConflict) -> str | None:
        """The side for a conflict; None where none was chosen, or one that cannot be taken."""
        side = self.named.get(conflict.element, self.otherwise)
        return side if side in conflict.choices else None


@dataclass(frozen=True)
class Settled:
    """layers: as they are with the choices. conflicts: all there were; open: those without a choice.

    unknown: elements that were chosen for without being in conflict. failures: what could not be changed,
    with the reason.
    """

    layers: tuple[Layer, ...]
    conflicts: tuple[UpgradeConflict, ...] = ()
    open: tuple[UpgradeConflict, ...] = ()
    unknown: tuple[str, ...] = ()
    failures: tuple[tuple[UpgradeConflict, str], ...] = ()


def settled(before: Sequence[Layer], after: Sequence[Layer], choices: Choices) -> Settled:
    """`after`, to be published over `before`, with the choices made.

    The higher layer's own text is kept for "mine" and taken out for "theirs". A change of what has another
    name now moves to that for "mine". Taking one out can uncover another conflict in a layer above.
    """
    layers = tuple(after)
    seen: dict[tuple[str, str], UpgradeConflict] = {}
    failed: dict[tuple[str, str], tuple[UpgradeConflict, str]] = {}
    while True:
        found = upgrade_conflicts(before, layers)
        seen |= {(each.layer, each.element): each for each in found}
        waiting = [
            each for each in found if _edits(each, choices) and (each.layer, each.element) not in failed
        ]
        if not waiting:
            break
        for edit in reversed(waiting):  # the last first: positions in lists before it stay as they are
            try:
                layers = _edited(layers, edit, choices.of(edit))
            except CannotCutError as error:
                failed[edit.layer, edit.element] = (edit, str(error))
    unknown = sorted(choices.named.keys() - {each.element for each in seen.values()})
    still_open = tuple(each for each in found if choices.of(each) is None)
    return Settled(layers, tuple(seen.values()), still_open, tuple(unknown), tuple(failed.values()))


def _edits(conflict: UpgradeConflict, choices: Choices) -> bool:
    side = choices.of(conflict)
    return side == THEIRS or (side == MINE and conflict.renamed_to is not None)


def _edited(layers: Sequence[Layer], conflict: UpgradeConflict, side: str | None) -> tuple[Layer, ...]:
    edited = (
        _with_edit(layer, conflict, side) if layer.name == conflict.layer else layer for layer in layers
    )
    return tuple(layer for layer in edited if layer.files or layer.name != LOCAL)


def _with_edit(layer: Layer, conflict: UpgradeConflict, side: str | None) -> Layer:
    files = []
    for file in layer.files:
        text = _edited_text(layer.name, file, conflict, side) if file.path == conflict.path else file.text
        files += [File(file.path, text)] if text is not None else []
    return replace(layer, files=tuple(files))


def _edited_text(layer: str, file: File, conflict: UpgradeConflict, side: str | None) -> str | None:
    if side == MINE and conflict.renamed_to is not None:
        return with_name(layer, file, conflict.document, conflict.steps, conflict.renamed_to)
    return without_element(layer, file, conflict.document, conflict.steps)
