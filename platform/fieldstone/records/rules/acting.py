"""In whose name rules act, and with whose rights: those of the system, unless a rule says `as user`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fieldstone.access.system_user import in_the_name_of_caller
from fieldstone.context import Context
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.rules.transaction import Place

if TYPE_CHECKING:
    from fieldstone.records.batch import Batch, Item

RULE = "rule"
"""The source of changes that a rule makes; the note of the history names it."""


def rule_context(context: Context, place: Place) -> Context:
    """The context of what a rule does, in the name of the acting user and with the rights of its place."""
    if place.as_user:
        acting = context.acting or context.principal
        return replace(context, principal=acting, acting=None, source=RULE, note=place.rule)
    return in_the_name_of_caller(context, RULE, place.rule)


def may_set(batch: Batch, item: Item, name: str) -> bool:
    """Whether the acting user may set a field of the record that is being saved, as it will be."""
    acting = batch.context.acting or batch.context.principal
    rights = CallerRights(replace(batch.context, principal=acting, acting=None), batch.entity)
    return rights.may_field("create" if item.is_new else "update", name, batch.wanted, item.new)
