"""Explanations of rights, and what a changed role would change, as the OpenAPI document describes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fieldstone.records.explaining.explanation import VERBS
from fieldstone.web.openapi.common import COUNT, FOUND, MAYBE_TEXT, TEXT, VERSION, reference
from fieldstone.web.openapi.responses import READING, answers, json_body
from fieldstone.web.openapi.surface import Surface
from fieldstone.what_if import MOST_RECORDS, MOST_USERS

Schema = dict[str, Any]

QUESTION: Schema = {
    "type": "object",
    "required": ["entity", "verb"],
    "properties": {
        "entity": TEXT,
        "verb": {"enum": list(VERBS)},
        "id": {"type": ["string", "null"], "format": "uuid", "description": "Without it: what is always so."},
        "field": MAYBE_TEXT | {"description": "Only about this field (`read`, `create`, `update`)."},
        "transition": MAYBE_TEXT | {"description": "Which one, with the verb `transition`."},
        "user": MAYBE_TEXT
        | {"description": "Id or e-mail address of another user; needs the capability `explain`."},
    },
    "additionalProperties": False,
}
EXPLAINED_PART: Schema = {
    "type": "object",
    "required": ["source", "line", "column", "value", "hidden"],
    "properties": {
        "source": TEXT,
        "line": VERSION,
        "column": VERSION,
        "value": {"description": "In the form of the API; null where it is hidden."},
        "hidden": {"type": "boolean", "description": "You may not read what it is made of."},
    },
}
EXPLAINED_CLAUSE: Schema = {
    "type": "object",
    "required": ["role", "label", "effect", "expression", "words", "value", "hidden", "parts"],
    "properties": {
        "role": MAYBE_TEXT,
        "label": MAYBE_TEXT,
        "effect": {
            "enum": ["grant", "field", "deny", "guard", "follows", "share"],
            "description": "`field` narrows the grant of its role to one field; `follows`: as that record.",
        },
        "expression": TEXT,
        "words": TEXT | {"description": "The condition for people."},
        "value": {
            "type": ["boolean", "null"],
            "description": "Whether it holds; null: hidden, or no record.",
        },
        "hidden": {"type": "boolean"},
        "parts": {"type": "array", "items": reference("ExplainedPart")},
    },
}
HELD_ROLE: Schema = {
    "type": "object",
    "required": ["role", "label", "given_to", "inherited_by"],
    "properties": {
        "role": TEXT,
        "label": TEXT,
        "given_to": {
            "anyOf": [FOUND, {"type": "null"}],
            "description": "The user, or the team of theirs, that the role was given to.",
        },
        "inherited_by": MAYBE_TEXT | {"description": "The role given to them that inherits it."},
    },
}
EXPLANATION: Schema = {
    "type": "object",
    "required": ["entity", "id", "verb", "user", "allowed", "reason", "roles", "clauses", "held"],
    "properties": {
        "entity": TEXT,
        "id": {"type": ["string", "null"]},
        "verb": TEXT,
        "field": MAYBE_TEXT,
        "transition": MAYBE_TEXT,
        "user": FOUND,
        "allowed": {"type": ["boolean", "null"], "description": "Null: it depends on the record."},
        "reason": MAYBE_TEXT | {"description": "Why not, for people."},
        "roles": {"type": "array", "items": TEXT, "description": "The roles that grant it."},
        "clauses": {"type": "array", "items": reference("ExplainedClause")},
        "held": {
            "type": "array",
            "items": reference("HeldRole"),
            "description": "How the user comes by the roles that the clauses name.",
        },
    },
}
WHAT_IF: Schema = {
    "type": "object",
    "required": ["what_if"],
    "properties": {
        "what_if": {
            "type": "object",
            "required": ["role"],
            "properties": {
                "role": {
                    "anyOf": [{"type": "string"}, {"type": "object"}],
                    "description": "The whole document of the changed role, as YAML (or several, with `---` "
                    "between them) or as an object.",
                    "example": "kind: role\nname: reader\nentities: {}\n",
                },
                "user": MAYBE_TEXT
                | {
                    "description": "Id or e-mail address of the user to compare for; without it the first "
                    f"{MOST_USERS} who hold one of the roles."
                },
                "entity": MAYBE_TEXT
                | {"description": "Without it: the entities to which rights may differ."},
                "limit": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": MOST_RECORDS,
                    "default": 10,
                    "description": "How many records to show on each side of a difference.",
                },
            },
            "additionalProperties": False,
        }
    },
    "additionalProperties": False,
}
NAMES: Schema = {"type": "array", "items": TEXT}
HELD: Schema = {
    "type": "object",
    "required": ["gained", "lost"],
    "properties": {"gained": NAMES, "lost": NAMES},
}
ALWAYS_OR_NEVER: Schema = {"type": ["boolean", "null"], "description": "Null: it depends on the new record."}
SIDE: Schema = {
    "type": "object",
    "required": ["count", "records"],
    "properties": {
        "count": COUNT | {"description": "Of the records that you may read."},
        "records": {"type": "array", "items": FOUND, "description": "The first of them, by title."},
    },
}
ENTITY_DIFFERENCE: Schema = {
    "type": "object",
    "required": ["entity", "create", "changes"],
    "properties": {
        "entity": TEXT,
        "create": {
            "type": "object",
            "required": ["before", "after"],
            "properties": {"before": ALWAYS_OR_NEVER, "after": ALWAYS_OR_NEVER},
        },
        "changes": {
            "type": "array",
            "description": "The rights that differ in some record.",
            "items": {
                "type": "object",
                "required": ["verb", "field", "gained", "lost"],
                "properties": {
                    "verb": {"enum": ["read", "update", "delete", "assign", "share"]},
                    "field": MAYBE_TEXT | {"description": "The right to this field; null: to the record."},
                    "gained": reference("GainedOrLost"),
                    "lost": reference("GainedOrLost"),
                },
            },
        },
    },
}
USER_DIFFERENCE: Schema = {
    "type": "object",
    "required": ["user", "roles", "capabilities", "entities"],
    "properties": {
        "user": FOUND,
        "roles": HELD,
        "capabilities": HELD,
        "entities": {"type": "array", "items": reference("EntityDifference")},
    },
}
DIFFERENCE: Schema = {
    "type": "object",
    "required": ["roles", "entities", "users", "users_left_out", "warnings"],
    "properties": {
        "roles": NAMES | {"description": "The roles that were handed in."},
        "entities": NAMES | {"description": "Those that were compared."},
        "users": {"type": "array", "items": reference("UserDifference")},
        "users_left_out": COUNT | {"description": "How many more hold one of the roles."},
        "warnings": {"type": "array", "items": {"type": "object"}, "description": "Of the check."},
    },
}
SCHEMAS: dict[str, Schema] = {
    "Question": QUESTION,
    "ExplainedPart": EXPLAINED_PART,
    "ExplainedClause": EXPLAINED_CLAUSE,
    "HeldRole": HELD_ROLE,
    "Explanation": EXPLANATION,
    "WhatIf": WHAT_IF,
    "GainedOrLost": SIDE,
    "EntityDifference": ENTITY_DIFFERENCE,
    "UserDifference": USER_DIFFERENCE,
    "Difference": DIFFERENCE,
}


def explain_operation(surfaces: Sequence[Surface]) -> Schema:
    """`POST /api/v1/explain` for a caller who is offered `surfaces`."""
    question = reference("Question")
    known = {"properties": {"entity": {"enum": [surface.name for surface in surfaces]}}}
    asked = {"allOf": [question, known]} if surfaces else question
    answered = {"anyOf": [reference("Explanation"), reference("Difference")]}
    return {
        "operationId": "explain",
        "tags": ["general"],
        "summary": "Who may do what to a record, and why; what a changed role would change",
        "description": "With `what_if` (which needs the capability `explain`) the answer says which records "
        "the holders of a role would gain and lose if it were changed; nothing is changed.",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"anyOf": [asked, reference("WhatIf")]}}},
        },
        "responses": answers(
            {200: json_body("The decision, with what it rests on; or the differences.", answered)},
            (*READING, 408, 413, 415, 422),
        ),
    }
