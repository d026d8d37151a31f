"""The operations on one entity, as far as the caller may use them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fieldstone.records.merging import is_mergeable
from fieldstone.web.api.answers import PREFIX
from fieldstone.web.api.exporting import PARAMETERS, TYPES
from fieldstone.web.openapi import parameters
from fieldstone.web.openapi.approvals import accepted, approval_paths, has_approvals
from fieldstone.web.openapi.bulk import bulk_operation
from fieldstone.web.openapi.common import record, reference
from fieldstone.web.openapi.files import content_paths, files_of
from fieldstone.web.openapi.merging import merge_operation
from fieldstone.web.openapi.responses import READING, WRITING, answers, empty, json_body
from fieldstone.web.openapi.schemas import plain, sent_schema
from fieldstone.web.openapi.surface import Surface
from fieldstone_metadata.names import FILE

Schema = dict[str, Any]
Operations = dict[str, Schema]
ETAG: Schema = {"ETag": {"schema": {"type": "string"}, "description": "The record's version."}}
LOCATION: Schema = {"Location": {"schema": {"type": "string"}, "description": "Where the record is."}}


def entity_paths(surface: Surface) -> Iterator[tuple[str, Operations]]:
    """Path → operations by method."""
    base = f"{PREFIX}/data/{surface.name}"
    yield base, _collection(surface)
    yield f"{base}/{{id}}", _record(surface)
    if "delete" in surface.verbs:
        yield f"{base}/{{id}}/restore", {"post": _restore(surface)}
    if surface.exports:
        yield f"{base}/export", {"get": _export(surface)}
    if surface.bulk:
        yield f"{base}/bulk", {"post": bulk_operation(surface)}
    if "read" in surface.verbs:
        yield from _of_readable(surface, base)
    yield from _belongings(surface, base)
    if "read" in surface.verbs and surface.shared:
        yield from _shares(surface, base)
    if {"create", "update"} <= surface.verbs:
        for field in surface.unique:
            yield f"{base}/by/{field}/{{value}}", {"put": _upsert(surface, field)}


def _belongings(surface: Surface, base: str) -> Iterator[tuple[str, Operations]]:
    """Comments and files of a record; of the entity of files, the contents."""
    if "read" in surface.verbs and "comment" in surface.belongings:
        yield f"{base}/{{id}}/comments", _comments(surface)
    if "read" in surface.verbs and FILE in surface.belongings:
        yield f"{base}/{{id}}/files", files_of(surface)
    if surface.name == FILE:
        yield from content_paths(surface)


def _of_readable(surface: Surface, base: str) -> Iterator[tuple[str, Operations]]:
    """What may be done with records that the caller may read."""
    yield f"{base}/{{id}}/history", {"get": _history(surface)}
    yield f"{base}/query", {"post": _query(surface)}
    if "delete" in surface.verbs:
        yield f"{base}/{{id}}/delete-preview", {"get": _delete_preview(surface)}
        if "update" in surface.verbs and is_mergeable(surface.entity):
            yield f"{base}/{{id}}/merge", {"post": merge_operation(surface)}
    if surface.trees:
        yield from _branches(surface, base)
    if surface.entity.workflow:
        yield from _workflow(surface, base)
        if has_approvals(surface):
            yield from approval_paths(surface, base)
    if surface.inverses:
        yield from _related(surface, base)


def _collection(surface: Surface) -> Operations:
    found: Operations = {}
    if "read" in surface.verbs:
        found["get"] = _operation(surface, "list", f"List {surface.plural}", _page_answers(surface)) | {
            "parameters": [*parameters.listing("created_at >= today() - 30"), parameters.at()]
        }
    if "create" in surface.verbs and surface.name != FILE:
        found["post"] = _create(surface)
    return found


def _record(surface: Surface) -> Operations:
    found: Operations = {}
    if "read" in surface.verbs:
        found["get"] = _operation(surface, "get", f"Read one {surface.label}", _one(surface, READING)) | {
            "parameters": [
                parameters.record(),
                parameters.fields(),
                parameters.flag("deleted", "Also in the bin."),
                parameters.at(),
            ]
        }
    if "update" in surface.verbs:
        changed = _one(surface, WRITING) | ({"202": accepted()} if has_approvals(surface) else {})
        found["patch"] = _operation(surface, "update", f"Change one {surface.label}", changed) | {
            "parameters": [parameters.record(), parameters.duplicates(), *_write_headers()],
            "requestBody": _body(reference(f"{surface.name}.update")),
        }
    if "delete" in surface.verbs:
        found["delete"] = _delete(surface)
    return found


def _create(surface: Surface) -> Schema:
    one = reference(f"{surface.name}.create")
    many: Schema = {
        "type": "object",
        "required": ["records"],
        "properties": {"records": {"type": "array", "minItems": 1, "maxItems": 1000, "items": one}},
        "additionalProperties": False,
    }
    created = {"anyOf": [_written(surface), reference("WrittenRecords")]}
    successes = {
        201: json_body("Created.", created, ETAG | LOCATION),
        200: json_body("A result for each record (`partial=true`).", reference("PartialResults")),
    }
    partial = parameters.flag("partial", "With `records`: keep the good ones, with a result for each.")
    return _operation(surface, "create", f"Create {surface.plural}", answers(successes, WRITING)) | {
        "parameters": [partial, parameters.duplicates(), parameters.idempotency_key()],
        "requestBody": _body({"oneOf": [one, many]}),
    }


def _delete(surface: Surface) -> Schema:
    purge = parameters.flag("purge", "For good, instead of to the recycle bin; needs the right to it.")
    responses = answers({204: empty("Deleted.")}, WRITING)
    return _operation(surface, "delete", f"Delete one {surface.label}", responses) | {
        "parameters": [parameters.record(), purge, *_write_headers()]
    }


def _delete_preview(surface: Surface) -> Schema:
    responses = answers({200: json_body("What deleting it would do.", reference("DeletePreview"))}, READING)
    summary = f"What deleting one {surface.label} would do"
    return _operation(surface, "delete_preview", summary, responses) | {"parameters": [parameters.record()]}


def _branches(surface: Surface, base: str) -> Iterator[tuple[str, Operations]]:
    trees: Schema = {"type": "string", "enum": list(surface.trees)}
    tree = parameters.query("tree", "Which tree is meant, where there are several.", trees)
    for direction in ("below", "above"):
        summary = f"All {surface.plural} {direction} one in its tree"
        listing = parameters.listing("created_at >= today() - 30")
        operation = _operation(surface, direction, summary, _page_answers(surface))
        yield (
            f"{base}/{{id}}/{direction}",
            {"get": operation | {"parameters": [parameters.record(), tree, *listing]}},
        )


def _restore(surface: Surface) -> Schema:
    return _operation(surface, "restore", f"Restore one {surface.label}", _one(surface, WRITING)) | {
        "parameters": [parameters.record(), *_write_headers()]
    }


def _upsert(surface: Surface, field: str) -> Schema:
    responses = answers(
        {
            200: json_body("Changed.", _written(surface), ETAG),
            201: json_body("Created.", _written(surface), ETAG | LOCATION),
        },
        WRITING,
    )
    summary = f"Change the {surface.label} with this {field}, or create it"
    return _operation(surface, f"upsert_by_{field}", summary, responses) | {
        "parameters": [
            parameters.path("value", f"The value of `{field}`."),
            parameters.duplicates(),
            *_write_headers(),
        ],
        "requestBody": _body(reference(f"{surface.name}.update")),
    }


def _workflow(surface: Surface, base: str) -> Iterator[tuple[str, Operations]]:
    listed = answers(
        {200: json_body("Transitions from the record's state.", reference("Transitions"))}, READING
    )
    operation = _operation(surface, "transitions", "What may be done with the record now", listed)
    yield f"{base}/{{id}}/transitions", {"get": operation | {"parameters": [parameters.record()]}}
    for name, transition in surface.transitions.items():
        summary = plain(transition.declaration.label) or name
        asked = {field: sent_schema(surface.entity.fields[field]) for field in transition.declaration.ask}
        schema: Schema = {"type": "object", "properties": asked, "additionalProperties": False}
        responses = _one(surface, WRITING) | ({"202": accepted()} if transition.approval else {})
        yield (
            f"{base}/{{id}}/transitions/{name}",
            {
                "post": _operation(surface, f"transition_{name}", summary, responses)
                | {
                    "parameters": [parameters.record(), *_write_headers()],
                    "requestBody": _body(schema, required=False),
                }
            },
        )


def _history(surface: Surface) -> Schema:
    responses = answers({200: json_body("What was changed, newest first.", reference("History"))}, READING)
    return _operation(surface, "history", f"The history of one {surface.label}", responses) | {
        "parameters": [
            parameters.record(),
            parameters.query("limit", "How many entries.", parameters.number(1, 500, 50)),
            parameters.query("cursor", "`next` of the page before."),
        ]
    }


def _export(surface: Surface) -> Schema:
    content = {kind.partition(";")[0]: {"schema": {"type": "string"}} for kind in TYPES.values()}
    responses = answers({200: {"description": "The file, complete.", "content": content}}, (*READING, 413))
    formats: Schema = {"type": "string", "enum": list(TYPES), "default": "csv"}
    listed = [one for one in parameters.listing("created_at >= today() - 30") if one["name"] in PARAMETERS]
    return _operation(surface, "export", f"Export {surface.plural}", responses) | {
        "parameters": [
            parameters.query("format", "CSV, a JSON object per line, or a spreadsheet.", formats),
            *listed,
        ]
    }


def _query(surface: Surface) -> Schema:
    statuses = (*READING, 408, 413, 415, 422)
    responses = answers({200: json_body("One object for each group.", reference("Groups"))}, statuses)
    return _operation(surface, "query", f"Count and sum {surface.plural}", responses) | {
        "requestBody": _body(reference("GroupRequest"))
    }


def _related(surface: Surface, base: str) -> Iterator[tuple[str, Operations]]:
    for name, inverse in surface.inverses.items():
        responses = answers({200: json_body("A page.", reference(f"{inverse.entity}.page"))}, READING)
        summary = f"The {plain(inverse.label) or name} of one {surface.label}"
        operation = _operation(surface, f"related_{name}", summary, responses)
        listing = parameters.listing("created_at >= today() - 30")
        yield (
            f"{base}/{{id}}/related/{name}",
            {"get": operation | {"parameters": [parameters.record(), *listing]}},
        )


def _comments(surface: Surface) -> Operations:
    found: Operations = {}
    if "read" in surface.belongings["comment"]:
        responses = answers({200: json_body("A page.", reference("comment.page"))}, READING)
        found["get"] = _operation(surface, "comments", f"The comments on one {surface.label}", responses) | {
            "parameters": [parameters.record(), *parameters.listing("created_at >= today() - 30")]
        }
    if "create" in surface.belongings["comment"]:
        created = answers({201: json_body("Created.", _of_comment(surface), ETAG | LOCATION)}, WRITING)
        found["post"] = _operation(surface, "comment", f"Comment on one {surface.label}", created) | {
            "parameters": [parameters.record(), parameters.idempotency_key()],
            "requestBody": _body(reference("comment.create_about")),
        }
    return found


def _shares(surface: Surface, base: str) -> Iterator[tuple[str, Operations]]:
    listed = answers({200: json_body("With whom.", reference("Shares"))}, READING)
    operation = _operation(surface, "shares", f"With whom one {surface.label} is shared", listed)
    found: Operations = {"get": operation | {"parameters": [parameters.record()]}}
    if surface.shares:
        made = {
            201: json_body("Shared.", reference("Share"), LOCATION),
            200: json_body("Shared with the same receiver before: replaced.", reference("Share")),
        }
        found["post"] = _operation(surface, "share", f"Share one {surface.label}", answers(made, WRITING)) | {
            "parameters": [parameters.record(), parameters.idempotency_key()],
            "requestBody": _body(reference("ShareRequest")),
        }
        gone = answers({204: empty("Taken back.")}, WRITING)
        taken = _operation(surface, "unshare", "Take a share back", gone)
        taken |= {"parameters": [parameters.record(), parameters.share(), parameters.idempotency_key()]}
        yield f"{base}/{{id}}/shares/{{share}}", {"delete": taken}
    yield f"{base}/{{id}}/shares", found


def _of_comment(surface: Surface) -> Schema:
    return record("comment") if "read" in surface.belongings["comment"] else reference("WrittenRecord")


def _operation(surface: Surface, verb: str, summary: str, responses: Schema) -> Schema:
    return {
        "operationId": f"{surface.name}.{verb}",
        "tags": [surface.name],
        "summary": summary,
        "responses": responses,
    }


def _write_headers() -> list[Schema]:
    return [parameters.if_match(), parameters.idempotency_key()]


def _one(surface: Surface, statuses: tuple[int, ...]) -> Schema:
    return answers({200: json_body("The record.", _written(surface), ETAG)}, statuses)


def _written(surface: Surface) -> Schema:
    return record(surface.name) if "read" in surface.verbs else reference("WrittenRecord")


def _page_answers(surface: Surface) -> Schema:
    return answers({200: json_body("A page.", reference(f"{surface.name}.page"))}, READING)


def _body(schema: Schema, *, required: bool = True) -> Schema:
    return {"required": required, "content": {"application/json": {"schema": schema}}}
