"""Where the columns of expressions come from: the model's tables, seen with the system's rights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from fieldstone.fields.any_reference import AnyReferenceType, entity_column
from fieldstone.fields.formula import FormulaType
from fieldstone.fields.reference import ReferenceType
from fieldstone.model.model import Entity, Field, Model
from fieldstone.model.system_fields import TITLE
from fieldstone_rules import Expression, Pairs, RequestConstants, SqlScope, lower
from fieldstone_rules.amounts import in_base
from fieldstone_rules.expression import expression_of
from fieldstone_rules.schema import BASE_SUFFIX

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
        if field.endswith(BASE_SUFFIX):
            return self._amount(source, entity, field)
        found = _field(self.model.entities[entity], field)
        if found.formula is not None and not found.stored:
            return computed(self.model, entity, source, found.formula.expression)
        targets = _targets(found)
        return _one_of(targets, source) if targets else source.c[field]

    def _amount(self, source: sa.FromClause, entity: str, name: str) -> Column:
        """An amount in the organisation's currency; that of an unstored formula is computed."""
        found = _field(self.model.entities[entity], name.removesuffix(BASE_SUFFIX))
        if found.formula is not None and not found.stored:
            return computed_amount(self.model, entity, source, found.formula.expression)
        return source.c[name]

    def target(self, source: sa.FromClause, entity: str, field: str, target: str) -> Column:
        """The id in a reference, where it names a record of `target`."""
        found = _field(self.model.entities[entity], field)
        if isinstance(found.type, AnyReferenceType):
            return sa.case((source.c[entity_column(field)] == target, source.c[field]))
        return source.c[_targets(found)[target]]

    def link(self, entity: str, field: str) -> Pairs:
        """The pairs of a many-to-many field of `entity`, under an alias of their own."""
        link = _field(self.model.entities[entity], field).link
        assert link is not None
        return link.pairs()

    def readable(self, source: sa.FromClause, entity: str, field: str | None) -> Column | None:  # noqa: ARG002  # all is
        """No restriction."""
        return None


def computed(
    model: Model,
    entity: str,
    source: sa.FromClause,
    expression: Expression,
    constants: RequestConstants | None = None,
) -> Column:
    """An expression over the record at `source`, with the system's rights and without joins of its own.

    Where it follows references, it becomes a scalar subquery. constants: of somebody else than the request's
    user.
    """
    scope = SqlScope(SystemColumns(model), entity, source)
    value = lower(expression, scope) if constants is None else lower(expression, scope, constants)
    if not scope.joins:
        return value
    one = sa.select(sa.literal_column("1").label("one")).subquery()
    return sa.select(value).select_from(scope.apply(one)).correlate(source).scalar_subquery()


def computed_amount(model: Model, entity: str, source: sa.FromClause, expression: Expression) -> Column:
    """The same of an expression that gives money, in the organisation's currency."""
    return computed(model, entity, source, in_organisations_currency(model, expression))


def in_organisations_currency(model: Model, expression: Expression) -> Expression:
    """An expression that gives the amount of another in the organisation's currency.

    Where all its amounts are in one currency of their own (`convert(amount, 'USD')`), it stays as it is.
    """
    key = (__name__, "base", expression)
    if key not in model.cache:
        tree = in_base(expression.tree, model.rules_schema) or expression.tree
        model.cache[key] = expression_of(expression.source, tree, expression.scope)
    found: Expression = model.cache[key]
    return found


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
