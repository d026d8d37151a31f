"""Rules that read whole entities: the database has to be able to compute what they ask for."""

from __future__ import annotations

from collections.abc import Iterator

from fieldstone_rules.errors import Problem
from fieldstone_rules.expression import Expression
from fieldstone_rules.lifting import Lifted, lift, lifted, reads_whole_entity, why_not_lifted
from fieldstone_rules.rule_files.declarations import Declaration, For, Test
from fieldstone_rules.rule_files.dependencies import parts
from fieldstone_rules.spans import problem_at


def beyond_the_database(declaration: Declaration) -> Iterator[Problem]:
    """What a declaration asks of whole entities that has no SQL form.

    Tests are small and ask for whatever they like.
    """
    if isinstance(declaration, Test):
        return
    for part in parts(declaration):
        for source, found in _lifted(part):
            for span, message in why_not_lifted(found):
                told = message.replace("a filter, permission or formula", "what reads a whole entity")
                yield problem_at(source, span, "not_lowerable", told)


def _lifted(part: object) -> Iterator[tuple[str, Lifted]]:
    if isinstance(part, For) and reads_whole_entity(part.collection):
        yield part.expression.source, lifted("rows", part.collection)
    elif isinstance(part, Expression):
        yield from ((part.source, found) for found in lift(part)[1])
