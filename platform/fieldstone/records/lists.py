"""Building the statement of a list: permission, filter, order and page below, the JSON of each record above.

The records of a page are found first, with nothing joined but what finding them needs; what their references
show is joined to those few only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from fieldstone.access.decisions import Decision
from fieldstone.access.predicates import joined_clause
from fieldstone.fields.any_reference import AnyReferenceType, entity_column
from fieldstone.fields.reference import ReferenceType
from fieldstone.fields.stored_text import people_order
from fieldstone.model.model import Entity, Field
from fieldstone.model.system_fields import TITLE
from fieldstone.records import keyset, past, search
from fieldstone.records.branches import in_branch
from fieldstone.records.filters import checked, condition, system_scope, viewer_scope
from fieldstone.records.order import Term, known_keys, order_terms, usual_order
from fieldstone.records.output import Shown, chosen_fields, record_json
from fieldstone.records.past_questions import known_then, past_terms, require_plain
from fieldstone.records.paths import is_known
from fieldstone.records.query import Query, Seen, malformed
from fieldstone.records.source import Joins, RecordSource, Viewer
from fieldstone.records.statements import Statement
from fieldstone_rules import Expression

Column = sa.ColumnElement[Any]
COUNTED_EXACTLY = 10_000
"""An estimate counts so many records itself and asks the planner only beyond."""


@dataclass(frozen=True)
class Rows:
    """The records that a list is made of: where they come from and which of them."""

    record: RecordSource
    base: sa.FromClause
    conditions: tuple[Column, ...]

    def select(self, *columns: Any) -> sa.Select[Any]:
        """A SELECT over them, without what only an order needs."""
        return sa.select(*columns).select_from(self.base).where(*self.conditions)


def rows_of(viewer: Viewer, entity: Entity, query: Query, number_of_words: int) -> Rows:
    """The live (or deleted) records that the viewer may read and the query asks for.

    Raises:
        Malformed: for a condition that cannot be read.
    """
    if query.at is not None:
        return _rows_then(viewer, entity, query)
    table = entity.table.alias()
    about = _about(entity, query)
    record = RecordSource(viewer, entity, table, Joins(), about=about)
    granted = viewer.access(entity.name)
    live = not query.deleted
    ours = system_scope(viewer, entity.name, table, live=live)
    theirs = viewer_scope(viewer, entity.name, table, live=live)
    binned = table.c.deleted_at.is_not(None) if query.deleted else table.c.deleted_at.is_(None)
    conditions: list[Column] = [binned]
    decisions: list[Decision] = [granted.read, granted.delete] if query.deleted else [granted.read]
    rights = [joined_clause(viewer.model, decision, ours, about) for decision in decisions]
    conditions += [right for right in rights if right is not None]
    for wanted in conditions_of(viewer, entity, query):
        conditions.append(condition(wanted, ours if wanted is query.where else theirs))
    if query.related is not None:
        conditions.append(_related(record, *query.related))
    if query.branch is not None:
        conditions.append(in_branch(record, entity.fields[query.branch.field], query.branch.direction))
    if query.top is not None:
        conditions.append(_at_top(record, query, number_of_words))
    # What the search looks into behind references is joined here: whoever counts or ranks joins nothing else.
    searched = RecordSource(viewer, entity, table, Joins())
    conditions += search.matches(searched, number_of_words, similar=query.similar)
    return Rows(record, searched.joins.apply(theirs.apply(ours.apply(table))), tuple(conditions))


def _rows_then(viewer: Viewer, entity: Entity, query: Query) -> Rows:
    """The records that were there at the query's instant."""
    require_plain(query)
    record = past.past_source(viewer, entity)
    scope = past.past_scope(record)
    conditions = tuple(condition(wanted, scope) for wanted in conditions_of(viewer, entity, query))
    return Rows(record, record.rows, conditions)


def conditions_of(viewer: Viewer, entity: Entity, query: Query) -> list[Expression]:
    """The checked conditions of a query and of its view.

    Raises:
        Malformed: if one cannot be read, or the view is of another entity or unknown.
    """
    found = [query.where] if isinstance(query.where, Expression) else []
    view = seen(viewer, entity, query)
    sources = [(query.where, "where"), (view.where if view else None, "view")]
    texts = [(text, name) for text, name in sources if isinstance(text, str) and text.strip()]
    return [*found, *(checked(viewer, entity.name, text, name) for text, name in texts)]


def seen(viewer: Viewer, entity: Entity, query: Query) -> Seen | None:
    """What the query's view says, without the columns and keys that there are not for the viewer.

    Its condition stays whole: without a part of it the list would show what the view does not mean.
    """
    if not isinstance(query.view, str):
        found = query.view
    else:
        view = viewer.model.views[query.view]
        found = Seen(view.name, view.where.source if view.where else None, view.order, view.columns)
    if found is None:
        return None
    columns = tuple(text for text in found.columns if text in entity.lines or is_known(viewer, entity, text))
    nothing = ("id",) if found.columns else ()
    return replace(found, order=known_keys(entity, viewer, found.order), columns=columns or nothing)


def number_of_keys(viewer: Viewer, entity: Entity, query: Query, number_of_words: int) -> int:
    """How many keys the order has. Raises Malformed for one that cannot be read."""
    if query.at is None:
        record = RecordSource(viewer, entity, entity.table.alias(), Joins())
    else:
        record = rows_of(viewer, entity, query, number_of_words).record
    return len(terms_of(record, query, number_of_words))


def terms_of(record: RecordSource, query: Query, number_of_words: int) -> list[Term]:
    """The keys of the order: the query's, the view's, what fits the words best, or the entity's."""
    viewer, entity = record.viewer, record.entity
    view = seen(viewer, entity, query)
    own = query.order if query.order is not None else view.order if view else ()
    if number_of_words and not own:
        return ranked_terms(record, number_of_words, similar=query.similar)
    if query.at is None:
        return order_terms(record, own or usual_order(entity, viewer))
    return past_terms(record, own)


def ranked_terms(record: RecordSource, number_of_words: int, *, similar: bool) -> list[Term]:
    """What fits the words of a search best comes first, then titles in their order."""
    rank = search.rank(record, number_of_words, similar=similar)
    title = people_order(record.column(TITLE))
    terms = [Term(rank, descending=True, nullable=False), Term(title, descending=False, nullable=False)]
    return [*terms, Term(record.column("id"), descending=False, nullable=False)]


def page_statement(
    viewer: Viewer, entity: Entity, query: Query, number_of_words: int, nulls: keyset.Nulls | None
) -> Statement:
    """The statement of one page. A row has the record's JSON, the keys of the order, and perhaps the count.

    nulls: which keys of the cursor are null; None for the first page.
    """
    rows = rows_of(viewer, entity, query, number_of_words)
    terms = terms_of(rows.record, query, number_of_words)
    page = _page(rows, terms, nulls, query.limit + 1).subquery("page")
    # A search is planned for its words each time, and mostly finds few: planning is most of its cost.
    joins = Joins(titles=not number_of_words)
    source_of = RecordSource if query.at is None else past.PastSource
    shown = source_of(viewer, entity, page, joins, about=_about(entity, query))
    view = seen(viewer, entity, query)
    fields = query.fields if query.fields is not None else (view.columns if view else ()) or None
    item = record_json(shown, _chosen(viewer, entity, query, fields))
    keys = [Term(page.c[_key_name(n)], term.descending, term.nullable) for n, term in enumerate(terms)]
    columns = [item, *keyset.key_texts([key.value for key in keys])]
    source = shown.joins.apply(page)
    if query.count != "none":
        columns = [
            sa.case((page.c.id.is_not(None), item)),
            *columns[1:],
            sa.cast(_count(rows, query), sa.Text),
        ]
        one = sa.select(sa.literal_column("1")).subquery("one")
        source = shown.joins.apply(sa.outerjoin(one, page, sa.true()))
    return Statement(sa.select(*columns).select_from(source).order_by(*keyset.order_by(keys)))


def _chosen(viewer: Viewer, entity: Entity, query: Query, fields: tuple[str, ...] | None) -> Sequence[Shown]:
    """What the records of a list show."""
    found = chosen_fields(viewer, entity, fields, deleted=query.deleted)
    return found if query.at is None else known_then(entity, found, named=fields is not None)


def estimate_statement(viewer: Viewer, entity: Entity, query: Query, number_of_words: int) -> Statement:
    """The planner's view of how many records a list has."""
    rows = rows_of(viewer, entity, query, number_of_words)
    return Statement(rows.select(sa.literal_column("1")), prefix="EXPLAIN (FORMAT JSON) ")


def _page(
    rows: Rows, terms: list[Term], nulls: keyset.Nulls | None, most: int
) -> sa.Select[Any] | sa.CompoundSelect[Any]:
    base = rows.record.joins.apply(rows.base)
    keys = [term.value.label(_key_name(number)) for number, term in enumerate(terms)]
    limit: Column = sa.literal_column(str(most))
    selects = [
        sa.select(*rows.record.rows.c, *keys)
        .select_from(base)
        .where(*rows.conditions, *conditions)
        .order_by(*order)
        .limit(limit)
        for conditions, order in keyset.parts(terms, nulls)
    ]
    if len(selects) == 1:
        return selects[0]
    both = sa.union_all(*selects).subquery("both")
    ordered = [Term(both.c[_key_name(n)], t.descending, t.nullable) for n, t in enumerate(terms)]
    return sa.select(both).order_by(*keyset.order_by(ordered)).limit(limit)


def _key_name(number: int) -> str:
    return f"_key_{number}"


def _count(rows: Rows, query: Query) -> Column:
    if query.count == "exact":
        return rows.select(sa.func.count()).correlate(None).scalar_subquery()
    some = rows.select(sa.literal_column("1")).limit(sa.literal_column(str(COUNTED_EXACTLY + 1)))
    return sa.select(sa.func.count()).select_from(some.correlate(None).subquery("some")).scalar_subquery()


def _at_top(record: RecordSource, query: Query, number_of_words: int) -> Column:
    """Whether no other record of the query stands above one, as far as the viewer may know its place."""
    field = record.entity.fields[str(query.top)]
    others = rows_of(record.viewer, record.entity, replace(query, top=None), number_of_words)
    one: Column = sa.literal_column("1")
    above = others.select(one).where(others.record.column("id") == record.column(field.name))
    known = record.readable(field)
    found: Column = above.correlate(record.rows).exists()
    return sa.not_(found if known is None else sa.and_(known.is_(sa.true()), found))


def _about(entity: Entity, query: Query) -> str | None:
    """The entity of the record that all of the list is about, such as the comments on one."""
    if query.related is None or entity.about is None or query.related[0] != entity.about.name:
        return None
    return query.related[1].entity


def _related(record: RecordSource, name: str, _target: Any) -> Column:
    """Records whose reference names the record given with each run."""
    field = record.entity.fields.get(name)
    asked = sa.bindparam("fs_related", type_=sa.Uuid())
    if field is None or record.viewer.access(record.entity.name).field_read(name).constant is False:
        raise malformed("related", "unknown_field", f"{record.entity.name} has no field “{name[:80]}”.")
    if field.link is not None:
        pairs = record.pairs(field.link)
        one: Column = sa.literal_column("1")
        linked = sa.select(one).where(
            pairs.source == record.column("id"), pairs.target == asked, *pairs.conditions
        )
        named: Column = linked.correlate(record.rows).exists()
    else:
        named = _names(record, field, _target.entity, asked)
    allowed = record.readable(field)
    return named if allowed is None else sa.and_(allowed, named)


def _names(record: RecordSource, field: Field, target: str, asked: Column) -> Column:
    if isinstance(field.type, AnyReferenceType):
        return sa.and_(record.column(field.name) == asked, record.column(entity_column(field.name)) == target)
    assert isinstance(field.type, ReferenceType)
    return record.column(field.type.targets[target]) == asked
