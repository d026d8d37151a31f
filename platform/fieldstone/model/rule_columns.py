"""Where the columns of expressions come from: the model's tables, seen with the system's rights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from fieldstone.fields.any_reference import AnyReferenceType, entity_column
from fieldstone.fields.formula import FormulaType
from fieldstone.fields.json_text import constant
from fieldstone.fields.reference import ReferenceType
from fieldstone.fields.stored_text import CODE_POINTS, UNICODE
from fieldstone.model.kept_values import LONGEST_TITLE, KeptValue, being_filled
from fieldstone.model.model import Entity, Field, Model
from fieldstone.model.organisation import organisation_currency, organisation_zone
from fieldstone.model.system_fields import SEARCH, TITLE
from fieldstone_rules import Expression, Pairs, RequestConstants, SqlScope, lower
from fieldstone_rules.amounts import in_base
from fieldstone_rules.expression import expression_of
from fieldstone_rules.schema import BASE_SUFFIX
from fieldstone_rules.tree import Cast
from fieldstone_rules.types import Kind, reference

Column = sa.ColumnElement[Any]

KEPT_TITLE = "title__kept"
"""What the column `_title` is called in expressions of viewers; no document can declare such a name."""


class SystemColumns:
    """The tables as the system sees them: everything.

    constants: what stands for the request in formulas that are computed; None: its parameters.
    """

    def __init__(self, model: Model, constants: RequestConstants | None = None) -> None:
        self.model = model
        self._constants = constants

    def table(self, entity: str) -> sa.FromClause:
        """The table of an entity."""
        return self.model.entities[entity].table

    def column(self, source: sa.FromClause, entity: str, field: str) -> Column:
        """A field of an alias of the table; an unstored formula is computed from it."""
        if field == KEPT_TITLE:
            return kept_column(self.model, entity, source, TITLE)
        if field.endswith(BASE_SUFFIX):
            return self._amount(source, entity, field)
        found = _field(self.model.entities[entity], field)
        if found.formula is not None and not found.stored:
            return computed(self.model, entity, source, found.formula.expression, self._constants)
        names = _targets(found).values() or (field,)
        columns = [kept_column(self.model, entity, source, name) for name in names]
        return columns[0] if len(columns) == 1 else sa.func.coalesce(*columns, type_=sa.Uuid())

    def _amount(self, source: sa.FromClause, entity: str, name: str) -> Column:
        """An amount in the organisation's currency; that of an unstored formula is computed."""
        found = _field(self.model.entities[entity], name.removesuffix(BASE_SUFFIX))
        if found.formula is not None and not found.stored:
            return computed_amount(self.model, entity, source, found.formula.expression, self._constants)
        return kept_column(self.model, entity, source, name)

    def target(self, source: sa.FromClause, entity: str, field: str, target: str) -> Column:
        """The id in a reference, where it names a record of `target`."""
        found = _field(self.model.entities[entity], field)
        if isinstance(found.type, AnyReferenceType):
            return sa.case((source.c[entity_column(field)] == target, source.c[field]))
        return kept_column(self.model, entity, source, _targets(found)[target])

    def link(self, entity: str, field: str, ended: Column | None = None) -> Pairs:
        """The pairs of a many-to-many field of `entity`, under an alias of their own."""
        link = _field(self.model.entities[entity], field).link
        assert link is not None
        return link.pairs(ended)

    def readable(self, source: sa.FromClause, entity: str, field: str | None) -> Column | None:  # noqa: ARG002  # all is
        """No restriction."""
        return None


def computed(
    model: Model,
    entity: str,
    source: sa.FromClause,
    expression: Expression,
    constants: RequestConstants | None = None,
    *,
    live: bool = False,
) -> Column:
    """An expression over the record at `source`, with the system's rights and without joins of its own.

    Where it follows references, it becomes a scalar subquery. constants: of somebody else than the request's
    user. live: whether the record is known to be in no recycle bin.
    """
    scope = SqlScope(SystemColumns(model, constants), entity, source, live=live)
    value = lower(expression, scope) if constants is None else lower(expression, scope, constants)
    if not scope.joins:
        return value
    one = sa.select(sa.literal_column("1").label("one")).subquery()
    return sa.select(value).select_from(scope.apply(one)).correlate(source).scalar_subquery()


def computed_amount(
    model: Model,
    entity: str,
    source: sa.FromClause,
    expression: Expression,
    constants: RequestConstants | None = None,
) -> Column:
    """The same of an expression that gives money, in the organisation's currency."""
    return computed(model, entity, source, in_organisations_currency(model, expression), constants)


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


# ---- what is kept, as SQL


def kept_column(model: Model, entity: str, source: sa.FromClause, name: str) -> Column:
    """A column of the record at `source`, an alias of the entity's table.

    What a publication has not filled for all records yet is computed instead, as it will be kept.
    """
    kept = being_filled(model).get((entity, name)) if model.filling else None
    if kept is None:
        return source.c[name]
    column = model.entities[entity].table.c[name]
    value = columns_of(model, kept, source)[name]
    return sa.type_coerce(stored_form(column, value), column.type)


def stored_form(column: Column, value: Column) -> Column:
    """The value with the collation of its column, with which it is compared."""
    return sa.cast(value, sa.Text).collate(CODE_POINTS) if isinstance(column.type, sa.Text) else value


def columns_of(model: Model, kept: KeptValue, source: sa.FromClause) -> Mapping[str, Column]:
    """Column name → its value for the record at `source`, an alias of the entity's table."""
    if kept.name == TITLE:
        text = sa.cast(_value(model, kept.entity, source, kept.expressions[0]), sa.Text)
        return {TITLE: sa.func.coalesce(sa.func.left(text, LONGEST_TITLE), "", type_=sa.Text())}
    if kept.name == SEARCH:
        return {SEARCH: _search_text(model, kept, source)}
    return _formula_columns(model, kept, source)


def _value(model: Model, entity: str, source: sa.FromClause, expression: Expression) -> Column:
    return computed(model, entity, source, expression, _constants(model))


def _constants(model: Model) -> RequestConstants:
    """What follows from the organisation alone, so that values that are kept need no request."""
    constants = RequestConstants()
    constants.zone = constant(str(organisation_zone(model)))
    constants.currency = constant(organisation_currency(model))
    return constants


def _search_text(model: Model, kept: KeptValue, source: sa.FromClause) -> Column:
    texts = [_searched_text(model, kept.entity, source, one) for one in kept.expressions]
    joined = sa.func.concat_ws(sa.literal_column(r"E'\n'"), *texts, type_=sa.Text())
    return sa.func.lower(joined.collate(UNICODE), type_=sa.Text())


def _searched_text(model: Model, entity: str, source: sa.FromClause, expression: Expression) -> Column:
    value = _value(model, entity, source, expression)
    if expression.type.kind is Kind.LIST:
        value = sa.func.array_to_string(value, " ", type_=sa.Text())
    return sa.func.nullif(sa.cast(value, sa.Text), "", type_=sa.Text())


def _formula_columns(model: Model, kept: KeptValue, source: sa.FromClause) -> Mapping[str, Column]:
    assert kept.field is not None
    assert isinstance(kept.field.type, FormulaType)
    formula, expression = kept.field.type, kept.expressions[0]
    if expression.type.kind is Kind.REFERENCE:
        return {
            name: _value(model, kept.entity, source, _as_one(expression, target))
            for target, name in formula.targets.items()
        }
    value = _value(model, kept.entity, source, expression)
    if expression.type.kind in (Kind.TEXT, Kind.CHOICE):
        value = sa.func.nullif(value, "", type_=sa.Text())
    if formula.base_key is None:
        return {kept.name: value}
    amount = computed_amount(model, kept.entity, source, expression, _constants(model))
    return {kept.name: value, formula.base_key: amount}


def _as_one(expression: Expression, target: str) -> Expression:
    """The expression where it names a record of `target`."""
    tree = Cast(reference(target), expression.tree.span, expression.tree, target)
    return replace(expression, tree=tree, type=tree.type)
