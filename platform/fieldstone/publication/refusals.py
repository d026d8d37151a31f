"""What cannot be published onto living data yet, each with the element and what to do instead.

A publication creates and adds. What would drop, rename or convert is refused here, never done by halves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from fieldstone.fields.conversions import CONVERSIONS, conversion_of
from fieldstone.fields.references import ReferencesType
from fieldstone.model.model import Entity, Field, Model
from fieldstone.model.organisation import organisation_currency
from fieldstone.publication.changes.expressed import ExpressedField
from fieldstone.publication.changes.renames import Renames
from fieldstone.publication.changes.required import is_filled
from fieldstone.publication.changes.table_change import TableChange
from fieldstone.publication.counts import Counts
from fieldstone.publication.refusal import Refusal
from fieldstone.records.money import CURRENCY
from fieldstone_metadata import declarations
from fieldstone_rules.rule_files.jobs import jobs


def refusals(  # noqa: PLR0917  # two models, and what is known of their difference
    old: Model | None,
    new: Model,
    renames: Renames,
    changes: list[TableChange],
    counts: Counts,
    expressed: Sequence[ExpressedField],
) -> Iterator[Refusal]:
    """Everything in the way of publishing `new` over `old`. expressed: fields with values of expressions."""
    yield from _waiting_for_jobs(new)
    yield from _of_currency(old, new, counts)
    with_records = _with_records(new)
    yield from renames.refusals
    told = [
        refusal
        for name, entity in new.entities.items()
        if (before := old.entities.get(renames.entity_before(name)) if old else None) is not None
        for refusal in _of_fields(before, entity, renames, counts, {each.new for each in expressed})
    ]
    yield from told
    yield from _of_expressions(expressed, changes)
    yield from _of_repeated(old, changes, renames, counts, {each.old for each in expressed})
    known = {(refusal.element, refusal.code) for refusal in told}
    for change in changes:
        found = _of_table_change(change, counts, with_records)
        yield from (refusal for refusal in found if (refusal.element, refusal.code) not in known)


def _waiting_for_jobs(new: Model) -> Iterator[Refusal]:
    """Rules that are checked and would never run, because nothing runs jobs yet."""
    application = new.application
    for name, file in application.rules.items():
        path = application.rule_origins[name].path
        for job in jobs(file):
            message = (
                f"{path}:{job.line}: {job.what} needs the job engine, which comes in a later version. "
                "Take it out until then; `fieldstone check` checks it all the same."
            )
            yield Refusal(f"rules {name}", "needs_jobs", message)


def _of_currency(old: Model | None, new: Model, counts: Counts) -> Iterator[Refusal]:
    """Another currency of the organisation, while amounts are kept in the present one."""
    if old is None or organisation_currency(old) == organisation_currency(new):
        return
    holding = [
        name
        for name, entity in old.entities.items()
        if CURRENCY in entity.system and counts.rows(entity.table.name)
    ]
    if holding:
        yield Refusal(
            "setting core.currency",
            "currency_in_use",
            f"Amounts of {', '.join(holding)} are kept in {organisation_currency(old)}, and converting them "
            f"to {organisation_currency(new)} is not supported yet. Choose it before there are records.",
        )


def _with_records(new: Model) -> Mapping[str, str]:
    """The many-to-many fields whose links are records → the entity of those."""
    return {
        f"field {entity.name}.{field.name}": field.type.through.entity
        for entity in new.entities.values()
        for field in entity.fields.values()
        if isinstance(field.type, ReferencesType) and field.type.through is not None
    }


def _of_table_change(
    change: TableChange, counts: Counts, with_records: Mapping[str, str]
) -> Iterator[Refusal]:
    rows = counts.rows(change.table)
    if change.action == "drop" and not change.unknown and change.element in with_records:
        entity = with_records[change.element]
        yield Refusal(
            change.element,
            "links",
            f"Its links have no fields yet, and making records of `{entity}` of them ({rows:,} links) is not "
            "supported yet. Add a field with a new name.",
        )
    elif change.action == "drop" and not change.unknown and not change.statements:
        yield Refusal(
            change.element,
            "drop",
            f"Its column `{change.column}` would go with its data ({rows:,} rows), which is not supported "
            "yet. Declare it as it was.",
        )
    if change.action == "convert" and change.unsupported:
        yield Refusal(
            change.element,
            "convert",
            f"Its storage would change {change.detail}, and converting data is not supported yet. "
            "Restore its type, or add a field with a new name.",
        )


_EXAMPLES = 10


@dataclass(frozen=True, eq=False)
class _Changed:
    """A field of both models. entity: in force. element: what people call it by its new name."""

    element: str
    entity: Entity
    old: Field
    new: Field
    renames: Renames


def _of_expressions(expressed: Sequence[ExpressedField], changes: Sequence[TableChange]) -> Iterator[Refusal]:
    """Expressions that make no sense for the records there are, and values that are required and missing."""
    found = {change.element: change for change in changes if change.action == "look"}
    for each in expressed:
        for problem in each.problems:
            message = (
                f"{problem}. `convert` reads the records as they are now, by the names that are in force."
            )
            yield Refusal(each.element, "bad_conversion", message)
        looked = found.get(each.element)
        declared = each.new.declaration
        if looked is not None and looked.empty and declared.required is True and declared.default is None:
            message = (
                f"It is required, and `convert` gives {looked.empty:,} records no value. Have it give one, "
                "such as `… ?? …`."
            )
            yield Refusal(each.element, "required", message)


def _of_fields(
    old: Entity, new: Entity, renames: Renames, counts: Counts, expressed: Collection[Field]
) -> Iterator[Refusal]:
    for name, field in new.fields.items():
        element = f"field {new.name}.{name}"
        before = old.fields.get(renames.field_before(new.name, name))
        if before is None:
            yield from _added_field(element, old, field, counts)
        elif field not in expressed and not _is_as_before(before, field, renames):
            yield from _changed_field(_Changed(element, old, before, field, renames), counts)


def _is_as_before(old: Field, new: Field, renames: Renames) -> bool:
    """Whether nobody touched its declaration, and what it refers to is still called so."""
    same = old.declaration is new.declaration
    return same and renames.entities.keys().isdisjoint(_targets(new.declaration))


def _added_field(element: str, entity: Entity, field: Field, counts: Counts) -> Iterator[Refusal]:
    rows = counts.rows(entity.table.name)
    declaration = field.declaration
    plain = declaration.default is not None and declaration.default.expression is None
    if not rows:
        return
    filled = plain or is_filled(field)
    if declaration.required is True and not filled and field.type.writable:
        yield Refusal(
            element,
            "required",
            f"It is required, and {rows:,} records would have no value. Give it a `default`, or leave out "
            "`required` until they are filled in.",
        )
    if declaration.type == "sequence":
        yield Refusal(
            element,
            "backfill",
            f"Numbering the {rows:,} records that exist is not supported yet. Use another field.",
        )


def _changed_field(changed: _Changed, counts: Counts) -> Iterator[Refusal]:
    before, after = changed.old.declaration, changed.new.declaration
    if before.type != after.type and conversion_of(changed.old.type, changed.new.type) is None:
        yield Refusal(
            changed.element,
            "convert",
            f"Its type would change from {before.type} to {after.type}, and no value converts so"
            f"{_instead(before.type)}. Say in `convert` what becomes of the values, restore its type, or add "
            "a field with a new name.",
        )
        return
    known = tuple(map(changed.renames.entity, _targets(before)))
    several = after.type == before.type == "reference" and known and _targets(after)
    if known != _targets(after) and not several:
        yield Refusal(
            changed.element,
            "retarget",
            f"It would refer to {_listed(_targets(after))} instead of {_listed(_targets(before))}, which is "
            "not supported yet. Add a field with a new name.",
        )
        return
    yield from _new_condition(changed, counts)
    if before.type == after.type:
        yield from _removed_options(changed, counts)


def _instead(before: str) -> str:
    """The types that values of a type convert to."""
    known = [f"`{new}`" for old, new in CONVERSIONS if old == before]
    return f"; {before} converts to {', '.join(known)}" if known else ""


def _of_repeated(
    old: Model | None,
    changes: list[TableChange],
    renames: Renames,
    counts: Counts,
    expressed: Collection[Field],
) -> Iterator[Refusal]:
    """New unique indexes over columns in which records share values. expressed: fields that get others."""
    other = {column for field in expressed for column in field.columns}
    for change in changes:
        entity = old.entities.get(change.table) if old is not None else None
        index = change.index
        if index is None or not index.unique or entity is None or entity.name in renames.entities.values():
            continue
        names = [str(column.name) for column in index.columns]
        columns = [column for column in entity.table.columns if column.name in names]
        if len(columns) < len(names) or set(names) & _renamed(renames, entity.name) or other & set(columns):
            continue  # PostgreSQL tells the first violation of what is not there yet
        found = counts.repeated(entity.table, columns, _live(entity), _EXAMPLES)
        if found:
            message = (
                f"Records share what would be unique in {', '.join(names)}: {'; '.join(map(str, found))}. "
                "Change them first."
            )
            yield Refusal(f"entity {entity.name}", "not_unique", message)


def _renamed(renames: Renames, entity: str) -> set[str]:
    found = renames.fields.get(entity, {})
    return {*found.keys(), *found.values()}


def _targets(declaration: declarations.Field) -> tuple[str, ...]:
    return declaration.target.entities if declaration.target else ()


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _new_condition(changed: _Changed, counts: Counts) -> Iterator[Refusal]:
    element, entity, old, new = changed.element, changed.entity, changed.old, changed.new
    if new.declaration.required is True and old.declaration.required is not True and old.columns:
        empty = sa.and_(*(column.is_(None) for column in old.columns), _live(entity))
        missing = counts.matching(entity.table, empty)
        if missing and not is_filled(new):
            first = ", ".join(
                f"{title} ({id_})" for id_, title in counts.first(entity.table, empty, _EXAMPLES)
            )
            yield Refusal(
                element,
                "required",
                f"It would be required, and {missing:,} records have no value: {first}"
                f"{', …' if missing > _EXAMPLES else ''}. Give it a `default`, which they get, or fill them "
                "in first.",
            )


def _live(entity: Entity) -> sa.ColumnElement[bool]:
    deleted_at: sa.ColumnElement[bool] = entity.table.c.deleted_at.is_(None)
    return deleted_at


def _removed_options(changed: _Changed, counts: Counts) -> Iterator[Refusal]:
    element, entity, old, new = changed.element, changed.entity, changed.old, changed.new
    kept = {option.value for option in new.declaration.choices}
    kept |= changed.renames.options.get((changed.renames.entity(entity.name), new.name), {}).keys()
    gone = [option.value for option in old.declaration.choices if option.value not in kept]
    for value in gone if gone and old.columns else ():
        column = old.columns[0]
        uses = sa.literal(value) == sa.any_(column) if old.declaration.type == "choices" else column == value
        used = counts.matching(entity.table, uses)
        if used:
            yield Refusal(
                element,
                "option_in_use",
                f"The option `{value}` would go, and {used:,} records have it. Say `was: {value}` at the "
                "option that they are to have instead, change those records first, or keep the option.",
            )
