"""Documents against the JSON Schema of their kind: every problem at its key or value, and
what is sound of them.

`sound` reports all that is wrong and returns the document without it, so that the checks that follow can
rely on its
shape. The names of what was taken out are remembered: nobody complains again that they are missing.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

import jsonschema_rs

from fieldstone_metadata.document_schemas import Schema, field_type_schemas, schemas
from fieldstone_metadata.nodes import Node, at_path, copied, to_plain
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.suggestions import did_you_mean, nearest

_MOST_ROUNDS = 40
_MOST_PER_DOCUMENT = 200

Failure = Any
"""A `jsonschema_rs.ValidationError`; its stubs do not say which attributes `kind` has for which keyword."""


class _LaterError(ValueError):
    """Raised by the keyword `x-later`."""


class _Later:
    """The keyword `x-later` of our schemas: the value is known and refused for now."""

    def __init__(self, _parent: Schema, value: Any, _path: list[str | int]) -> None:
        self.refused = value

    def validate(self, instance: Any) -> None:
        """Raises for a refused value."""
        if self.refused is True or instance in self.refused:
            raise _LaterError


@cache
def _validator(kind: str) -> Any:
    return jsonschema_rs.Draft202012Validator(schemas()[kind], keywords={"x-later": _Later})


def sound(root: Node, kind: str, report: Report, silenced: set[str]) -> Node | None:
    """Reports what is wrong with the document `root` and returns the sound rest of it, or
    None if nothing is left.

    `silenced` receives the names of elements that were taken out or lost a part of theirs.
    """
    validator = _validator(kind)
    failures = list(validator.iter_errors(to_plain(root)))
    for failure in failures[:_MOST_PER_DOCUMENT]:
        _report(failure, root, schemas()[kind], report)
    root = copied(root) if failures else root  # what was read is shared with later checks
    rounds = 0
    while failures:
        rounds += 1
        if rounds > _MOST_ROUNDS or not _prune(root, failures, silenced):
            return None
        failures = list(validator.iter_errors(to_plain(root)))
    return root


def _prune(root: Node, failures: list[Failure], silenced: set[str]) -> bool:
    """Takes out of `root` what failed. False: the document as a whole cannot be used."""
    doomed: dict[int, tuple[Node, set[str | int]]] = {}
    for failure in failures:
        path = list(failure.instance_path)
        keys: set[str | int] = set()
        if failure.kind.name == "additionalProperties":
            keys = set(failure.kind.unexpected)
        elif failure.kind.name == "propertyNames":
            keys = {failure.kind.error.instance}
        elif path:
            keys = {path.pop()}
        else:
            return False
        _mark_element(root, list(failure.instance_path) or list(keys), silenced)
        parent = at_path(root, path)
        doomed.setdefault(id(parent), (parent, set()))[1].update(keys)
    for parent, keys in doomed.values():
        _remove(parent, keys)
    return True


_ELEMENTS = frozenset({"fields", "states", "transitions", "settings", "entities"})


def _mark_element(root: Node, path: list[str | int], silenced: set[str]) -> None:
    """Marks the named element in which something failed: what else it lacks is not its author's fault."""
    if len(path) > 1 and path[0] in _ELEMENTS and isinstance(path[1], str):
        element = at_path(root, path[:2])
        inverse = element.get("inverse")
        silenced |= {path[1], str(inverse.value)} if inverse is not None else {path[1]}
        element.broken = True


def _remove(parent: Node, keys: set[str | int]) -> None:
    parent.broken = True
    if isinstance(parent.value, dict):
        parent.value = {key: child for key, child in parent.value.items() if key not in keys}
    elif isinstance(parent.value, list):
        parent.value = [child for index, child in enumerate(parent.value) if index not in keys]


def _report(failure: Failure, root: Node, schema: Schema, report: Report) -> None:
    node = at_path(root, list(failure.instance_path))
    around = _schema_around(schema, list(failure.schema_path))
    name = failure.kind.name
    if name == "additionalProperties":
        for key in failure.kind.unexpected:
            _report_unknown_key(node.value[key], key, around, report)
    elif name == "propertyNames":
        _report_bad_key(node, failure, around, report)
    elif name == "required":
        message = f"the key `{failure.kind.property}` is missing here: it is required"
        report.error_at_key(node, "key_missing", message)
    elif name == "x-later":
        _report_later(node, list(failure.instance_path), around, report)
    elif not node.broken:
        _report_value(node, failure, around, report)


def _schema_around(schema: Any, path: list[str | int]) -> Schema:
    """The schema that holds the keyword which failed."""
    for step in path[:-1]:
        schema = schema[step]
    found: Schema = schema if isinstance(schema, dict) else {}
    return found


def _report_unknown_key(child: Node, key: str, around: Schema, report: Report) -> None:
    known = around.get("properties", {})
    types = [name for name, declared in field_type_schemas().items() if key in declared.get("properties", {})]
    in_field = "a field of type" in around.get("title", "")
    hint = did_you_mean(key, known, list_up_to=15)
    if in_field and key in types_common_keys():
        message = f"`{_short(key)}` makes no sense for {around['title']}"
        report.error_at_key(child, "unknown_key", message)
    elif in_field and types and nearest(key, known, 0.8) is None:
        message = f"`{_short(key)}` is not a key of {around['title']}"
        report.error_at_key(child, "unknown_key", message, f"only {', '.join(types)} know it")
    else:
        report.error_at_key(child, "unknown_key", f"there is no key `{_short(key)}` here", hint)


@cache
def types_common_keys() -> frozenset[str]:
    """The keys that most field types share."""
    return frozenset(key for declared in field_type_schemas().values() for key in declared.get("without", ()))


def _report_bad_key(node: Node, failure: Failure, around: Schema, report: Report) -> None:
    key = failure.kind.error.instance
    child = node.value[key]
    message = f"`{_short(key)}` cannot stand as a key here"
    report.error_at_key(child, "bad_name", message, around.get("description") or around.get("title"))


def _report_later(node: Node, path: list[str | int], around: Schema, report: Report) -> None:
    """What is refused is a key as a whole, or one of its values."""
    key = next((step for step in reversed(path) if isinstance(step, str)), "")
    whole = around["x-later"] is True
    shown = key if whole else f"{key}: {str(node.value).lower()}"
    report.error_at_key(node, "not_supported_yet", f"`{_short(shown)}` is not supported yet")


def _report_value(node: Node, failure: Failure, around: Schema, report: Report) -> None:
    name, value = failure.kind.name, node.value
    if name == "enum":
        options = [str(option) for option in failure.kind.options]
        message = f"`{_short(str(value))}` is not one of the values that may stand here"
        report.error(node, "unknown_value", message, did_you_mean(str(value), options, list_up_to=50))
    elif name == "uniqueItems":
        report.error(node, "repeated_value", "a value stands here twice")
    elif name in _SIZES:
        report.error(node, "wrong_size", f"this is {_SIZES[name].format(failure.kind.limit)}")
    else:
        expected = around.get("title") or _TYPES.get(str(around.get("type")), "another value")
        report.error(
            node, "wrong_type", f"this must be {expected}, not {_what(node)}", _type_hint(node, around)
        )


_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "string": "a text",
}
_SIZES = {
    "minLength": "shorter than {} characters",
    "maxLength": "longer than {} characters",
    "minItems": "a list of fewer than {} items",
    "maxItems": "a list of more than {} items",
    "minProperties": "a mapping of fewer than {} entries",
    "maxProperties": "a mapping of more than {} entries",
    "minimum": "less than {}",
    "maximum": "more than {}",
}


def _what(node: Node) -> str:
    value = node.value
    if isinstance(value, str):
        return f"`{_short(value)}`"
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, (int, Decimal)):
        return f"the number {_short(str(value))}"
    return "a mapping" if isinstance(value, dict) else "a list"


def _type_hint(node: Node, around: Schema) -> str | None:
    types = around.get("type", ())
    takes_text = "string" in ([types] if isinstance(types, str) else types)
    if takes_text and isinstance(node.value, (bool, int, Decimal)):
        return f'if a text is meant, quote it: "{node.source.text[node.start : node.end]}"'
    if takes_text and node.style == "{":
        raw = node.source.text[node.start : node.end].replace("'", "''")
        return f"a text or expression that begins with a bracket is quoted: '{_short(raw)}'"
    return around.get("description") if isinstance(node.value, str) else None


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
