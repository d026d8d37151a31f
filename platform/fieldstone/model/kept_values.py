"""The values that a model keeps with records: what each is made of, and what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from fieldstone.fields.formula import FormulaType
from fieldstone.model.compile import compile_rule
from fieldstone.model.model import Entity, Field, Model, Rule
from fieldstone.model.system_fields import SEARCH, TITLE
from fieldstone_rules import Expression, Purpose, Scope, check_expression
from fieldstone_rules.routes import RoutedRead, routed_reads
from fieldstone_rules.types import Kind

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

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that hold it."""
        if self.field is None:
            return (self.name,)
        assert isinstance(self.field.type, FormulaType)
        base = self.field.type.base_key
        return (*(column.name for column in self.field.columns), *(() if base is None else (base,)))

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


def being_filled(model: Model) -> Mapping[tuple[str, str], KeptValue]:
    """The columns (entity, column) of the values that are still being filled → the value."""
    if __name__ not in model.cache:
        model.cache[__name__] = {
            (entity, column): kept
            for entity in sorted({entity for entity, _ in model.filling} & model.entities.keys())
            for kept in kept_values(model, model.entities[entity])
            if kept.key in model.filling
            for column in kept.columns
        }
    found: Mapping[tuple[str, str], KeptValue] = model.cache[__name__]
    return found
