"""Records that count as the same as one in a form: told at the field, and asked about before a save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from fieldstone.errors import FieldstoneError
from fieldstone.model.model import Entity
from fieldstone.records import Alike
from fieldstone_ui import data
from fieldstone_ui.pages import answers, merging
from fieldstone_ui.pages.addresses import of_record
from fieldstone_ui.pages.drafts import Draft
from fieldstone_ui.presentation.labels import text


@dataclass(frozen=True)
class Other:
    """A record that counts as the same. merge_url: where it can be merged with the one in the form."""

    title: str
    url: str
    merge_url: str = ""


@dataclass(frozen=True)
class Found:
    """What a rule found. same: the labels of the fields compared, in words."""

    same: str
    blocking: bool
    hidden: bool
    others: Sequence[Other]


def watched(owner: Entity) -> list[str]:
    """The fields at which duplicates are pointed out: the first that each rule compares."""
    return list(dict.fromkeys(rule.match[0] for rule in owner.declaration.duplicates))


def notes(draft: Draft) -> dict[str, Markup]:
    """Field → what is alike, for all fields at which it can be pointed out; empty where nothing is."""
    fields = watched(draft.entity)
    if not fields:
        return {}
    told = data.alike(draft.entity, draft.identity, draft.sent.values)
    by_field: dict[str, list[Found]] = {name: [] for name in fields}
    for one in told:
        by_field[one.match[0]].append(found(draft.entity, draft.identity, one))
    return {
        name: Markup(render_template("records/alike.html", alike=each) if each else "")  # noqa: S704  # a template of ours
        for name, each in by_field.items()
    }


def found(owner: Entity, identity: UUID | None, one: Alike) -> Found:
    """What a rule found, in words."""
    labels = [look.label.lower() for look in data.looks(owner, one.match)]
    others = [other(owner, identity, each) for each in one.records]
    return Found(" and ".join(labels), one.blocking, one.hidden, others)


def other(owner: Entity, identity: UUID | None, reference: Mapping[str, Any]) -> Other:
    """One record that counts as the same."""
    its = UUID(reference["id"])
    merges = identity is not None and data.may_merge(owner)
    return Other(
        title=reference["title"] or "(no name)",
        url=of_record("record", owner, its),
        merge_url=merging.address(owner, identity, its) if merges else "",
    )


def ask(draft: Draft, error: FieldstoneError) -> ResponseReturnValue:
    """The records that are like it, with everything that was typed ready to be saved anyway."""
    owner = draft.entity
    label = text(owner.label, data.locale(), owner.name).lower()
    title = f"Perhaps this {label} is there already"
    typed = [pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token"]
    told = data.alike(owner, draft.identity, draft.sent.values)
    page = answers.dialog(
        "records/duplicates.html",
        title,
        heading=title,
        message=error.message,
        found=[found(owner, draft.identity, one) for one in told if not one.blocking],
        save_url=request.full_path.rstrip("?"),
        typed=[*typed, (data.ACCEPT_DUPLICATES, "1")],
    )
    return page, error.status
