"""The JSON Schema of mapping files, and its violations as problems with a place and a hint."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

import jsonschema

from fieldstone_metadata.nodes import Node, at_path, to_plain
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.suggestions import did_you_mean


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a mapping file."""
    text = files("fieldstone.transfer").joinpath("mapping.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def check(root: Node, report: Report) -> None:
    """Add every violation of the schema in `root` to `report`."""
    for violation in jsonschema.Draft202012Validator(schema()).iter_errors(to_plain(root)):
        for leaf in _leaves(violation):
            _explain(root, leaf, report)


def _leaves(violation: Any) -> Iterator[Any]:
    """The violation itself or, of a `oneOf`, all of the one alternative that was meant."""
    if not violation.context:
        yield violation
        return
    alternatives = groupby(violation.context, key=lambda v: v.relative_schema_path[0])
    for inner in max((list(group) for _, group in alternatives), key=_likeness):
        yield from _leaves(inner)


def _likeness(violations: list[Any]) -> tuple[bool, int]:
    """How near an alternative is to what is written: of the right type, then wrong only deep inside."""
    return all(v.validator != "type" or v.relative_path for v in violations), min(
        len(v.path) for v in violations
    )


def _explain(root: Node, violation: Any, report: Report) -> None:
    node = at_path(root, list(violation.absolute_path))
    if violation.validator == "additionalProperties":
        _explain_unknown_keys(node, violation, report)
    elif violation.validator == "required":
        missing = [key for key in violation.validator_value if key not in violation.instance]
        report.error(node, "missing_key", f"the key `{'`, `'.join(missing)}` is missing here")
    elif violation.validator == "enum":
        known = [str(value) for value in violation.validator_value]
        message = f"`{violation.instance}` is none of {', '.join(map(repr, known))}"
        report.error(node, "bad_value", message, did_you_mean(str(violation.instance), known, list_up_to=0))
    elif violation.validator == "pattern":
        message = f"`{violation.instance}` is no name: lower-case letters, digits and underscores are"
        report.error(node, "bad_name", message)
    else:
        report.error(node, "bad_value", violation.message)


def _explain_unknown_keys(node: Node, violation: Any, report: Report) -> None:
    known = violation.schema["properties"]
    for key in violation.instance:
        if key not in known:
            report.error_at_key(
                at_path(node, [key]),
                "unknown_key",
                f"the key `{key}` is not known here",
                did_you_mean(key, known),
            )
