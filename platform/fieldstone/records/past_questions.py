"""What may be asked of the past: fields, orders and filters over what the history has kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fieldstone.model.model import Entity
from fieldstone.model.ordering import parse_key
from fieldstone.records.order import NEWEST_FIRST, Term, order_terms, usual_order
from fieldstone.records.output import Shown
from fieldstone.records.past import is_comparable, told_fields, unknown_then
from fieldstone.records.paths import FieldPath, resolve
from fieldstone.records.query import Query, malformed
from fieldstone.records.source import RecordSource


def require_plain(query: Query) -> None:
    """Refuse what cannot be asked of the past, naming the parameter."""
    related = query.related is not None or query.branch is not None or query.top is not None
    asked = {"q": bool(query.q), "deleted": query.deleted, "related": related}
    for name in (name for name, is_asked in asked.items() if is_asked):
        raise malformed(name, "not_supported_yet", f"`{name}` together with `at` is not supported yet.")


def known_then(entity: Entity, shown: Iterable[Shown], *, named: bool) -> list[Shown]:
    """What can be shown of the past; `named` fields that cannot are refused.

    Raises:
        Malformed: `unknown_then`.
    """
    found: list[Shown] = []
    for one in shown:
        known = isinstance(one, FieldPath) and not one.hops and _first(one.text) in told_fields(entity)
        if named and not known:
            raise unknown_then(entity, one.text if isinstance(one, FieldPath) else one.name, "fields")
        found += [one] if known else []
    return found


def past_terms(record: RecordSource, order: Sequence[str]) -> list[Term]:
    """The keys of an order over records as they were; without any, the entity's as far as it is known.

    Raises:
        Malformed: as `order_terms`; `unknown_then` for a field whose value of then is not known.
    """
    usual = usual_order(record.entity, record.viewer)
    known = [text for text in usual if _is_known(record.entity, parse_key(text).path)]
    wanted = tuple(order) or tuple(known) or NEWEST_FIRST
    for text in wanted:
        path = resolve(record.viewer, record.entity, ".".join(parse_key(text).path), "order")
        if path.hops or not is_comparable(record.entity, _first(path.text)):
            raise unknown_then(record.entity, path.text, "order")
    terms = order_terms(record, wanted)
    # What is required now may have been empty then, and no index knows the values of then.
    return [*(Term(term.value, term.descending, nullable=True) for term in terms[:-1]), _plain(terms[-1])]


def _is_known(entity: Entity, path: Sequence[str]) -> bool:
    return len(path) == 1 and is_comparable(entity, path[0])


def _plain(identity: Term) -> Term:
    return Term(identity.value, identity.descending, nullable=False)


def _first(text: str) -> str:
    return text.partition(".")[0]
