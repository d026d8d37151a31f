"""What expressions see of the documents: the `Schema` that the rule language is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from fieldstone_metadata.field_types import FILE_TYPES
from fieldstone_metadata.lookups import MESSAGES, OUTLINE, ROLE_NAMES, SETTINGS, WAYS, Lookup, Lookups
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.shapes import EntityShape, FieldShape, States
from fieldstone_metadata.suggestions import did_you_mean
from fieldstone_rules.rule_files import Way
from fieldstone_rules.schema import EntitySchema, FieldSchema
from fieldstone_rules.types import Kind, Type, simple

_UNKNOWN = simple(Kind.NULL)
_MOST_HOPS = 4
_ASSIGNABLE = frozenset({"owner", "team", "currency"})
_COMPUTED = frozenset({"formula", "sequence"})
_NOT_YET_SET = frozenset({Kind.COLLECTION, Kind.JSON, Kind.LIST, Kind.NULL, Kind.COMPOUND})
_WITHOUT_VALUES = FILE_TYPES | {"secret"}

StoredType = Callable[[str, FieldShape], Type]
"""Entity and stored formula → the type of its expression."""


class World:
    """The entities, settings and roles of a check, as `fieldstone_rules.schema.Schema` wants them."""

    def __init__(
        self,
        shapes: Mapping[str, EntityShape],
        settings: Mapping[str, Mapping[str, Type]],
        roles: Iterable[str],
        lookups: Lookups,
    ) -> None:
        self._lookups = lookups
        self._shapes = shapes
        self._settings = settings
        self._roles = tuple(roles)
        self._entities: dict[str, EntitySchema] = {}
        self._fields: dict[str, _Fields] = {}
        self.stored_type: StoredType = lambda _entity, _shape: _UNKNOWN
        self.ways: Mapping[str, Mapping[str, Way]] = {}
        self.told: Mapping[str, str | None] = {}

    def entity(self, name: str) -> EntitySchema | None:
        """The entity called `name`, or None."""
        self._lookups.note((OUTLINE, name))
        if name not in self._entities and name in self._shapes:
            shape = self._shapes[name]
            self._fields[name] = _Fields(shape, self)
            self._entities[name] = EntitySchema(
                name, self._fields[name], shape.inverses, shape.title_source()
            )
        return self._entities.get(name)

    def entity_names(self) -> Iterable[str]:
        """The names of all entities."""
        return self._shapes.keys()

    def settings(self) -> Mapping[str, Mapping[str, Type]]:
        """App → key → type of every setting."""
        self._lookups.note(SETTINGS)
        return self._settings

    def roles(self) -> Iterable[str]:
        """The names of all roles."""
        self._lookups.note(ROLE_NAMES)
        return self._roles

    # --- what rules may write

    def why_not_settable(self, entity: str, field: str) -> str | None:
        """Why a rule cannot set a field, as a sentence; None if it can."""
        shape = self._shapes[entity].fields.get(field)
        if shape is None:
            return None if field in _ASSIGNABLE else f"`{field}` cannot be set; the platform keeps it."
        if shape.initial is not None:
            return f"`{field}` is under a workflow; take a transition with `do transition(…)`."
        if shape.declared.name in _COMPUTED:
            return f"`{field}` cannot be set; the platform makes its value."
        if shape.rule_type.kind in _NOT_YET_SET or shape.declared.name in _WITHOUT_VALUES:
            return f"Rules cannot set fields of type `{shape.declared.name}` yet."
        return None

    def required_fields(self, entity: str) -> Iterable[str]:
        """The fields without which a record of `entity` cannot be created, and which have no default."""
        for name, shape in self._shapes[entity].fields.items():
            made = shape.initial is not None or shape.declared.name in _COMPUTED
            needed = shape.node.plain("required") is True and shape.node.plain("visible", True) is True
            if needed and not made and shape.node.get("default") is None:
                yield name

    def transitions(self, entity: str) -> Iterable[str]:
        """The names of the transitions of an entity's workflow."""
        self._lookups.note(WAYS)
        return self.ways.get(entity, {})

    def way(self, entity: str, transition: str) -> Way | None:
        """Where a transition of an entity's workflow leads; None if there is no such one."""
        self._lookups.note(WAYS)
        return self.ways.get(entity, {}).get(transition)

    def messages(self) -> Mapping[str, str | None]:
        """The messages that rules can name → the entity that each is about."""
        self._lookups.note(MESSAGES)
        return self.told

    def facts(self) -> Mapping[Lookup, object]:
        """What does not belong to a single entity, in a form in which the order counts."""
        return {
            SETTINGS: repr(self._settings),  # types that differ in their details are equal
            ROLE_NAMES: self._roles,
            MESSAGES: tuple(self.told.items()),
            WAYS: tuple((entity, tuple(ways.items())) for entity, ways in self.ways.items()),
        }

    # --- formulas

    def settled(self) -> None:
        """The types of all formulas are known: let go of what was needed to find them."""
        self.stored_type = _unsettled

    def settle(self, entity: str, field: str, formula_type: Type) -> None:
        """Remembers the type that the expression of a formula turned out to have."""
        if self.entity(entity) is not None:
            self._fields[entity].settle(field, formula_type)

    def field_at(self, entity: str, path: str) -> tuple[FieldSchema | None, str | None]:
        """The field at the end of a dotted path of references from `entity`, or None and what is wrong."""
        steps = path.split(".")
        if len(steps) > _MOST_HOPS + 1:
            return None, f"a path follows at most {_MOST_HOPS} references"
        for position, step in enumerate(steps):
            schema = self.entity(entity)
            found = schema.fields.get(step) if schema is not None else None
            if found is None:
                return None, f"`{entity}` has no field `{step}`"
            if position == len(steps) - 1:
                return found, None
            if found.type.kind is Kind.COMPOUND and position == len(steps) - 2:
                return _part_of(found, steps[-1])
            if found.type.kind is not Kind.REFERENCE or len(found.type.entities) != 1:
                return None, f"`{step}` leads to no single other record"
            entity = found.type.entities[0]
        return None, "it is empty"

    def suggestion(self, entity: str, path: str) -> str | None:
        """A hint for a path of which one step is unknown."""
        for step in path.split("."):
            schema = self.entity(entity)
            if schema is None or step not in schema.fields:
                return did_you_mean(step, schema.fields if schema is not None else ())
            entity = next(iter(schema.fields[step].type.entities), "")
        return None


def _unsettled(entity: str, shape: FieldShape) -> Type:
    """Of an application that was not accepted, which nobody asks."""
    raise LookupError(f"the type of {entity}.{shape.name} was never found")


def _part_of(field: FieldSchema, part: str) -> tuple[FieldSchema | None, str | None]:
    """The part of a field of several, seen as a field."""
    if part not in field.type.attributes:
        return None, f"`{field.name}` has no part `{part}`; it has {', '.join(field.type.attributes)}"
    return FieldSchema(part, field.type.attributes[part]), None


class _Fields(Mapping[str, FieldSchema]):
    """The fields of an entity, made when they are asked for: the type of a
    stored formula needs its expression.
    """

    def __init__(self, shape: EntityShape, world: World) -> None:
        self._shape = shape
        self._world = world
        self._system = shape.system_types()
        self._made: dict[str, FieldSchema] = {}

    def __getitem__(self, name: str) -> FieldSchema:
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._shape.fields or name in self._system

    def __iter__(self) -> Iterator[str]:
        yield from self._shape.fields
        yield from self._system

    def __len__(self) -> int:
        return len(self._shape.fields) + len(self._system)

    def settle(self, name: str, formula_type: Type) -> None:
        """Gives a formula its type."""
        # A stored formula asks for its own type here; looking it up would seem to be a cycle.
        stored = is_stored(self._shape.fields[name].node)
        expression = None if stored else self[name].expression
        self._made[name] = _field(name, formula_type, expression)

    def _make(self, name: str) -> FieldSchema:
        if name in self._system:
            return FieldSchema(name, self._system[name])
        shape = self._shape.fields[name]
        if shape.declared.name == "secret":
            return FieldSchema(name, shape.rule_type, secret=True)
        if shape.declared.name != "formula":
            found = _field(name, shape.rule_type, states=shape.states)
            return found if shape.through is None else replace(found, through=shape.through)
        if is_stored(shape.node):
            return _field(name, self._world.stored_type(self._shape.name, shape))
        return FieldSchema(name, _UNKNOWN, expression=str(shape.node.plain("expression")))


def _field(
    name: str, type_: Type, expression: str | None = None, states: States | None = None
) -> FieldSchema:
    """A field of a document; an amount of money is kept in the organisation's currency as well."""
    return FieldSchema(name, type_, expression, states or {}, converted=type_.kind is Kind.MONEY)


def is_stored(node: Node) -> bool:
    """Whether a formula is kept by the platform."""
    return bool(node.plain("stored", False))
