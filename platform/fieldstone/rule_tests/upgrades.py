"""The rule tests of an upgrade: run on the documents of all layers together, before they come into force."""

from __future__ import annotations

from collections.abc import Sequence

from fieldstone.database.database import Database
from fieldstone.errors import Conflict
from fieldstone.publication.alone.patience import USUAL, Patience
from fieldstone.publication.apply import Applied, Proposal, publish, require_publishable
from fieldstone.publication.decided import Decided
from fieldstone.publication.upgrades import version_changes
from fieldstone.rule_tests.outcome import Outcome
from fieldstone.rule_tests.stage import staged
from fieldstone.rule_tests.suite import run_tests
from fieldstone_metadata import Layer

_SKIPPED = "Rule tests were skipped."


class TestsFailed(Conflict):
    """Rule tests fail with the documents as they would be; `outcomes` are those that do."""

    __test__ = False
    code, title = "tests_failed", "Rule tests fail"

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = tuple(outcomes)
        lines = [line for outcome in outcomes for line in _lines(outcome)]
        told = "With the new version, together with all other layers, rule tests fail. Nothing was published."
        super().__init__(
            "\n".join([told, *lines]), details={"tests": [outcome.as_json() for outcome in outcomes]}
        )


def _lines(outcome: Outcome) -> list[str]:
    role = f" as {outcome.role}" if outcome.role else ""
    failures = [f"    {failure.place}: {failure.message}" for failure in outcome.failures]
    return [f"  {outcome.path}:{outcome.line}: {outcome.name}{role}", *failures]


def publish_tested(
    database: Database, proposal: Proposal, decided: Decided, patience: Patience = USUAL
) -> Applied:
    """`publish`, after the rule tests have passed where an installed app comes in another version.

    That they were skipped stands in the note. Raises what `publish` raises, and TestsFailed.
    """
    require_publishable(proposal, decided.base)
    note = decided.note
    if needs_tests(proposal):
        if decided.skip_tests:
            note = f"{note} ({_SKIPPED})" if note else _SKIPPED
        else:
            require_passing(database, proposal.layers)
    return publish(database, proposal, author=decided.author, note=note, base=decided.base, patience=patience)


def needs_tests(proposal: Proposal) -> bool:
    """Whether an installed app comes in another version, and there are tests to run."""
    rules = proposal.between.new.application.rules.values()
    upgraded = not proposal.plan.unchanged and version_changes(proposal.between)
    return bool(upgraded) and any(file.tests for file in rules)


def require_passing(database: Database, layers: Sequence[Layer]) -> None:
    """Run the rule tests of all layers, published together where nobody sees it. Raises TestsFailed."""
    with staged(database.url, layers) as stage:
        outcomes = tuple(run_tests(stage, {layer.name for layer in layers}))
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if failed:
        raise TestsFailed(failed)
