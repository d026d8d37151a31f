"""`GET …/{id}/below` and `…/above`: all records below or above one in its tree."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response

from fieldstone import records
from fieldstone.access.grants import access
from fieldstone.context import Context
from fieldstone.errors import NotFound
from fieldstone.model.model import Field
from fieldstone.records.branches import ABOVE, BELOW, Branch, tree_fields
from fieldstone.web.api.answers import json_bytes
from fieldstone.web.api.reading import LIST_PARAMETERS, list_query, record_id
from fieldstone.web.parameters import Parameters, refuse
from fieldstone.web.request_context import current_context
from fieldstone_rules.types import Ref

TREE = "tree"


def install(api: Blueprint) -> None:
    """Add the routes."""
    api.get("/data/<entity>/<record>/below")(list_below)
    api.get("/data/<entity>/<record>/above")(list_above)


def list_below(entity: str, record: str) -> Response:
    """All records below the record, as a list."""
    return _list(entity, record, BELOW)


def list_above(entity: str, record: str) -> Response:
    """All records above the record, as a list."""
    return _list(entity, record, ABOVE)


def _list(entity: str, record: str, direction: str) -> Response:
    parameters = Parameters(*LIST_PARAMETERS, TREE)
    query, named = list_query(parameters), parameters.text(TREE)
    identity, context = record_id(record), current_context()
    records.get_json(context, entity, identity, fields=("id",))
    branch = Branch(_tree(context, entity, named).name, direction, Ref(entity, identity))
    return json_bytes(records.list_json(context, entity, replace(query, branch=branch)))


def _tree(context: Context, entity: str, named: str | None) -> Field:
    """The tree that is meant, if the caller may know of it: named, or the only one."""
    granted = access(context.model, context.principal, entity)
    known = [
        field
        for field in tree_fields(context.model.entities[entity])
        if granted.field_read(field.name).constant is not False
    ]
    if not known:
        raise NotFound(f"Records of `{entity}` make no tree that you may see.", code="unknown_collection")
    names = ", ".join(f"`{field.name}`" for field in known)
    if named is None and len(known) > 1:
        refuse(TREE, f"There are several trees: say which with `tree=`, one of {names}.", "ambiguous_tree")
    found = next((field for field in known if named in (None, field.name)), None)
    if found is None:
        refuse(TREE, f"There is no such tree; `tree` is one of {names}.", "unknown_tree")
    return found
