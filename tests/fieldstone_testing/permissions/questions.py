"""What a question is: what is asked, what the oracle answers, and how to ask the product."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from fieldstone_testing.permissions.probes import PARTS
from fieldstone_testing.permissions.worlds import State

Answers = Iterator[tuple[str, Any, Callable[[], Any]]]
"""(question, what the oracle says, how to ask the product)."""
T = TypeVar("T")


TURNS = 3
"""A world is asked one third of the topics; all of them for each world would take too long."""


def is_turn(state: State, turn: int) -> bool:
    """Whether the topics of a turn are asked in this world."""
    return state.world.asked % TURNS == turn


def some(state: State, questions: Sequence[T]) -> Sequence[T]:
    """The part of the questions that is asked in this world."""
    return questions[state.world.asked :: PARTS]
