"""JSON Schemas of records as they are shown and as they are sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fieldstone.fields.reference import REFERENCE_SCHEMA
from fieldstone.fields.references import LINK
from fieldstone.model.model import Field
from fieldstone.model.system_fields import ASSIGNABLE
from fieldstone.records.inside.sent import MOST
from fieldstone.web.openapi.common import record, record_name, reference
from fieldstone.web.openapi.examples import example_of
from fieldstone.web.openapi.surface import Surface
from fieldstone_metadata.declarations import Label, ReferenceTarget
from fieldstone_metadata.names import FILE

Schema = dict[str, Any]


def entity_schemas(surface: Surface) -> dict[str, Schema]:
    """The schemas of one entity by component name: shown, sent to create, sent to update, a page; and of what
    lives inside other records, how it is sent with those.
    """
    found: dict[str, Schema] = {}
    if surface.entity.parent is not None:
        found[f"{surface.name}.new_inside"] = sent(
            surface, _without_way_out(surface.startable, surface), required=True
        )
        found[f"{surface.name}.inside"] = _changed_inside(surface)
    if "read" in surface.verbs:
        found[record_name(surface.name)] = shown(surface)
        found[f"{surface.name}.page"] = page(surface)
    if "create" in surface.verbs and surface.name != FILE:
        found[f"{surface.name}.create"] = sent(surface, surface.creatable, required=True)
        about = surface.entity.about
        if about is not None:
            others = {name: field for name, field in surface.creatable.items() if field is not about}
            found[f"{surface.name}.create_about"] = sent(surface, others, required=True)
    if "update" in surface.verbs:
        found[f"{surface.name}.update"] = sent(surface, surface.updatable, required=False)
    return found


def _without_way_out(fields: Mapping[str, Field], surface: Surface) -> Mapping[str, Field]:
    return {name: field for name, field in fields.items() if field is not surface.entity.parent}


def _changed_inside(surface: Surface) -> Schema:
    """What is sent with the record around: new where there is no `id`, else changed, or removed."""
    schema = sent(surface, _without_way_out(surface.updatable, surface), required=False)
    removing: Schema = {
        "type": "boolean",
        "description": "Remove the record with this `id`; send nothing else.",
    }
    schema["properties"] = {
        "id": {
            "type": "string",
            "format": "uuid",
            "description": "Of the record to change or remove; a new one has none.",
        },
        "_delete": removing,
        **schema["properties"],
    }
    return schema


def _inside(surface: Surface, form: str) -> dict[str, Schema]:
    """The collections of what lives inside a record, with their entries in one of their forms."""
    return {
        name: {"type": "array", "maxItems": MOST, "items": reference(f"{inverse.entity}{form}")}
        for name, inverse in surface.entity.lines.items()
    }


def shown(surface: Surface) -> Schema:
    """A record as it is read; fields that one record hides from the caller are absent there."""
    writable = surface.creatable.keys() | surface.updatable.keys()
    properties = {
        name: field_schema(field, read_only=name not in writable) for name, field in surface.readable.items()
    }
    inside = {
        name: {"type": "array", "items": record(inverse.entity)}
        for name, inverse in surface.entity.lines.items()
    }
    return {
        "type": "object",
        "title": surface.label,
        "properties": properties | inside,
        "required": ["id"],
        "additionalProperties": True,
    }


def sent(surface: Surface, fields: Mapping[str, Field], *, required: bool) -> Schema:
    """What may be sent; unknown members are refused."""
    schema: Schema = {
        "type": "object",
        "title": surface.label,
        "properties": {name: sent_schema(field) for name, field in fields.items()}
        | _inside(surface, ".new_inside" if required else ".inside"),
        "additionalProperties": False,
    }
    needed = [name for name, field in fields.items() if must_be_sent(field)] if required else []
    schema["example"] = {name: _example(fields[name]) for name in needed or _first(fields)}
    return schema | ({"required": needed} if needed else {})


def _first(fields: Mapping[str, Field]) -> list[str]:
    """The field that stands for all of them in an example."""
    return [name for name in fields if name not in ASSIGNABLE][:1]


def _example(field: Field) -> Any:
    return example_of(sent_value(field), plain(field.declaration.label) or field.name)


def must_be_sent(field: Field) -> bool:
    """Whether a create without this field is always refused."""
    return field.required is True and field.declaration.default is None


def page(surface: Surface) -> Schema:
    """A page of a list."""
    return {
        "type": "object",
        "required": ["data", "next"],
        "properties": {
            "data": {"type": "array", "items": record(surface.name)},
            "next": {"type": ["string", "null"], "description": "The cursor of the next page."},
            "count": {"type": ["integer", "null"], "description": "How many match, where asked for."},
            "similar": {
                "type": "boolean",
                "description": "True where nothing holds the words of `q`: these hold similar ones.",
            },
        },
    }


def field_schema(field: Field, *, read_only: bool) -> Schema:
    """A field as it is shown: null where it has no value."""
    schema = described(field, or_null(_named(field.type.api_schema())))
    return schema | ({"readOnly": True} if read_only else {})


def _named(schema: Schema) -> Schema:
    """`schema`, by its name where it is that of a reference."""
    if schema == REFERENCE_SCHEMA:
        return reference("Reference")
    return schema | {"items": reference("Reference")} if schema.get("items") == REFERENCE_SCHEMA else schema


def sent_schema(field: Field) -> Schema:
    """A field as it may be sent: null takes the value away."""
    return described(field, or_null(sent_value(field)))


def sent_value(field: Field) -> Schema:
    """The schema of a value that is sent: as it is shown, and a record also by its id alone."""
    schema = field.type.sent_schema()
    if field.declaration.target is None:
        return schema
    several = schema.get("type") == "array"
    shown = (schema["items"] if several else schema)["properties"]
    record = record_reference(field.declaration.target, shown)
    return schema | {"items": record} if several else record


def _link_fields(target: ReferenceTarget) -> dict[str, Schema]:
    """The member that holds the fields of a link, where the links are records."""
    if target.through is None:
        return {}
    description = (
        f"Fields of the link, as `{target.through.entity}` has them. Absent: a new link takes its defaults, "
        "one that is there stays as it is."
    )
    return {LINK: {"type": "object", "description": description}}


def record_reference(target: ReferenceTarget, shown: Mapping[str, Schema]) -> Schema:
    """A reference as it may be sent: the id alone where one entity is possible, or with the entity's name.

    No targets mean any entity. shown: the members with which it is shown, which may be sent back.
    """
    identity: Schema = {"type": "string", "format": "uuid"}
    known: Schema = {"enum": list(target.entities)} if target.entities else {"examples": ["user"]}
    entity: Schema = {"type": "string"} | known
    several = len(target.entities) != 1
    named: Schema = {
        "type": "object",
        "properties": {
            **shown,
            "id": identity,
            "entity": entity,
            **_link_fields(target),
        },
        "additionalProperties": False,
        "required": ["id", "entity"] if several else ["id"],
    }
    return named if several else {"anyOf": [identity, named]}


def or_null(schema: Schema) -> Schema:
    """`schema`, or null."""
    kind = schema.get("type")
    if "enum" in schema:
        return schema | {
            "type": [kind, "null"] if kind else ["string", "null"],
            "enum": [*schema["enum"], None],
        }
    if isinstance(kind, str) and "$ref" not in schema:
        return schema | {"type": [kind, "null"]}
    return schema if not schema else {"anyOf": [schema, {"type": "null"}]}


def described(field: Field, schema: Schema) -> Schema:
    """`schema` with the field's label and help for people."""
    title, help_text = plain(field.declaration.label), plain(field.declaration.help)
    return schema | ({"title": title} if title else {}) | ({"description": help_text} if help_text else {})


def plain(label: Label | None) -> str | None:
    """The text for everybody."""
    return (label or {}).get("") or None
