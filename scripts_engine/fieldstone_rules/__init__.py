"""The rule language of Fieldstone: one typed tree, several evaluators that agree.

Text becomes a checked `Expression` (`check_expression`), which becomes a Python function (`compile_closure`,
or `compile_python` where it runs often) or a SQLAlchemy column (`lower`). The language knows the world only
through `Schema`, `Related` and `Tables`.
"""

from fieldstone_rules.checking.names import RESERVED
from fieldstone_rules.closures import compile_closure
from fieldstone_rules.durations import Duration
from fieldstone_rules.environment import NOBODY, Environment, Related, Row, Value
from fieldstone_rules.errors import EvaluationError, Problem, RuleError
from fieldstone_rules.explain import Step, explain, explain_parts
from fieldstone_rules.expression import Expression, Purpose, Scope, check_expression, check_text
from fieldstone_rules.formatter import format_expression, format_file
from fieldstone_rules.functions import FUNCTIONS
from fieldstone_rules.functions.declaration import FunctionDeclaration
from fieldstone_rules.generated import compile_python
from fieldstone_rules.schema import EntitySchema, FieldSchema, InverseSchema, Schema, Through
from fieldstone_rules.spans import caret
from fieldstone_rules.sql import lower
from fieldstone_rules.sql.constants import RequestConstants, parameters
from fieldstone_rules.sql.scope import Pairs, SqlScope, Tables, is_there
from fieldstone_rules.tree import CollectionSource, Node
from fieldstone_rules.types import Kind, Ref, Type
from fieldstone_rules.working_time import Calendar, PlainWeek

__all__ = [
    "FUNCTIONS",
    "NOBODY",
    "RESERVED",
    "Calendar",
    "CollectionSource",
    "Duration",
    "EntitySchema",
    "Environment",
    "EvaluationError",
    "Expression",
    "FieldSchema",
    "FunctionDeclaration",
    "InverseSchema",
    "Kind",
    "Node",
    "Pairs",
    "PlainWeek",
    "Problem",
    "Purpose",
    "Ref",
    "Related",
    "RequestConstants",
    "Row",
    "RuleError",
    "Schema",
    "Scope",
    "SqlScope",
    "Step",
    "Tables",
    "Through",
    "Type",
    "Value",
    "caret",
    "check_expression",
    "check_text",
    "compile_closure",
    "compile_python",
    "explain",
    "explain_parts",
    "format_expression",
    "format_file",
    "is_there",
    "lower",
    "parameters",
]
