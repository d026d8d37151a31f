"""All uses of an application by what is used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import chain

from fieldstone_metadata.declarations import Application
from fieldstone_metadata.uses.documents import uses_in_documents
from fieldstone_metadata.uses.elements import ENTITY, FIELD, Element, Use
from fieldstone_metadata.uses.rules import uses_in_rules


def where_used(application: Application, element: Element) -> tuple[Use, ...]:
    """Every place that uses an element, by file and line.

    What is used is what is written: a view that shows a formula uses the formula, which uses the fields that
    it reads. An entity is used also where its fields are; an option only where it is written.
    """
    return used_in(uses(application), element)


def used_in(index: Mapping[Element, frozenset[Use]], element: Element) -> tuple[Use, ...]:
    """The same, of all uses."""
    found = set(index.get(element, ()))
    if element.kind == ENTITY:
        within = (used for used in index if used.kind == FIELD and used.path[0] == element.path[0])
        found |= {use for used in within for use in index[used] if not _is_own(use, element)}
    return tuple(sorted(found))


def uses(application: Application) -> Mapping[Element, frozenset[Use]]:
    """Element → the places that use it; elements that nothing uses are not in it."""
    index: dict[Element, set[Use]] = defaultdict(set)
    for element, use in chain(uses_in_documents(application), uses_in_rules(application)):
        index[element].add(use)
    return {element: frozenset(found) for element, found in index.items()}


def _is_own(use: Use, entity: Element) -> bool:
    """Whether a use stands in the entity itself."""
    return use.kind in (ENTITY, FIELD) and use.name.split(".")[0] == entity.path[0]
