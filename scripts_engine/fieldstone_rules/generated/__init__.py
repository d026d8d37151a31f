"""The fast evaluator: Python code, built as an `ast` from the typed tree and never from text."""

from __future__ import annotations

from fieldstone_rules.closures import RAISING, Closure, compile_closure
from fieldstone_rules.expression import CONDITIONS, UNKNOWN_IS_TRUE, Expression
from fieldstone_rules.generated.code import Unit
from fieldstone_rules.generated.emitting import emit_root


def compile_python(expression: Expression) -> Closure:
    """The expression as a compiled function of an environment; it means what `compile_closure` means.

    A tree too deep for Python's own compiler is evaluated by closures.
    """
    purpose = expression.scope.purpose
    unit = Unit(expression.source, raising=purpose in RAISING)
    try:
        emit_root(unit, expression.tree, sure=purpose in CONDITIONS, otherwise=purpose in UNKNOWN_IS_TRUE)
        return unit.compiled()
    except RecursionError:
        return compile_closure(expression)


__all__ = ["compile_python"]
