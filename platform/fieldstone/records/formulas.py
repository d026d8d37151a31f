"""What the platform keeps beside what was sent: stored formulas, the title and the search text.

Here they are computed for records on their way through a save. What follows from other records is computed
only where the record leads to other ones than before: else it is up to date already, as whoever writes those
brings it up to date (`fieldstone.records.kept`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fieldstone.fields.formula import FormulaType
from fieldstone.fields.refusal import ValueRefused
from fieldstone.model.kept_values import LONGEST_TITLE, KeptValue, searched
from fieldstone.model.model import Entity, Field, Model, Rule
from fieldstone.model.rule_columns import in_organisations_currency
from fieldstone.records.batch import Batch, Item
from fieldstone.records.journal import differs
from fieldstone.records.kept.plan import plan_of
from fieldstone.records.labels import field_label
from fieldstone.records.rows import SEARCH, TITLE
from fieldstone_rules import EvaluationError
from fieldstone_rules.types import Kind

_STAMPED = frozenset({"version", "updated_at", "updated_by"})
"""What a save sets last of all."""


@dataclass(frozen=True, eq=False)
class _Kept:
    """The kept values of an entity: its stored formulas, each behind those it reads, and the texts.

    foreign: those that follow from other records. stamped: whether any reads what a save sets last of all.
    """

    formulas: tuple[KeptValue, ...]
    title: KeptValue
    search: KeptValue
    foreign: frozenset[KeptValue]
    stamped: bool


def compute(batch: Batch) -> None:
    """Bring the stored formulas and titles of a batch up to date with everything else in the records."""
    kept = _kept(batch.model, batch.entity)
    for value in kept.formulas:
        for item in batch.items:
            if _is_due(kept, value, item):
                _compute(batch, item, value.field)
    for item in batch.items:
        if _is_due(kept, kept.title, item):
            item.new[TITLE] = _title(batch, item)


def compute_stamped(batch: Batch) -> None:
    """The same once more where something follows from the stamp of the save."""
    if _kept(batch.model, batch.entity).stamped:
        compute(batch)


def search_texts(batches: Sequence[Batch]) -> list[str] | None:
    """What searching looks at in each record of some batches of one entity, as far as it is to be written;
    None where nothing changes.

    It holds the fields under `search`, in lower case, one a line.
    """
    kept = _kept(batches[0].model, batches[0].entity)
    pairs = [(one, item) for one in batches for item in one.items]
    if not any(item.is_new or _reads_changed(kept.search, item) for _, item in pairs):
        return None
    return [_search_text(batch, item) for batch, item in pairs]


def _search_text(batch: Batch, item: Item) -> str:
    rules = searched(batch.model, batch.entity)
    texts = (_as_text(_value_or_nothing(batch, item, rule)) for rule in rules)
    return "\n".join(text for text in texts if text).lower()


def _is_due(kept: _Kept, value: KeptValue, item: Item) -> bool:
    """Whether a value has to be computed: a new one, or one of which the record's own part changed."""
    return value not in kept.foreign or item.is_new or item.inside or _reads_changed(value, item)


def _reads_changed(value: KeptValue, item: Item) -> bool:
    return any(differs(item.old.get(name), item.new.get(name)) for name in value.own_reads)


def _compute(batch: Batch, item: Item, field: Field | None) -> None:
    assert field is not None
    assert field.formula is not None
    assert isinstance(field.type, FormulaType)
    try:
        value = batch.wanted.value(field.formula, item.new, item.old or None)
        item.new[field.name] = field.type.read(_rounded(field, value))
        if field.type.base_key is not None:
            amount = batch.wanted.value(_amount_of(batch.model, field.formula), item.new, item.old or None)
            item.new[field.type.base_key] = _rounded(field, amount)
    except (EvaluationError, ValueRefused) as error:
        message = f"{field_label(field, batch.context.principal.locale)} cannot be computed: {error}"
        batch.refuse(item, field.name, "not_computable", message)


def _amount_of(model: Model, formula: Rule) -> Rule:
    """What gives a formula's value in the organisation's currency."""
    key = (__name__, "amount", formula)
    if key not in model.cache:
        model.cache[key] = Rule(in_organisations_currency(model, formula.expression))
    found: Rule = model.cache[key]
    return found


def _rounded(field: Field, value: Any) -> Any:
    """The value in the form that its column keeps."""
    assert field.formula is not None
    kind = field.formula.expression.type.kind
    return (
        Decimal(value)
        if kind in {Kind.DECIMAL, Kind.MONEY, Kind.PERCENT} and isinstance(value, int)
        else value
    )


def _title(batch: Batch, item: Item) -> str:
    value = _value_or_nothing(batch, item, batch.entity.title)
    return "" if value is None else str(value)[:LONGEST_TITLE]


def _value_or_nothing(batch: Batch, item: Item, rule: Rule) -> Any:
    try:
        return batch.wanted.value(rule, item.new, item.old or None)
    except EvaluationError:
        return None


def _as_text(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(str(part) for part in value)
    return "" if value is None else str(value)


def _kept(model: Model, entity: Entity) -> _Kept:
    key = (__name__, entity.name)
    if key not in model.cache:
        plan = plan_of(model)
        values = [kept for group in plan.groups for kept in group if kept.entity == entity.name]
        model.cache[key] = _Kept(
            formulas=tuple(kept for kept in values if kept.field is not None),
            title=plan.values[entity.name, TITLE],
            search=plan.values[entity.name, SEARCH],
            foreign=frozenset(kept for kept in values if kept.key in plan.foreign),
            stamped=any(_STAMPED.intersection(kept.own_reads) for kept in values),
        )
    found: _Kept = model.cache[key]
    return found
