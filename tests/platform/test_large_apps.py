"""What does not grow with the number of entities, counted in statements and tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fieldstone import records
from fieldstone.access.system_user import SYSTEM_USER
from fieldstone.context import Context
from fieldstone.publication.apply import propose, publish
from fieldstone.publication.current import load_model
from fieldstone.records import Query
from fieldstone.records.lookup import AT_ONCE, ENOUGH
from fieldstone_metadata.kept_check import CheckStore
from fieldstone_rules.types import Ref
from fieldstone_testing import App, AppFactory
from fieldstone_testing.apps import layer_from
from fieldstone_testing.statements import noted_statements

FEW, MANY = 3, 24


def things(count: int, more: str = "") -> str:
    """An app of so many entities, each referring to the one before. more: fields of the second one."""
    entities = "\n---\n".join(
        f"kind: entity\nname: thing_{number}\nfields:\n  name: {{type: text, required: true}}\n"
        f"  before: {{type: reference, to: thing_{max(number - 1, 0)}, inverse: after_{number}}}\n"
        "  size: {type: integer, index: true}\n"
        "  kept: {type: formula, expression: size * 2, stored: true}\n"
        f"{more if number == 1 else ''}"
        for number in range(count)
    )
    roles = "\n---\n".join(
        f"kind: role\nname: role_{number}\nentities:\n  thing_{number}: {{create: true, read: owner == user}}"
        for number in range(count)
    )
    return f"kind: app\nname: shop\nversion: 1.0.0\n---\n{entities}\n---\n{roles}\n"


@pytest.fixture
def few(app_from: AppFactory) -> App:
    return app_from(things(FEW))


@pytest.fixture
def many(app_from: AppFactory) -> App:
    return app_from(things(MANY))


def statements(work: Callable[[], object]) -> int:
    with noted_statements() as seen:
        work()
    return len(seen)


def publication_of_one_field(app: App, count: int) -> tuple[int, int]:
    """How many statements a plan takes, and its publication, where one entity gets a field."""
    changed, found = [layer_from(things(count, "  more: {type: integer}\n"))], []
    propose(app.database, changed, app.model)  # the driver asks the catalog once for what it needs to know
    planned = statements(lambda: found.append(propose(app.database, changed, app.model)))
    return planned, statements(lambda: publish(app.database, found[0], author=SYSTEM_USER, note="a field"))


def test_publishing_one_field_takes_as_many_statements_among_many_entities_as_among_few(
    few: App, many: App
) -> None:
    assert publication_of_one_field(few, FEW) == publication_of_one_field(many, MANY)


def test_a_publication_makes_the_tables_of_what_it_changes_and_of_what_that_refers_to(many: App) -> None:
    in_force = load_model(many.database, many.model.version)
    proposal = propose(many.database, [layer_from(things(MANY, "  more: {type: integer}\n"))], in_force)
    made = {table.name for table in proposal.between.new.metadata.tables.values()}
    assert made == {"thing_0", "thing_1", "user", "team"}
    assert {table.name for table in in_force.metadata.tables.values()} <= made


def test_a_model_makes_the_table_of_an_entity_when_it_is_first_asked_for(many: App) -> None:
    model = load_model(many.database, 1)
    assert not model.metadata.tables
    assert model.entities["thing_7"].table is model.entities["thing_7"].table
    assert set(model.metadata.tables) == {"main.thing_7"}


def test_a_plan_goes_on_from_the_check_that_the_last_publication_left(many: App, tmp_path: Path) -> None:
    many.database.checks = CheckStore(tmp_path / "checks" / "main.pickle", least=0)
    many.publish(things(MANY, "  more: {type: integer}\n"))
    many.database.checks = CheckStore(tmp_path / "checks" / "main.pickle", least=0)  # as another process does
    changed = [layer_from(things(MANY, "  another: {type: integer}\n"))]
    recalled, proposal = many.database.checks.recall(), propose(many.database, changed)
    assert recalled is not None
    assert proposal.between.old is not None
    assert proposal.between.old.application is recalled.application
    many.database.checks = None
    whole = propose(many.database, changed)
    assert proposal.plan.as_json() == whole.plan.as_json()
    assert proposal.problems == whole.problems


def test_a_table_that_was_altered_by_hand_is_compared_though_its_entity_is_as_before(many: App) -> None:
    many.sql("DROP INDEX main.ix_thing_9__size")
    plan = propose(many.database, [layer_from(things(MANY, "  more: {type: integer}\n"))], many.model).plan
    assert [(step.action, step.kind, step.name) for step in plan.steps] == [
        ("create", "field", "thing_1.more"),
        ("create", "index", "ix_thing_9__size"),
    ]


def test_what_somebody_added_by_hand_is_told_of_in_every_plan(many: App) -> None:
    many.sql("ALTER TABLE main.thing_9 ADD COLUMN remark text")
    changed = things(MANY, "  more: {type: integer}\n")
    first = propose(many.database, [layer_from(changed)], many.model).plan
    many.publish(changed)
    again = propose(many.database, [layer_from(changed + "# nothing\n")], many.model).plan
    assert first.drift == again.drift == ("column thing_9.remark",)


def test_a_save_and_a_list_take_as_many_statements_among_many_entities_as_among_few(
    few: App, many: App
) -> None:
    def work(app: App) -> int:
        records.create(app.system, "thing_2", [{"name": "first"}])  # what is made once, is made here
        records.list_records(app.system, "thing_2", Query())

        def asked() -> None:
            records.create(app.system, "thing_2", [{"name": "second"}])
            records.list_records(app.system, "thing_2", Query())

        return statements(asked)

    assert work(few) == work(many)


def test_comments_on_all_entities_are_listed_without_making_their_tables(many: App) -> None:
    [made] = records.create(many.system, "thing_2", [{"name": "first"}])
    about = {"entity": "thing_2", "id": str(made.id)}
    records.create(many.system, "comment", [{"body": "Well done", "regarding": about}])
    reader = many.context_for("Ada", ["admin"])
    model = load_model(many.database, many.model.version)
    [told] = records.list_records(replace(reader, model=model), "comment", Query()).data
    assert told["regarding"]["title"] == "first"
    assert not {table.name for table in model.metadata.tables.values()} & {f"thing_{n}" for n in range(MANY)}


@pytest.mark.parametrize("kind", ["comment", "file"])
def test_what_is_about_one_record_is_looked_for_among_those_of_its_entity(many: App, kind: str) -> None:
    [made] = records.create(many.system, "thing_2", [{"name": "first"}])
    about = Ref("thing_2", made.id)
    reader = many.context_for("Ada", ["admin"])
    with noted_statements() as seen:
        records.list_json(reader, kind, Query(related=("regarding", about)))
    [listing] = [text for text in seen if "regarding" in text]
    assert set(re.findall(r"\bthing_\d+\b", listing)) == {"thing_2"}


SEARCHABLE = "kind: app\nname: shop\nversion: 1.0.0\n---\n" + "\n---\n".join(
    f"kind: entity\nname: thing_{number}\nfields: {{name: {{type: text}}}}\nsearch: [name]"
    for number in range(AT_ONCE + 5)
)
READER = """
---
kind: role
name: reader
entities:
  thing_3: {read: true}
  thing_28: {read: owner == user}
"""


def test_a_search_in_many_entities_looks_only_into_those_that_hold_the_words(app_from: AppFactory) -> None:
    app = app_from(SEARCHABLE + READER)
    entities = [f"thing_{number}" for number in range(AT_ONCE + 5)]
    for name in ("thing_3", "thing_28"):
        records.create(app.system, name, [{"name": "Pump"}, {"name": "Old pump"}, {"name": "Valve"}])
    reader, found = app.context_for("Ann", ["reader"]), []

    def search(context: Context, words: str) -> Callable[[], object]:
        return lambda: found.append(records.search_everywhere(context, entities, words, 10))

    search(app.system, "pump")()
    assert statements(search(app.system, "pump")) == 2
    assert [(one.title, one.entity) for one in found[-1]] == [
        ("Pump", "thing_3"),
        ("Pump", "thing_28"),
        ("Old pump", "thing_3"),
        ("Old pump", "thing_28"),
    ]
    assert statements(search(app.system, "nothing of it")) == 1
    search(app.system, "pumpp")()
    assert {one.title for one in found[-1]} == {"Pump", "Old pump"}
    search(reader, "pump")()
    assert [(one.title, one.entity) for one in found[-1]] == [("Pump", "thing_3"), ("Old pump", "thing_3")]


def test_a_search_that_fits_everywhere_ends_when_enough_is_found(app_from: AppFactory) -> None:
    app = app_from(SEARCHABLE)
    entities = [f"thing_{number}" for number in range(AT_ONCE + 5)]
    for name in entities:
        records.create(app.system, name, [{"name": f"Pump {number}"} for number in range(3)])
    found = records.search_everywhere(app.system, entities, "pump", 3)
    assert ENOUGH <= len(found) == 3 * AT_ONCE
