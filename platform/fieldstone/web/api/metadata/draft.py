"""The caller's draft: what they have changed and not published, checked on each change."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, request

from fieldstone.context import Context
from fieldstone.drafts import (
    Conflict,
    Draft,
    DraftFile,
    conflicts,
    discard,
    drafted_layers,
    edit_documents,
    put_file,
    put_layers,
    read_draft,
    revert_file,
)
from fieldstone.publication.authors import author_names
from fieldstone.publication.layers import combined_layers
from fieldstone.web import bodies
from fieldstone.web.api.answers import json_value, moment, no_content
from fieldstone.web.api.metadata.answers import told
from fieldstone.web.api.metadata.archives import ZIP, unzipped
from fieldstone.web.api.metadata.edits import sent_edits
from fieldstone.web.api.metadata.rights import publisher
from fieldstone.web.api.metadata.sent import refused, text_of
from fieldstone.web.parameters import Parameters
from fieldstone.web.problems import UnsupportedMediaType
from fieldstone_metadata import Problem, check

REBASED = "rebased"


def install(api: Blueprint) -> None:
    """Add the routes."""
    api.get("/metadata/draft")(get_draft)
    api.patch("/metadata/draft")(edit_draft)
    api.delete("/metadata/draft")(discard_draft)
    api.put("/metadata/draft/files/<layer>/<path:path>")(put_draft_file)
    api.delete("/metadata/draft/files/<layer>/<path:path>")(revert_draft_file)
    api.post("/metadata/import")(import_documents)


def get_draft() -> Response:
    """What the caller has changed, the problems of the whole, and where others have changed the same."""
    Parameters()
    context = publisher()
    return _answer(context, read_draft(context.database, context.principal.user))


def edit_draft() -> Response:
    """Change elements of documents: `{"edits": […]}`, all of them or none."""
    Parameters()
    context = publisher()
    edits = sent_edits(bodies.read_object())
    return _answer(context, edit_documents(context.database, context.principal.user, edits))


def discard_draft() -> Response:
    """Forget all of it."""
    Parameters()
    context = publisher()
    bodies.read_nothing()
    discard(context.database, context.principal.user)
    return no_content()


def put_draft_file(layer: str, path: str) -> Response:
    """Change one file: `{"text": …}`; null has it go. `"rebased": true`: what is published is taken in."""
    Parameters()
    context = publisher()
    body = bodies.read_object()
    bodies.only(body, ("text", REBASED))
    rebased = body.get(REBASED, False)
    if not isinstance(rebased, bool):
        raise refused(REBASED, f"`{REBASED}` is true or false.")
    text = text_of(body, "text")
    bodies.check_text(text or "")
    bodies.check_text(f"{layer}/{path}")
    draft = put_file(context.database, context.principal.user, (layer, path), text, rebased=rebased)
    return _answer(context, draft)


def revert_draft_file(layer: str, path: str) -> Response:
    """Have one file as it is published again."""
    Parameters()
    context = publisher()
    bodies.read_nothing()
    return _answer(context, revert_file(context.database, context.principal.user, (layer, path)))


def import_documents() -> Response:
    """Take whole apps from a zip file into the draft, as they are in it."""
    Parameters()
    context = publisher()
    if request.mimetype != ZIP:
        raise UnsupportedMediaType(f"Send a zip file with the header `Content-Type: {ZIP}`.")
    layers = unzipped(request.get_data())
    return _answer(context, put_layers(context.database, context.principal.user, layers))


def _answer(context: Context, draft: Draft) -> Response:
    found = conflicts(context.database, draft)
    problems = _problems(context, draft) if draft.files else ()
    return json_value(
        {
            "base": draft.base,
            "files": [_file(file) for file in draft.files],
            "problems": told(problems),
            "conflicts": _conflicts(context, found),
        }
    )


def _problems(context: Context, draft: Draft) -> tuple[Problem, ...]:
    layers = combined_layers(drafted_layers(draft), ())
    return check(layers, earlier=context.model.application).problems


def _file(file: DraftFile) -> dict[str, Any]:
    """A file with the text as it would be published."""
    action = "remove" if file.text is None else "create" if file.theirs is None else "change"
    about = {"layer": file.layer, "path": file.path, "action": action, "at": moment(file.at)}
    return about | {"text": file.text, "published": file.theirs}


def _conflicts(context: Context, found: tuple[Conflict, ...]) -> list[dict[str, Any]]:
    names = author_names(context.database, {conflict.by for conflict in found if conflict.by})
    by = {user: {"id": str(user), "entity": "user", "title": name} for user, name in names.items()}
    return [asdict(conflict) | {"by": by.get(conflict.by) if conflict.by else None} for conflict in found]
