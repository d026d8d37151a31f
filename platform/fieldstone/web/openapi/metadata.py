"""The calls about what is declared, as the OpenAPI document describes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fieldstone.publication.afterwards.unfinished import TABLE, VALUES
from fieldstone.publication.elements import KINDS
from fieldstone.web.api.answers import PREFIX
from fieldstone.web.api.metadata.archives import ZIP
from fieldstone.web.api.metadata.documents import NEWEST
from fieldstone.web.api.metadata.edits import MOST_EDITS
from fieldstone.web.api.metadata.versions import MOST_VERSIONS
from fieldstone.web.openapi import parameters
from fieldstone.web.openapi.common import COUNT, FOUND, MAYBE_TEXT, TEXT, VERSION, reference
from fieldstone.web.openapi.responses import READING, WRITING, answers, empty, json_body
from fieldstone_metadata.editing import ACTIONS

Schema = dict[str, Any]
BASE = f"{PREFIX}/metadata"
_ACTION: Schema = {"enum": ["create", "change", "rename", "remove"]}
_MOMENT: Schema = {"type": "string", "format": "date-time"}


def _object(properties: Schema, *, required: Sequence[str] | None = None, closed: bool = False) -> Schema:
    found: Schema = {
        "type": "object",
        "required": list(properties if required is None else required),
        "properties": properties,
    }
    found |= {"additionalProperties": False} if closed else {}
    return found if found["required"] else {key: found[key] for key in found if key != "required"}


def _list(items: Schema, description: str = "") -> Schema:
    return {"type": "array", "items": items} | ({"description": description} if description else {})


_SENT_FILE = _object({"layer": TEXT, "path": TEXT, "text": TEXT}, closed=True)
_FILES = _list(_SENT_FILE, "Whole apps, which replace those of the same names; absent: your draft.") | {
    "minItems": 1
}
_WANTED: Schema = {
    "note": {"type": "string", "maxLength": 2000, "description": "Why, for the list of versions."},
    "base": {
        "type": ["integer", "null"],
        "description": "The version that you have seen: if another one is in force by now, nothing is done.",
    },
    "allow_destructive": {
        "type": "boolean",
        "description": "Let steps lose data, which goes into the archive; without it they are refused.",
    },
}
_UPGRADE: Schema = {
    "choices": {
        "type": "object",
        "description": "The side to take in conflicts of an upgrade: the element → `mine`, the change of the "
        "higher layer, or `theirs`, the new version.",
        "additionalProperties": {"enum": ["mine", "theirs"]},
    },
    "downgrade": {"type": "boolean", "description": "Let an app come in an older version."},
}
_SKIP_TESTS: Schema = {
    "skip_tests": {
        "type": "boolean",
        "description": "Upgrade an app without running the rule tests first; the note tells it.",
    }
}
_NEIGHBOUR: Schema = {"type": ["string", "integer", "null"]}
_EDIT = _object(
    {
        "kind": TEXT,
        "name": TEXT,
        "layer": MAYBE_TEXT | {"description": "Absent: the one that owns the element."},
        "path": _list(
            {"type": ["string", "integer"]},
            "Keys, and positions or names of items; empty: the whole document.",
        ),
        "action": {"enum": list(ACTIONS)},
        "value": {"description": "Of `set` and `add`."},
        "before": _NEIGHBOUR | {"description": "The key or item that it stands before, if it is new."},
        "after": _NEIGHBOUR | {"description": "The key or item that it stands after, if it is new."},
        "to": MAYBE_TEXT | {"description": "The new key, of `rename`."},
    },
    required=("kind", "name", "path", "action"),
    closed=True,
)
_EDITS_AT_ONCE: Schema = {"minItems": 1, "maxItems": MOST_EDITS}
SCHEMAS: dict[str, Schema] = {
    "DocumentProblem": _object(
        {
            "layer": TEXT,
            "path": TEXT,
            "line": VERSION,
            "column": VERSION,
            "code": TEXT,
            "message": TEXT,
            "hint": MAYBE_TEXT,
            "severity": {"enum": ["error", "warning"]},
        }
    ),
    "Problems": _object({"problems": _list(reference("DocumentProblem"))}),
    "Documents": _object(
        {
            "version": VERSION,
            "data": _list(
                _object(
                    {
                        "layer": TEXT,
                        "path": TEXT,
                        "size": COUNT | {"description": "In bytes."},
                        "documents": _list(
                            _object({"kind": TEXT, "name": TEXT, "extends": {"type": "boolean"}})
                        ),
                    }
                )
            ),
        }
    ),
    "Elements": _object(
        {
            "version": VERSION,
            "data": _list(
                _object(
                    {
                        "kind": TEXT,
                        "name": TEXT | {"description": "As plans call it, such as `product.size`."},
                        "layer": TEXT | {"description": "Whose it is."},
                        "changed_by": _list(TEXT, "The higher layers that changed it, the lowest first."),
                        "path": TEXT,
                        "line": VERSION,
                    }
                )
            ),
        }
    ),
    "DocumentText": _object({"version": VERSION, "layer": TEXT, "path": TEXT, "text": TEXT}),
    "PlanOfDocuments": _object(
        {
            "base": COUNT | {"description": "The version that it would follow."},
            "unchanged": {"type": "boolean"},
            "steps": _list({"type": "object"}),
            "refusals": _list({"type": "object"}, "If there are any, it cannot be applied."),
            "destructive": {"type": "boolean", "description": "Steps lose data: they have to be allowed."},
            "drift": _list(TEXT, "Made by hand in the database; left alone."),
            "computing": _list(TEXT, "What is computed afterwards in batches, and on read until then."),
            "building": _list(TEXT, "What earlier publications left to be built in the background."),
            "conflicts": _list(
                reference("UpgradeConflict"), "What a new version and a higher layer change both: choose."
            ),
            "problems": _list(reference("DocumentProblem"), "Warnings of the check."),
        }
    ),
    "UpgradeConflict": _object(
        {
            "layer": TEXT | {"description": "The higher layer."},
            "path": TEXT,
            "line": VERSION,
            "kind": TEXT,
            "name": TEXT,
            "element": TEXT | {"description": "What `choices` name it by."},
            "base": {"description": "What it was; null: nothing."},
            "mine": {"description": "What the higher layer says."},
            "theirs": {"description": "What the new version says."},
            "message": TEXT,
            "choices": _list({"enum": ["mine", "theirs"]}, "What can be chosen."),
            "renamed_to": MAYBE_TEXT,
        }
    ),
    "Published": _object(
        {
            "version": VERSION,
            "unchanged": {"type": "boolean", "description": "It was in force already."},
            "plan": {"type": "object"},
            "problems": _list(reference("DocumentProblem")),
        }
    ),
    "PublishRequest": _object(_WANTED, required=(), closed=True),
    "DocumentsRequest": _object({"files": _FILES, **_UPGRADE}, required=(), closed=True),
    "PublishDocumentsRequest": _object(
        {"files": _FILES, **_WANTED, **_UPGRADE, **_SKIP_TESTS}, required=(), closed=True
    ),
    "PublishedVersion": _object(
        {"version": VERSION, "at": _MOMENT, "author": FOUND, "note": TEXT, "fieldstone_version": TEXT}
    ),
    "UnfinishedWork": _object(
        {
            "publication": VERSION,
            "kind": {"enum": [TABLE, VALUES], "description": "Indexes and constraints, or computed values."},
            "table": TEXT,
            "names": _list(TEXT),
            "done": COUNT | {"description": "Records that have the values."},
            "total": COUNT,
            "problem": MAYBE_TEXT | {"description": "What has to be changed before it can be done."},
        }
    ),
    "Versions": _object(
        {
            "version": VERSION | {"description": "In force."},
            "data": _list(reference("PublishedVersion")),
            "unfinished": _list(
                reference("UnfinishedWork"), "Done in the background; until then values are computed on read."
            ),
        }
    ),
    "VersionDifference": {
        "allOf": [
            reference("PublishedVersion"),
            _object(
                {
                    "since": COUNT,
                    "elements": _list(
                        _object(
                            {
                                "action": _ACTION,
                                "kind": {"enum": ["app", "entity", "field", *KINDS]},
                                "name": TEXT,
                                "alterations": _list(
                                    _object({"path": TEXT, "before": MAYBE_TEXT, "after": MAYBE_TEXT})
                                ),
                            }
                        )
                    ),
                    "files": _list(
                        _object(
                            {"layer": TEXT, "path": TEXT, "action": _ACTION, "lines": _list(TEXT)},
                        ),
                        "As unified diffs.",
                    ),
                }
            ),
        ]
    },
    "DocumentsDraft": _object(
        {
            "base": COUNT | {"description": "The version in force."},
            "files": _list(
                _object(
                    {
                        "layer": TEXT,
                        "path": TEXT,
                        "action": _ACTION,
                        "at": _MOMENT,
                        "text": MAYBE_TEXT | {"description": "As it would be published; null: it is to go."},
                        "published": MAYBE_TEXT | {"description": "As it is published now."},
                    }
                )
            ),
            "problems": _list(reference("DocumentProblem"), "Of the whole, if anything is changed."),
            "conflicts": _list(
                _object(
                    {
                        "layer": TEXT,
                        "path": TEXT,
                        "kind": TEXT,
                        "name": TEXT,
                        "by": {"anyOf": [FOUND, {"type": "null"}]},
                        "base": {},
                        "mine": {},
                        "theirs": {},
                    }
                ),
                "Elements that others changed too: with `by` in their draft, with null in what is published.",
            ),
        }
    ),
    "DraftEditsRequest": _object(
        {"edits": _list(_EDIT, "Made one after the other: all or none.") | _EDITS_AT_ONCE}, closed=True
    ),
    "DraftFileRequest": _object(
        {
            "text": MAYBE_TEXT | {"description": "The whole text; null: the file is to go."},
            "rebased": {
                "type": "boolean",
                "default": False,
                "description": "What is published now is taken in; the change counts from there.",
            },
        },
        required=("text",),
        closed=True,
    ),
}


def metadata_paths() -> dict[str, dict[str, Schema]]:
    """Path → operations by method."""
    return {f"{BASE}{path}": operations for path, operations in {**_reading(), **_changing()}.items()}


def _reading() -> dict[str, dict[str, Schema]]:
    version = parameters.query(
        "version",
        "An earlier version than that in force.",
        {"type": "integer", "minimum": 1, "maximum": NEWEST},
    )
    since = parameters.query("since", "Compare with this version instead of the one before.", COUNT)
    limit = parameters.query("limit", "How many.", parameters.number(1, MOST_VERSIONS, 50))
    apps = parameters.query("app", "Names of apps with commas between them; absent: all.")
    names = parameters.query("name", "Names of documents with commas between them; absent: all.")
    archive: Schema = {
        "description": "A zip file with a folder for each app.",
        "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}},
    }
    return {
        "/documents": _get("documents", "The files of a version", "Documents", [version]),
        "/documents/{layer}/{path}": _get(
            "document", "The text of one file", "DocumentText", [*_place(), version]
        ),
        "/elements": _get("elements", "Which layer each element is of", "Elements", [version, names]),
        "/export": {
            "get": _described(
                "export_documents", "All apps as a zip file", answers({200: archive}, (*READING, 409))
            )
            | {"parameters": [version, apps]}
        },
        "/versions": _get("versions", "The last versions, newest first", "Versions", [limit]),
        "/versions/{version}": _get(
            "version", "One version and what it changed", "VersionDifference", [_version(), since]
        ),
    }


def _changing() -> dict[str, dict[str, Schema]]:
    draft = {200: json_body("The draft.", reference("DocumentsDraft"))}
    return {
        "/versions/{version}/plan": _post(
            "plan_version", "What going back would do", "PlanOfDocuments", asked=[_version()]
        ),
        "/versions/{version}/apply": _post(
            "apply_version", "Go back to a version", "Published", "PublishRequest", asked=[_version()]
        ),
        "/check": _post("check_documents", "Find all problems", "Problems", "DocumentsRequest"),
        "/plan": _post("plan_documents", "What publishing would do", "PlanOfDocuments", "DocumentsRequest"),
        "/apply": _post("apply_documents", "Publish", "Published", "PublishDocumentsRequest"),
        "/draft": {
            "get": _described("draft", "What you have changed and not published", answers(draft, READING)),
            "patch": _described("edit_draft", "Change elements of documents", answers(draft, WRITING))
            | {"requestBody": _body("DraftEditsRequest", required=True)},
            "delete": _described("discard_draft", "Forget it", answers({204: empty("Forgotten.")}, WRITING)),
        },
        "/draft/files/{layer}/{path}": {
            "put": _described("put_draft_file", "Change a file", answers(draft, WRITING))
            | {"parameters": _place(), "requestBody": _body("DraftFileRequest", required=True)},
            "delete": _described("revert_draft_file", "Have it as published", answers(draft, WRITING))
            | {"parameters": _place()},
        },
        "/import": {
            "post": _described("import_documents", "Take apps into the draft", answers(draft, WRITING))
            | {
                "requestBody": {
                    "required": True,
                    "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}},
                }
            }
        },
    }


def _get(name: str, summary: str, schema: str, asked: list[Schema]) -> dict[str, Schema]:
    successes = {200: json_body(f"{summary}.", reference(schema))}
    return {"get": _described(name, summary, answers(successes, (*READING, 409))) | {"parameters": asked}}


def _post(
    name: str, summary: str, schema: str, request: str | None = None, asked: Sequence[Schema] = ()
) -> dict[str, Schema]:
    successes = {200: json_body(f"{summary}.", reference(schema))}
    operation = _described(name, summary, answers(successes, WRITING)) | {"parameters": list(asked)}
    return {"post": operation | ({"requestBody": _body(request)} if request else {})}


def _body(schema: str, *, required: bool = False) -> Schema:
    return {"required": required, "content": {"application/json": {"schema": reference(schema)}}}


def _place() -> list[Schema]:
    return [
        parameters.path("layer", "The app, or `local`."),
        parameters.path("path", "Of the file, with `/`."),
    ]


def _version() -> Schema:
    return parameters.path("version", "The number of the version.") | {"schema": VERSION}


def _described(name: str, summary: str, responses: Schema) -> Schema:
    return {"operationId": name, "tags": ["metadata"], "summary": summary, "responses": responses}
