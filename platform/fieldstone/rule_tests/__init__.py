"""Running the tests in rule files against a publication of which nothing stays."""

from fieldstone.rule_tests.outcome import Failure, Outcome
from fieldstone.rule_tests.stage import Stage, staged
from fieldstone.rule_tests.suite import run_tests

__all__ = ["Failure", "Outcome", "Stage", "run_tests", "staged"]
