"""States of a workflow as people see them: a hue, and a ring that fills on the way to the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, pi, sin
from typing import TYPE_CHECKING

from markupsafe import Markup

from fieldstone_ui.presentation.hues import hue, step_hue
from fieldstone_ui.presentation.labels import text

if TYPE_CHECKING:
    from fieldstone_metadata.declarations import State, Workflow

LOST_HUES = {"red", "gray"}


@dataclass(frozen=True)
class StateLook:
    """How a state looks. kind: "start", "open", "done" or "lost"; filled: 0 to 1, the part of the ring."""

    value: str
    label: str
    hue: str
    kind: str
    filled: float = 0.0
    final: bool = False

    @property
    def glyph(self) -> Markup:
        """The ring, tick or cross."""
        return glyph(self.kind, self.filled)


def state_looks(workflow: Workflow, locale: str) -> dict[str, StateLook]:
    """State name → its look, in the declared order."""
    opened = [name for name, state in workflow.states.items() if not state.final]
    return {
        name: final_look(state, locale) if state.final else open_look(state, opened, locale)
        for name, state in workflow.states.items()
    }


def open_look(state: State, opened: list[str], locale: str) -> StateLook:
    """A state on the way: the later, the fuller."""
    position = opened.index(state.name)
    filled = position / len(opened)
    kind = "open" if position else "start"
    return StateLook(
        state.name, text(state.label, locale, state.name), hue(state.color, step_hue(position)), kind, filled
    )


def final_look(state: State, locale: str) -> StateLook:
    """An end: good (a tick) unless it is declared red or gray, or worth nothing."""
    lost = is_lost(state)
    color = hue(state.color, "red" if lost else "green")
    return StateLook(
        state.name, text(state.label, locale, state.name), color, "lost" if lost else "done", 1.0, True
    )


def is_lost(state: State) -> bool:
    """Whether a final state is a bad end."""
    probability = state.attributes.get("probability")
    if probability is not None:
        return float(probability) == 0
    return hue(state.color, "green") in LOST_HUES


def choice_looks(options: Mapping[str, tuple[str, str | None]]) -> dict[str, StateLook]:
    """Options of a plain choice: value → (label, colour)."""
    return {value: StateLook(value, label, hue(color), "plain") for value, (label, color) in options.items()}


# -- the drawing -----------------------------------------------------------------------------------

RING = '<circle cx="7" cy="7" r="5.6" fill="none" stroke="currentColor" stroke-width="1.5"{}/>'
DISC = '<circle cx="7" cy="7" r="6.4" fill="currentColor"/>'
MARK = (
    '<path d="{}" fill="none" stroke="var(--fs-surface)" stroke-width="1.6" '
    'stroke-linecap="round" stroke-linejoin="round"/>'
)
TICK = "M4.3 7.2 6.2 9 9.8 5.2"
CROSS = "M5 5 9 9M9 5 5 9"


def glyph(kind: str, filled: float) -> Markup:
    """A 14 px picture of how far a record has come."""
    if kind == "start":
        inner = RING.format(' stroke-dasharray="1.6 1.92"')
    elif kind == "open":
        inner = RING.format("") + f'<path d="{pie(filled)}" fill="currentColor"/>'
    elif kind == "done":
        inner = DISC + MARK.format(TICK)
    elif kind == "lost":
        inner = DISC + MARK.format(CROSS)
    else:
        inner = '<circle cx="7" cy="7" r="3.4" fill="currentColor"/>'
    return Markup(f'<svg class="fs-glyph" viewBox="0 0 14 14" aria-hidden="true">{inner}</svg>')  # noqa: S704  built from constants and numbers


def pie(filled: float, radius: float = 3.6) -> str:
    """The path of a slice from twelve o'clock, clockwise."""
    angle = 2 * pi * min(max(filled, 0.02), 0.98)
    x, y = 7 + radius * sin(angle), 7 - radius * cos(angle)
    return f"M7 7V{7 - radius:g}A{radius:g} {radius:g} 0 {int(angle > pi)} 1 {x:.2f} {y:.2f}Z"
