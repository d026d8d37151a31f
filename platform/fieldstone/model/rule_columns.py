"""Where the columns of expressions come from: the model's tables, seen with the system's rights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from fieldstone.fields.any_reference import AnyReferenceType, entity_column
from fieldstone.fields.formula import FormulaType
from fieldstone.fields.money import MoneyType
from fieldstone.fields.reference import ReferenceType
from fieldstone.model.model import Entity, Field, Model
from fieldstone.model.system_fields import TITLE
from fieldstone_rules import Expression, SqlScope, lower

Column = sa.ColumnElement[Any]

KEPT_TITLE = "title__kept"
"""What the column `_title` is called in expressions of viewers; no document can declare such a name."""


class SystemColumns:
    """The tables as the system sees them: everything."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def table(self, entity: str) -> sa.FromClause:
        """The table of an entity."""
        return self.model.entities[entity].table

    def column(self, source: sa.FromClause, entity: str, field: str) -> Column:
        """A field of an alias of the table; an unstored formula is computed from it."""
        if field == KEPT_TITLE:
            return source.c[TITLE]
        found = _field(self.model.entities[entity], field)
        if found.formula is not None and not found.stored:
            return _computed(self.in_formulas(), entity, source, found.formula.expression)
        targets = _targets(found)
        return _one_of(targets, source) if targets else source.c[field]

    def in_formulas(self) -> SystemColumns:
        """Where the formulas that a column stands for read their own columns: with the system's rights."""
        return SystemColumns(self.model)

    def target(self, source: sa.FromClause, entity: str, field: str, target: str) -> Column:
        """The id in a reference, where it names a record of `target`."""
        found = _field(self.model.entities[entity], field)
        if isinstance(found.type, AnyReferenceType):
            return sa.case((source.c[entity_column(field)] == target, source.c[field]))
        return source.c[_targets(found)[target]]

    def link(self, entity: str, field: str) -> tuple[sa.FromClause, Column, Column]:
        """Of a many-to-many: the link table, its column for this record, its column for the other."""
        link = _field(self.model.entities[entity], field).link
        assert link is not None
        return link.table, link.source, link.target

    def readable(self, source: sa.FromClause, entity: str, field: str | None) -> Column | None:  # noqa: ARG002  # all is
        """No restriction."""
        return None


class OrganisationAmounts(SystemColumns):
    """The same tables, with the organisation's amount wherever a record holds an amount of money.

    A formula over money then has its value in the organisation's currency: money is only ever multiplied with
    numbers and added to money, so the formula of converted amounts is the converted amount of the formula.
    """

    def column(self, source: sa.FromClause, entity: str, field: str) -> Column:
        """A field of an alias of the table, converted if it is money."""
        found = self.model.entities[entity].field(field)
        if found is not None and isinstance(found.type, MoneyType | FormulaType):
            base = found.type.base_key
            return super().column(source, entity, field) if base is None else source.c[base]
        return super().column(source, entity, field)

    def in_formulas(self) -> SystemColumns:
        """Converted as well."""
        return self


def computed(model: Model, entity: str, source: sa.FromClause, expression: Expression) -> Column:
    """An expression over the record at `source`, with the system's rights and without joins of its own.

    Where it follows references, it becomes a scalar subquery.
    """
    return _computed(SystemColumns(model), entity, source, expression)


def computed_amount(model: Model, entity: str, source: sa.FromClause, expression: Expression) -> Column:
    """The same of an expression that gives money, in the organisation's currency."""
    return _computed(OrganisationAmounts(model), entity, source, expression)


def _computed(columns: SystemColumns, entity: str, source: sa.FromClause, expression: Expression) -> Column:
    scope = SqlScope(columns, entity, source)
    value = lower(expression, scope)
    if not scope.joins:
        return value
    one = sa.select(sa.literal_column("1").label("one")).subquery()
    return sa.select(value).select_from(scope.apply(one)).correlate(source).scalar_subquery()


def _field(entity: Entity, name: str) -> Field:
    found = entity.field(name)
    if found is None:
        raise LookupError(f"{entity.name} has no field {name}")
    return found


def _targets(field: Field) -> Mapping[str, str]:
    """Of a field that refers to records: target entity → column."""
    return field.type.targets if isinstance(field.type, ReferenceType | FormulaType) else {}


def _one_of(targets: Mapping[str, str], source: sa.FromClause) -> Column:
    columns = [source.c[name] for name in targets.values()]
    return columns[0] if len(columns) == 1 else sa.func.coalesce(*columns, type_=sa.Uuid())
