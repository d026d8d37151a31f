"""Everything that the sales template and the core app declare can be listed, sorted, grouped and searched."""

from __future__ import annotations

import pytest

from fieldstone import records
from fieldstone.access.grants import access
from fieldstone.context import Context
from fieldstone.model import Entity
from fieldstone.records import Query
from fieldstone_metadata import template_layer
from fieldstone_testing import App, AppFactory

UNSORTED = {"json", "tags", "choices", "references", "long_text", "markdown", "code"}


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    return module_app_from.of_layers([template_layer("sales")])


def sortable(entity: Entity) -> list[str]:
    fields = [*entity.fields.values(), *entity.system.values()]
    return [f.name for f in fields if f.declaration.type not in UNSORTED and not f.leads_anywhere]


def reads(context: Context, entity: str) -> bool:
    return access(context.model, context.principal, entity).read.constant is not False


def test_every_entity_can_be_listed_with_all_that_it_has(app: App) -> None:
    for name, entity in app.model.entities.items():
        page = records.list(app.system, name, Query(count="exact", q="x"))
        assert page.count == len(page.data), name
        everything = (*entity.fields, *entity.system, "_title")
        found = records.list(app.system, name, Query(fields=everything, limit=1)).data
        assert all(record.keys() == {*everything} for record in found), name


def test_every_field_that_has_an_order_sorts_in_both_directions(app: App) -> None:
    for name, entity in app.model.entities.items():
        for field in sortable(entity):
            up = records.list(app.system, name, Query(order=(field,), fields=("id",), limit=1000))
            down = records.list(app.system, name, Query(order=(f"-{field}",), fields=("id",), limit=1000))
            assert {r["id"] for r in up.data} == {r["id"] for r in down.data}, (name, field)


def test_every_view_shows_its_columns(app: App) -> None:
    for view in app.model.views.values():
        page = records.list(app.system, view.entity, Query(view=view.name, count="exact"))
        assert page.count == len(page.data), view.name


def test_every_view_can_be_read_by_every_role_that_reads_its_entity(app: App) -> None:
    roles = [name for name in app.model.roles if name != "admin"]
    people = [app.context_for(f"Holder of {role}", [role]) for role in roles]
    views = app.model.views.values()
    pairs = [(view, who) for view in views for who in people if reads(who, view.entity)]
    assert len({view.name for view, _ in pairs}) == len(views)
    for view, who in pairs:
        assert records.list(who, view.entity, Query(view=view.name)).data == []


def test_every_entity_can_be_counted_by_each_of_its_choices(app: App) -> None:
    for name, entity in app.model.entities.items():
        choices = [field.name for field in entity.fields.values() if field.declaration.type == "choice"]
        total = records.list(app.system, name, Query(count="exact")).count
        for choice in choices:
            groups = records.aggregate(app.system, name, Query(), (choice,))
            assert sum(group.measures["count"] for group in groups) == total, (name, choice)
