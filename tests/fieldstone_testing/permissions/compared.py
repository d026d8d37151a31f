"""Everything that one user sees, by the oracle and by the product: one answer for each question."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import itemgetter
from typing import Any

from fieldstone_testing.permissions import lines_told, views
from fieldstone_testing.permissions.asking import Asking, cell
from fieldstone_testing.permissions.documents import AROUND, FIELDS, INVERSES
from fieldstone_testing.permissions.probes import EQUAL, GROUPED, SORTED, SUMMED, WORDS
from fieldstone_testing.permissions.questions import Answers, is_turn, some
from fieldstone_testing.permissions.rights import may, may_read
from fieldstone_testing.permissions.running import Running
from fieldstone_testing.permissions.topics import on_pages, topics
from fieldstone_testing.permissions.worlds import Person, State

ENTITIES = ("account", "contact", "deal", "seat")
FED = ENTITIES


def differences(running: Running, user: str) -> list[str]:
    """Where the product tells a user anything else than the oracle."""
    who, asking = running.state.person(user), Asking(running, user)
    found = []
    for question, expected, ask in everything(running, who, asking):
        told = answered(ask)
        if expected != told:
            found.append(f"{user}: {question}\n    oracle  {expected}\n    product {told}")
    return found


def answered(ask: Callable[[], Any]) -> Any:
    """What the product says; a refusal that there should not be is an answer too, and a wrong one."""
    try:
        return ask()
    except AssertionError as unexpected:
        return unexpected


def everything(running: Running, who: Person, asking: Asking) -> Answers:
    """All questions with both answers."""
    state = running.state
    for entity in FIELDS:
        yield from lists(state, who, asking, entity)
    for entity in ENTITIES:
        yield from each(state, who, asking, entity)
    yield from by_turns(running, who, asking)
    # What one call did to several records has no order.
    fed = sorted(views.feed(state, who, FED), key=itemgetter(0))
    yield "events", fed, lambda: sorted(asking.feed(FED), key=itemgetter(0))


def by_turns(running: Running, who: Person, asking: Asking) -> Answers:
    """What is asked in some worlds only."""
    state = running.state
    if is_turn(state, 0):
        for entity in FIELDS:
            yield from questions(state, who, asking, entity)
        for word in WORDS:
            found = set().union(*(views.matching(state, who, entity, word) for entity in ENTITIES))
            yield f"search {word}", found, partial(asking.searched_everywhere, word)
    if is_turn(state, 1):
        for entity in ENTITIES:
            yield from exports(state, who, asking, entity)
            yield from belongings(running, who, asking, entity)
        yield from followers(state, who, asking)
    if is_turn(state, 2):
        yield from topics(running, who, asking)
    if is_turn(state, 0):
        yield from on_pages(running, who.name)


def lists(state: State, who: Person, asking: Asking, entity: str) -> Answers:
    """What lists show, and in what order."""
    readable = views.visible(state, who, entity)
    shown = {one["name"]: views.shown(state, who, one) for one in readable}
    yield f"list of {entity}", shown, partial(asking.listed, entity)
    for keys in some(state, SORTED[entity]):
        ordered = views.ordered(state, who, entity, keys) if readable else []
        yield f"{entity} by {keys}", ordered, partial(asking.ordered, entity, keys)
    if entity not in AROUND:
        binned = {one["name"]: views.shown(state, who, one) for one in views.in_bin(state, who, entity)}
        yield f"bin of {entity}", binned, partial(asking.listed, entity, deleted="true")


def questions(state: State, who: Person, asking: Asking, entity: str) -> Answers:
    """Filters, paths, groups, measures and searches."""
    for path, value in some(state, EQUAL[entity]):
        expected = views.equal_to(state, who, entity, path, value)
        written = "null" if value is None else f'"{value}"' if isinstance(value, str) else value
        yield f"{entity} where {path} == {written}", expected, partial(asking.equal_to, entity, path, written)
    for path in some(state, list(dict.fromkeys(path for path, _ in EQUAL[entity] if "." in path))):
        expected = {
            one["name"]: views.path(state, who, one, path) for one in views.visible(state, who, entity)
        }
        yield f"{path} of {entity}", expected, partial(asking.path, entity, path)
    for name in some(state, GROUPED[entity]):
        yield (
            f"{entity} by {name}",
            views.groups(state, who, entity, name),
            partial(asking.grouped, entity, name),
        )
    for name in some(state, SUMMED.get(entity, ())):
        yield (
            f"{name} of {entity}",
            views.measures(state, who, entity, name),
            partial(asking.measured, entity, name),
        )
    for word in WORDS if entity in ENTITIES else ():
        yield (
            f"{entity} with {word}",
            views.matching(state, who, entity, word),
            partial(asking.searched, entity, word),
        )


def exports(state: State, who: Person, asking: Asking, entity: str) -> Answers:
    """The cells of each kind of export, which takes a capability."""
    readable = views.visible(state, who, entity)
    names = ("name", *(name for name in FIELDS[entity] if name != "name"))
    rows = [[cell(views.value(state, who, one, name)) for name in names] for one in readable]
    expected = (rows if "export" in who.capabilities else None) or None
    for kind in ("csv", "ndjson", "xlsx"):
        yield f"{kind} of {entity}", expected, partial(asking.exported, entity, kind, names)


def each(state: State, who: Person, asking: Asking, entity: str) -> Answers:
    """Each record by itself."""
    for one in [*state.of(entity), *state.of(entity, deleted=True)]:
        name, there = one["name"], may_read(state, who, one) and not one["deleted"]
        expected = views.whole(state, who, one) if there else None
        yield name, expected, partial(asking.record, entity, name)


def belongings(running: Running, who: Person, asking: Asking, entity: str) -> Answers:
    """What belongs to each record."""
    state = running.state
    for one in [*state.of(entity), *state.of(entity, deleted=True)]:
        name, there = one["name"], may_read(state, who, one) and not one["deleted"]
        readable = may_read(state, who, one)
        history = [one for one in views.changes(state, who, one) if one] if readable else None
        untold = lines_told.narrowed(state)
        yield f"history of {name}", history, partial(asking.history, entity, name, untold)
        for inverse in INVERSES[entity]:
            expected = views.related(state, who, one, inverse) if there else None
            yield (
                f"{inverse} of {name}",
                expected,
                partial(asking.belonging, entity, name, f"related/{inverse}"),
            )
        for verb in ("read", "update", "delete"):
            expected = may(state, who, verb, one) if there else None
            yield f"explain {verb} {name}", expected, partial(asking.explained, entity, name, verb)
        if entity == "deal":
            yield from of_deal(state, who, asking, one)


def followers(state: State, who: Person, asking: Asking) -> Answers:
    """Comments and files wherever they belong to: there are those of what may be read."""
    deals = views.visible(state, who, "deal")
    said = {body for deal in deals for body in deal["said"]} if who.roles else set()
    yield "all comments", said, asking.comments
    files = set().union(*(views.files(state, who, deal) for deal in deals))
    yield "all files", files, partial(asking.everything, "file")


def of_deal(state: State, who: Person, asking: Asking, deal: dict[str, Any]) -> Answers:
    """What only deals have."""
    name, there = deal["name"], may_read(state, who, deal) and not deal["deleted"]
    priced = lines_told.priced(state, who)
    yield f"prices in history of {name}", set(), lambda: asking.prices_told(name) - priced
    for direction, up in (("below", False), ("above", True)):
        expected = views.branch(state, who, deal, up=up) if there else None
        yield f"{direction} {name}", expected, partial(asking.belonging, "deal", name, direction)
    # Comments and files are there for everybody with a role.
    follows = there and bool(who.roles)
    yield f"comments on {name}", len(deal["said"]) if follows else None, partial(asking.said, name)
    files = views.files(state, who, deal) if follows else None
    yield f"files of {name}", files, partial(asking.belonging, "deal", name, "files")
    for file in [*deal["files"], *([deal["paper"]] if deal["paper"] else [])]:
        yield f"content of {file}", file in (files or ()), partial(asking.download, file)
    taken = views.transitions(state, who, deal) if there else None
    yield f"transitions of {name}", taken, partial(asking.transitions, name)
