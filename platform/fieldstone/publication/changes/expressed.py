"""Fields whose values an expression (`convert`) makes of the records as they were.

The expression is written in the new documents and reads those in force, so it is checked where both are
known. It is obeyed once: where the documents in force say it too, or nothing converts, it has no effect.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from fieldstone.fields.conversions import CONVERSIONS, conversion_of, limits_in_sql
from fieldstone.fields.reference import ReferenceType
from fieldstone.model.model import Entity, Field, Model, Rule
from fieldstone.publication.changes.renames import Renames
from fieldstone_metadata.declarations import Conversion
from fieldstone_rules import Expression, Kind, Purpose, RuleError, Scope, Type, check_expression
from fieldstone_rules import Problem as RuleProblem


@dataclass(frozen=True, eq=False)
class ExpressedField:
    """A field that goes on with values that an expression gives.

    entity: by its new name; before: in force, with `old`. expression: None where it is wrong, as `problems`
    say, each with its place. as_text: the expression gives a text, which the new type reads as it reads a
    cell of a file. in_sql: whether the database can tell the values. renames: of the entities it may lead to.
    """

    entity: str
    before: Entity
    old: Field
    new: Field
    expression: Expression | None
    problems: tuple[str, ...]
    as_text: bool
    in_sql: bool
    renames: Renames

    @cached_property
    def rule(self) -> Rule | None:
        """The expression with its Python form."""
        return None if self.expression is None else Rule(self.expression)

    @property
    def element(self) -> str:
        """What people call it."""
        return f"field {self.entity}.{self.new.name}"


def expressed_between(
    old: Model | None, new: Model, renames: Renames, changed: Collection[str]
) -> tuple[ExpressedField, ...]:
    """The fields of both models that an expression converts. changed: the entities that may hold some."""
    return tuple(_expressed(old, new, renames, changed)) if old is not None else ()


def _expressed(
    old: Model, new: Model, renames: Renames, changed: Collection[str]
) -> Iterator[ExpressedField]:
    for name in sorted(changed & new.entities.keys()):
        before = old.entities.get(renames.entity_before(name))
        for field in new.entities[name].fields.values() if before is not None else ():
            known = before.fields.get(renames.field_before(name, field.name)) if before else None
            if before is not None and known is not None and _is_said(known, field):
                options = renames.options.get((name, field.name), {})
                if _converts(known, field, renames) or _options_go(known, field, options):
                    yield _checked(old, new, before, known, name, field, renames)


def _is_said(old: Field, new: Field) -> bool:
    said, now = old.declaration.convert, new.declaration.convert
    return now is not None and (said is None or said.source != now.source)


def _converts(old: Field, new: Field, renames: Renames) -> bool:
    """Whether the values of a field may not be what the new one holds."""
    if old.declaration.type != new.declaration.type or conversion_of(old.type, new.type) is not None:
        return True
    before, after = _targets(old), _targets(new)
    return not {renames.entity(target) for target in before} <= after


def _targets(field: Field) -> frozenset[str]:
    return frozenset(field.type.targets) if isinstance(field.type, ReferenceType) else frozenset()


def _options_go(old: Field, new: Field, renamed: Collection[str]) -> bool:
    kept = {option.value for option in new.declaration.choices} | set(renamed)
    return any(option.value not in kept for option in old.declaration.choices)


def _checked(  # noqa: PLR0917  # two models, and what is looked at in each
    old: Model, new: Model, before: Entity, known: Field, entity: str, field: Field, renames: Renames
) -> ExpressedField:
    convert = field.declaration.convert
    assert convert is not None
    wanted = _in_old_names(_type_of(new, entity, field.name), renames)
    scope = Scope(
        old.rules_schema, before.name, expected=wanted, user=False, functions=old.application.functions
    )
    as_text = _reads_texts(field)
    try:
        if as_text:
            scope = replace(scope, expected=Type(Kind.TEXT)) if _gives_text(convert, scope) else scope
        expression: Expression | None = check_expression(convert.source, scope)
        problems: tuple[str, ...] = ()
    except RuleError as error:
        expression, problems = None, tuple(_at_place(convert, problem) for problem in error.problems)
    in_sql = expression is not None and _has_sql(convert.source, scope)
    as_text = as_text and expression is not None and expression.type.kind in (Kind.TEXT, Kind.CHOICE)
    return ExpressedField(
        entity, before, known, field, expression, problems, as_text,
        in_sql and not as_text and limits_in_sql(field.type), renames,
    )  # fmt: skip  # what was found, on as few lines


def _type_of(model: Model, entity: str, field: str) -> Type:
    """What expressions see of a field."""
    schema = model.rules_schema.entity(entity)
    assert schema is not None
    return schema.fields[field].type.optional()


def _in_old_names(wanted: Type, renames: Renames) -> Type:
    return replace(wanted, entities=tuple(map(renames.entity_before, wanted.entities)))


def _reads_texts(field: Field) -> bool:
    """Whether texts become values of the field as cells of a file do."""
    how = CONVERSIONS.get(("text", field.declaration.type))
    return how is not None and how.sql is None


def _gives_text(convert: Conversion, scope: Scope) -> bool:
    try:
        found = check_expression(convert.source, replace(scope, expected=None))
    except RuleError:
        return False
    return found.type.kind is Kind.TEXT


def _has_sql(source: str, scope: Scope) -> bool:
    """Whether the database can compute it; what only Python can is computed record by record."""
    try:
        check_expression(source, replace(scope, purpose=Purpose.FORMULA))
    except RuleError:
        return False
    return True


def _at_place(convert: Conversion, problem: RuleProblem) -> str:
    """A problem as `file:line:column: message (hint)`."""
    line, column = convert.origin.beginnings[min(problem.line, len(convert.origin.beginnings)) - 1]
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{convert.origin.path}:{line}:{column + problem.column - 1}: {problem.message.rstrip('.')}{hint}"
