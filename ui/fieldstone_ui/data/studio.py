"""What the studio reads and changes: documents, the reader's draft of them, plans and versions.

Everything raises Forbidden for readers who may not see or change what is declared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import cast
from uuid import UUID

from fieldstone.drafts import (
    Conflict,
    Draft,
    DraftFile,
    conflicts,
    discard,
    drafted_layers,
    edit_documents,
    propose_draft,
    publish_draft,
    put_file,
    read_draft,
    revert_file,
    settle_file,
    take_theirs,
)
from fieldstone.errors import Conflict as Refused
from fieldstone.publication.afterwards.unfinished import Unfinished, unfinished
from fieldstone.publication.apply import Applied, Proposal, publish
from fieldstone.publication.arrangements import propose_version
from fieldstone.publication.authors import author_names
from fieldstone.publication.decided import Decided
from fieldstone.publication.layers import combined_layers
from fieldstone.publication.store import Publication, publications
from fieldstone.publication.upgrades import Upgrading
from fieldstone.publication.versions import VersionDifference, compare, require_version
from fieldstone.rule_tests import Outcome, run_tests, staged
from fieldstone.web.api.metadata.rights import publisher, refusal_to_publish
from fieldstone.web.runtime import current_runtime
from fieldstone_metadata import Checked, File, Layer, check
from fieldstone_metadata.documents import Document, parse_file
from fieldstone_metadata.editing import DocumentEdit
from fieldstone_metadata.upgrade_conflicts import UpgradeConflict, upgrade_conflicts
from fieldstone_ui.data.reader import context

Place = tuple[str, str]
"""A layer and the path of a file in it."""
MOST_VERSIONS = 100
MOST_CHECKED = 2
"""So many drafts, as they were checked, are kept in mind, those used last: an application is large."""


def may_publish() -> bool:
    """Whether the reader may see and change what is declared."""
    return refusal_to_publish(context().principal) is None


def mark(text: str | None) -> str:
    """A short fingerprint of a text, empty for none: whether it is still the one that somebody has seen."""
    return "" if text is None else sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Workplace:
    """The reader's draft and all layers as it would have them, `core` included."""

    draft: Draft
    layers: tuple[Layer, ...]

    @cached_property
    def checked(self) -> Checked:
        """What the documents declare together, and what is wrong with them; the last answers are kept."""
        current = context().model
        known = current.cache.get("studio_checked", ())
        found = next((one for one in known if one[0] == self.layers), None)
        if found is None:
            found = (self.layers, check(self.layers, earlier=current.application))
        others = [one for one in known if one[0] != self.layers]
        current.cache["studio_checked"] = (*others, found)[-MOST_CHECKED:]
        return cast("Checked", found[1])

    @cached_property
    def changed(self) -> Mapping[Place, DraftFile]:
        """The files that the draft changes."""
        return {(file.layer, file.path): file for file in self.draft.files}

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """All documents, layer by layer."""
        return tuple(
            document
            for layer in self.layers
            for file in layer.files
            for document in parse_file(layer.name, file).documents
        )

    def text(self, place: Place) -> str | None:
        """The text of a file as the draft has it; None if there is none."""
        return next((file.text for file in self._files(place[0]) if file.path == place[1]), None)

    def published(self, place: Place) -> str | None:
        """The text of a file that is in force; None if there is none."""
        layers = (layer for layer in self.draft.published if layer.name == place[0])
        return next((file.text for layer in layers for file in layer.files if file.path == place[1]), None)

    def _files(self, name: str) -> tuple[File, ...]:
        return tuple(file for layer in self.layers if layer.name == name for file in layer.files)


def workplace() -> Workplace:
    """The reader's draft over what is in force."""
    found = publisher()
    return _over(read_draft(found.database, found.principal.user))


def write(place: Place, text: str | None, seen: str) -> Workplace:
    """Have a file say `text` in the draft, or go (None); what it all is then.

    seen: the `mark` of the published text that the reader has in front of them. Raises Conflict where the
    change would begin over another one, and what `put_file` raises.
    """
    found = publisher()
    before = _over(read_draft(found.database, found.principal.user))
    rebased = seen == mark(before.published(place))
    if not rebased and place not in before.changed:
        raise Refused(
            f"Somebody has published another text of `{'/'.join(place)}` since you opened it. Nothing of "
            "yours was kept in the draft: copy what you typed, and open the file again.",
            code="text_moved",
        )
    return _over(put_file(found.database, found.principal.user, place, text, rebased=rebased))


def edit(edits: Sequence[DocumentEdit]) -> None:
    """Change elements of documents in the draft, where they stand. Raises Invalid."""
    found = publisher()
    edit_documents(found.database, found.principal.user, edits)


def revert(place: Place) -> None:
    """Have one file as it is published. Raises NotFound where the draft does not change it."""
    found = publisher()
    revert_file(found.database, found.principal.user, place)


def settle(place: Place, sides: Mapping[str, str]) -> None:
    """Take what others published in, with a side for each conflict. Raises what `settle_file` raises."""
    found = publisher()
    settle_file(found.database, found.principal.user, place, sides)


def take_over(place: Place, element: str, other: UUID) -> None:
    """Have an element as somebody else's draft has it. Raises what `take_theirs` raises."""
    found = publisher()
    take_theirs(found.database, found.principal.user, place, element, other)


def discard_draft() -> int:
    """Forget the whole draft; how many files it changed."""
    found = publisher()
    return discard(found.database, found.principal.user)


def conflicts_of(found: Workplace) -> tuple[Conflict, ...]:
    """Where others changed the same elements, published or in drafts of theirs."""
    return conflicts(publisher().database, found.draft)


def upgrade_conflicts_of(found: Workplace) -> tuple[UpgradeConflict, ...]:
    """Where layers above change what the draft changes in a layer below them."""
    return upgrade_conflicts(found.draft.published, found.layers)


def proposed_draft(upgrading: Upgrading) -> Proposal:
    """The plan of the reader's draft. Raises NotAccepted, DraftConflicts and UpgradeConflicts."""
    found = publisher()
    return propose_draft(found.database, found.principal.user, found.model, upgrading)


def publish_drafted(decided: Decided) -> Applied:
    """Publish the reader's draft. Raises what `publish_draft` raises."""
    found = publisher()
    return _taken_up(publish_draft(found.database, decided, in_force=found.model))


def publisher_id() -> UUID:
    """The reader, who may publish. Raises Forbidden."""
    return publisher().principal.user


def rule_tests(found: Workplace, place: Place | None = None) -> list[Outcome]:
    """What became of the rule tests (of one file) with the draft, published where nobody sees it.

    Raises NotAccepted for documents with mistakes.
    """
    layers = {place[0]} if place else {layer.name for layer in found.layers}
    with staged(publisher().database.url, found.layers) as stage:
        outcomes = list(run_tests(stage, layers))
    return [one for one in outcomes if place is None or one.path == place[1]]


def proposed_return(version: int) -> Proposal:
    """The plan of going back to a version. Raises NotFound, and what `propose` raises."""
    return propose_version(publisher().database, version)


def return_to(version: int, note: str, base: int, *, allow_destructive: bool) -> Applied:
    """Go back to a version, as a new one. Raises what `proposed_return` and `publish` raise."""
    found = publisher()
    proposal = replace(proposed_return(version), allow_destructive=allow_destructive)
    return _taken_up(publish(found.database, proposal, author=found.principal.user, note=note, base=base))


def left() -> list[Unfinished]:
    """What publications left to be done in the background."""
    found = publisher().database
    with found.read() as connection:
        return unfinished(connection, found.system)


def versions() -> list[Publication]:
    """The last versions, newest first."""
    found = publisher()
    with found.database.read() as connection:
        return publications(connection, found.database.system, MOST_VERSIONS)


def version(number: int) -> Publication:
    """One version. Raises NotFound."""
    return require_version(publisher().database, number)


def differences(number: int) -> VersionDifference:
    """What a version changed. Raises NotFound, and NoLongerAccepted."""
    return compare(publisher().database, number - 1, number)


def names(users: set[UUID]) -> Mapping[UUID, str]:
    """User → name."""
    return author_names(publisher().database, users)


def _over(draft: Draft) -> Workplace:
    return Workplace(draft, combined_layers(drafted_layers(draft), ()))


def _taken_up(applied: Applied) -> Applied:
    """This process shows what was published with its next page."""
    current_runtime().current.reload()
    return applied
