"""The value of a single expression, in every evaluator: what `fieldstone eval` prints."""

from fieldstone.evaluation.lines import answers, failure, result
from fieldstone.evaluation.outcome import Outcome, evaluate
from fieldstone.evaluation.world import NOTHING, World, world_of_fields, world_of_model

__all__ = [
    "NOTHING",
    "Outcome",
    "World",
    "answers",
    "evaluate",
    "failure",
    "result",
    "world_of_fields",
    "world_of_model",
]
