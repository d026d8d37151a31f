"""Bringing a draft into force: checked and planned as what it is with all that was published meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from fieldstone import errors
from fieldstone.database.database import Database
from fieldstone.drafts.conflicts import Conflict, conflicts_with_published
from fieldstone.drafts.draft import Draft, draft_of, drafted_layers
from fieldstone.model.model import Model
from fieldstone.publication.apply import Applied, Proposal, propose_layers
from fieldstone.publication.decided import Decided
from fieldstone.publication.layers import combined_layers
from fieldstone.publication.upgrades import UNDECIDED, Upgrading
from fieldstone.rule_tests.upgrades import publish_tested
from fieldstone_metadata import Layer


class DraftConflicts(errors.Conflict):
    """Others have published changes of the same elements; details["conflicts"] has both sides of each."""

    code, title = "draft_conflicts", "Others have changed the same"

    def __init__(self, found: Sequence[Conflict]) -> None:
        names = ", ".join(f"{conflict.kind} {conflict.name}" for conflict in found)
        super().__init__(
            f"Since this draft was begun, others have published changes of the same: {names}. Nothing was "
            "published; take theirs in, or put yours again over what is published now.",
            details={"conflicts": [asdict(conflict) for conflict in found]},
        )


def propose_draft(
    database: Database,
    author: UUID,
    in_force: Model | None = None,
    upgrading: Upgrading = UNDECIDED,
) -> Proposal:
    """Check and plan the draft of `author`.

    Raises DraftConflicts, and what `propose` raises.
    """
    wanted = partial(_wanted, read_draft(database, author))
    return propose_layers(database, wanted, in_force, upgrading)


def publish_draft(database: Database, decided: Decided, in_force: Model | None = None) -> Applied:
    """Publish the draft of the author, which is empty afterwards.

    Raises what `propose_draft` and `publish_tested` raise; then the draft is as it was.
    """
    draft = read_draft(database, decided.author)
    proposal = replace(
        propose_layers(database, partial(_wanted, draft), in_force, decided.upgrading),
        allow_destructive=decided.allow_destructive,
    )
    applied = publish_tested(database, proposal, decided)
    _forget(database, draft)
    return applied


def read_draft(database: Database, author: UUID) -> Draft:
    """The draft of `author` over what is in force."""
    with database.read() as connection:
        return draft_of(connection, database.system, author)


def _wanted(draft: Draft, published: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """The layers that the draft makes of those in force. Raises DraftConflicts."""
    now = draft.over(published)
    clashes = conflicts_with_published(now)
    if clashes:
        raise DraftConflicts(clashes)
    return combined_layers(drafted_layers(now), ())


def _forget(database: Database, draft: Draft) -> None:
    """Forget what was published, but not what its author has changed in the meantime."""
    table = database.system.draft
    published = [(file.layer, file.path, file.at) for file in draft.files]
    mine = sa.and_(
        table.c.author == draft.author, sa.tuple_(table.c.layer, table.c.path, table.c.at).in_(published)
    )
    if published:
        with database.transaction() as connection:
            connection.execute(sa.delete(table).where(mine))
