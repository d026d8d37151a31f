"""A small sales app, as rule files see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fieldstone_rules import EntitySchema, FieldSchema, InverseSchema, Kind, Type
from fieldstone_rules.rule_files import Way
from fieldstone_rules.types import choice, reference, simple

_STAGES = choice(("prospecting", "negotiation", "won", "lost"), nullable=False)
_TEXT, _DATE, _MONEY = simple(Kind.TEXT), simple(Kind.DATE), simple(Kind.MONEY)
_KEPT = {"id": simple(Kind.TEXT, nullable=False), "created_at": simple(Kind.DATETIME, nullable=False)}


def _entity(
    called: str, inverses: Mapping[str, InverseSchema] | None = None, /, **types: Type
) -> EntitySchema:
    fields = {key: FieldSchema(key, type_) for key, type_ in {**_KEPT, **types}.items()}
    return EntitySchema(called, fields, inverses or {}, title="name")


_ENTITIES = {
    entity.name: entity
    for entity in (
        _entity("user", name=_TEXT, email=_TEXT, manager=reference("user"), region=_TEXT),
        _entity("team", name=_TEXT),
        _entity(
            "account",
            {"deals": InverseSchema("deals", "opportunity", "account")},
            name=simple(Kind.TEXT, nullable=False),
            last_win_on=_DATE,
            support_calendar=_TEXT,
            owner=reference("user"),
        ),
        _entity("product", name=_TEXT, price=_MONEY),
        _entity(
            "opportunity",
            {"lines": InverseSchema("lines", "opportunity_line", "opportunity")},
            name=simple(Kind.TEXT, nullable=False),
            account=reference("account"),
            owner=reference("user"),
            stage=_STAGES,
            amount=_MONEY,
            cost=_MONEY,
            margin=_MONEY,
            discount=simple(Kind.PERCENT),
            close_date=_DATE,
            closed_on=_DATE,
            last_activity_at=simple(Kind.DATETIME),
            employees=simple(Kind.INTEGER),
            message=_TEXT,
            order=simple(Kind.INTEGER),
        ),
        _entity(
            "opportunity_line",
            opportunity=reference("opportunity"),
            product=reference("product"),
            quantity=simple(Kind.INTEGER),
            price=_MONEY,
        ),
        _entity("order", account=reference("account"), opportunity=reference("opportunity"), due=_DATE),
        _entity(
            "order_line",
            order=reference("order", nullable=False),
            product=reference("product"),
            quantity=simple(Kind.INTEGER),
            price=_MONEY,
        ),
        _entity("task", subject=_TEXT, regarding=reference(), owner=reference("user"), due=_DATE, done=_TEXT),
    )
}

_OPEN = frozenset({"prospecting", "negotiation"})
_WAYS = {"win": Way("stage", frozenset({"negotiation"}), "won"), "lose": Way("stage", _OPEN, "lost")}


class SalesWorld:
    """Implements `RuleWorld` over the entities above."""

    def entity(self, name: str) -> EntitySchema | None:
        return _ENTITIES.get(name)

    def entity_names(self) -> Iterable[str]:
        return _ENTITIES

    def settings(self) -> Mapping[str, Mapping[str, Type]]:
        return {}

    def roles(self) -> Iterable[str]:
        return ("sales_rep",)

    def why_not_settable(self, entity: str, field: str) -> str | None:
        if field in _KEPT:
            return f"The platform keeps `{field}`."
        return "It is under a workflow." if (entity, field) == ("opportunity", "stage") else None

    def required_fields(self, entity: str) -> Iterable[str]:
        return {"account": ("name",), "opportunity": ("name",), "order_line": ("order",)}.get(entity, ())

    def transitions(self, entity: str) -> Iterable[str]:
        return _WAYS if entity == "opportunity" else ()

    def way(self, entity: str, transition: str) -> Way | None:
        return _WAYS.get(transition) if entity == "opportunity" else None

    def messages(self) -> Mapping[str, str | None]:
        return {"sla_warning": None, "sla_breach": "opportunity", "welcome": None}
