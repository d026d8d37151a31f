"""The kept values of a model: what each is made of, which columns hold it, and what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from fieldstone.fields.formula import FormulaType
from fieldstone.fields.stored_text import UNICODE
from fieldstone.model.compile import compile_rule
from fieldstone.model.model import Entity, Field, Model, Rule
from fieldstone.model.rule_columns import computed, computed_amount
from fieldstone.records.rows import SEARCH, TITLE
from fieldstone_rules import Expression, Purpose, Scope, check_expression
from fieldstone_rules.routes import RoutedRead, routed_reads
from fieldstone_rules.tree import Cast
from fieldstone_rules.types import Kind, reference

Column = sa.ColumnElement[Any]
LONGEST_TITLE = 500


@dataclass(frozen=True, eq=False)
class KeptValue:
    """One kept value. name: the formula's field, `_title` or `_search`. reads: with the routes to it."""

    entity: str
    name: str
    expressions: tuple[Expression, ...]
    reads: frozenset[RoutedRead]
    field: Field | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Its identity: entity and name."""
        return self.entity, self.name

    @cached_property
    def own_reads(self) -> tuple[str, ...]:
        """The fields of the record itself that it reads."""
        return tuple(sorted(read.field for read in self.reads if not read.route))


def kept_values(model: Model, entity: Entity) -> tuple[KeptValue, ...]:
    """Everything that is kept of an entity's records."""
    key = (__name__, entity.name)
    if key not in model.cache:
        model.cache[key] = tuple(_kept(model, entity))
    found: tuple[KeptValue, ...] = model.cache[key]
    return found


def _kept(model: Model, entity: Entity) -> Iterator[KeptValue]:
    for field in entity.fields.values():
        if field.formula is not None and field.stored:
            yield _value(entity, field.name, [field.formula.expression], field)
    yield _value(entity, TITLE, [entity.title.expression])
    yield _value(entity, SEARCH, [rule.expression for rule in searched(model, entity)])


def _value(
    entity: Entity, name: str, expressions: Iterable[Expression], field: Field | None = None
) -> KeptValue:
    chosen = tuple(expressions)
    reads = frozenset(read for one in chosen for read in routed_reads(one.tree, entity.name))
    return KeptValue(entity.name, name, chosen, reads, field)


def searched(model: Model, entity: Entity) -> tuple[Rule, ...]:
    """The paths under `search`, as expressions."""
    key = (__name__, "search", entity.name)
    if key not in model.cache:
        scope = Scope(model.rules_schema, entity.name, Purpose.VALUE, user=False)
        found = [check_expression(path, scope) for path in entity.declaration.search]
        texts = [check_expression(f"{e.source}.text", scope) if _is_compound(e) else e for e in found]
        model.cache[key] = tuple(compile_rule(expression) for expression in texts)
    rules: tuple[Rule, ...] = model.cache[key]
    return rules


def _is_compound(expression: Expression) -> bool:
    return expression.type.kind is Kind.COMPOUND


# ---- as SQL


def columns_of(model: Model, kept: KeptValue, source: sa.FromClause) -> Mapping[str, Column]:
    """Column name → its value for the record at `source`, an alias of the entity's table."""
    if kept.name == TITLE:
        text = sa.cast(computed(model, kept.entity, source, kept.expressions[0]), sa.Text)
        return {TITLE: sa.func.coalesce(sa.func.left(text, LONGEST_TITLE), "", type_=sa.Text())}
    if kept.name == SEARCH:
        return {SEARCH: _search_text(model, kept, source)}
    return _formula_columns(model, kept, source)


def _search_text(model: Model, kept: KeptValue, source: sa.FromClause) -> Column:
    texts = [_searched_text(model, kept.entity, source, one) for one in kept.expressions]
    joined = sa.func.concat_ws(sa.literal_column(r"E'\n'"), *texts, type_=sa.Text())
    return sa.func.lower(joined.collate(UNICODE), type_=sa.Text())


def _searched_text(model: Model, entity: str, source: sa.FromClause, expression: Expression) -> Column:
    value = computed(model, entity, source, expression)
    if expression.type.kind is Kind.LIST:
        value = sa.func.array_to_string(value, " ", type_=sa.Text())
    return sa.func.nullif(sa.cast(value, sa.Text), "", type_=sa.Text())


def _formula_columns(model: Model, kept: KeptValue, source: sa.FromClause) -> Mapping[str, Column]:
    assert kept.field is not None
    assert isinstance(kept.field.type, FormulaType)
    formula, expression = kept.field.type, kept.expressions[0]
    if expression.type.kind is Kind.REFERENCE:
        targets = formula.targets
        return {
            name: computed(model, kept.entity, source, _as_one(expression, target))
            for target, name in targets.items()
        }
    value = computed(model, kept.entity, source, expression)
    if expression.type.kind in (Kind.TEXT, Kind.CHOICE):
        value = sa.func.nullif(value, "", type_=sa.Text())
    if formula.base_key is None:
        return {kept.name: value}
    return {
        kept.name: value,
        formula.base_key: computed_amount(model, kept.entity, source, expression),
    }


def _as_one(expression: Expression, target: str) -> Expression:
    """The expression where it names a record of `target`."""
    tree = Cast(reference(target), expression.tree.span, expression.tree, target)
    return replace(expression, tree=tree, type=tree.type)
