"""The function library. Each function is declared once, in the module of its topic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fieldstone_rules.functions import numeric, operators, special, texts, times
from fieldstone_rules.functions.declaration import FunctionDeclaration

_MODULES = (numeric, texts, times, special)

FUNCTIONS: Mapping[str, FunctionDeclaration] = MappingProxyType(
    {declaration.name: declaration for module in _MODULES for declaration in module.DECLARATIONS}
    | {operators.SHIFT.name: operators.SHIFT}
)
OPERATORS: Mapping[str, FunctionDeclaration] = MappingProxyType(
    {declaration.name: declaration for declaration in operators.DECLARATIONS}
)
