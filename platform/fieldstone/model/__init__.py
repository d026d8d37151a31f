"""The compiled model: what documents become once they are published."""

from fieldstone.model.compile import compile_condition, compile_model, compile_rule
from fieldstone.model.model import (
    Condition,
    Entity,
    Field,
    Inverse,
    Link,
    Model,
    Rule,
    Transition,
    Workflow,
)

__all__ = [
    "Condition",
    "Entity",
    "Field",
    "Inverse",
    "Link",
    "Model",
    "Rule",
    "Transition",
    "Workflow",
    "compile_condition",
    "compile_model",
    "compile_rule",
]
