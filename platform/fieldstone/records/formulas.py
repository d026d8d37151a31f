"""What the platform keeps beside what was sent: stored formulas, the title and the search text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fieldstone.fields.refusal import ValueRefused
from fieldstone.model.model import Entity, Field, Model
from fieldstone.records.batch import Batch, Item
from fieldstone.records.labels import field_label
from fieldstone.records.rows import TITLE, Row
from fieldstone_rules import EvaluationError
from fieldstone_rules.types import Kind

_LONGEST_TITLE = 500


def compute(batch: Batch) -> None:
    """Bring the stored formulas and titles of a batch up to date with everything else in the records."""
    formulas = _stored(batch.model, batch.entity)
    for field in formulas:
        for item in batch.items:
            _compute(batch, item, field)
    for item in batch.items:
        item.new[TITLE] = _title(batch, item)


def search_text(entity: Entity, record: Row) -> str:
    """What searching for a record looks at: its own fields under `search`, in lower case, one a line."""
    fields = (entity.field(name) for name in entity.declaration.search)
    texts = (_as_text(field, record.get(field.name)) for field in fields if field is not None)
    return "\n".join(text for text in texts if text).lower()


def _compute(batch: Batch, item: Item, field: Field) -> None:
    assert field.formula is not None
    try:
        value = batch.wanted.value(field.formula, item.new, item.old or None)
        item.new[field.name] = field.type.read(_rounded(field, value))
    except (EvaluationError, ValueRefused) as error:
        message = f"{field_label(field, batch.context.principal.locale)} cannot be computed: {error}"
        batch.refuse(item, field.name, "not_computable", message)


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
    try:
        value = batch.wanted.value(batch.entity.title, item.new, item.old or None)
    except EvaluationError:
        return ""
    return "" if value is None else str(value)[:_LONGEST_TITLE]


def _as_text(field: Field, value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(str(part) for part in value)
    return "" if value is None else str(field.type.api_form(value))


def _stored(model: Model, entity: Entity) -> list[Field]:
    """The stored formulas, each behind those that it reads."""
    key = (__name__, "stored", entity.name)
    if key not in model.cache:
        waiting = {name: f for name, f in entity.fields.items() if f.formula is not None and f.stored}
        ordered: list[Field] = []
        while waiting:
            ready = next((f for f in waiting.values() if not _reads_any(f, entity, waiting)), None)
            chosen = ready or next(iter(waiting.values()))
            ordered.append(waiting.pop(chosen.name))
        model.cache[key] = ordered
    found: list[Field] = model.cache[key]
    return found


def _reads_any(field: Field, entity: Entity, others: dict[str, Field]) -> bool:
    assert field.formula is not None
    reads = field.formula.expression.reads
    return any((entity.name, name) in reads for name in others)
