"""The records that a `for` goes through, as a function of an environment."""

from __future__ import annotations

from collections.abc import Callable

from fieldstone_rules.closures import Compiler
from fieldstone_rules.environment import Environment, Row
from fieldstone_rules.gathers import rows_where, sorted_rows
from fieldstone_rules.tree import Collection


def compile_order(collection: Collection, source: str) -> Callable[[Environment, list[Row]], list[Row]]:
    """Rows in the order of a collection (without one: by id)."""
    compiler = Compiler(source, raising=False)
    keys = [(compiler.compile(key.value), key.descending) for key in collection.order]
    name = collection.binding
    return lambda environment, rows: sorted_rows(environment, name, rows, keys)


def compile_rows(collection: Collection, source: str) -> Callable[[Environment], list[Row]]:
    """The rows of a collection that its `where` lets through, in its order (without one: by id)."""
    compiler = Compiler(source, raising=False)
    of = compiler.compile(collection.of) if collection.of is not None else None
    where = compiler.compile(collection.where) if collection.where is not None else None
    keys = [(compiler.compile(key.value), key.descending) for key in collection.order]
    name, place = collection.binding, collection.source

    def rows(environment: Environment) -> list[Row]:
        owner = of(environment) if of is not None else None
        if of is not None and owner is None:
            return []
        found = environment.related.collection(place, owner)
        return sorted_rows(environment, name, rows_where(environment, name, found, where), keys)

    return rows
