"""Changed roles as they were handed in: checked with everything that is published, and a model made of it.

Nothing but roles differs, so the model shares its entities and tables with the one in force.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.errors import FieldError, Invalid
from fieldstone.model.model import Model
from fieldstone.publication.store import load_layers
from fieldstone_metadata import File, Problem, check
from fieldstone_metadata.documents import Document, parse_file
from fieldstone_metadata.layer_files import LOCAL
from fieldstone_metadata.reporting import Report

PATH = "what_if.yaml"
"""What the text that was handed in is called in problems."""

_ROLE, _ADMIN = "role", "admin"


@dataclass(frozen=True)
class ChangedRoles:
    """The model as it would be, the names of the roles handed in, and what the check warns of in them."""

    model: Model
    names: tuple[str, ...]
    warnings: tuple[Problem, ...]


def changed_roles(context: Context, connection: sa.Connection, text: str) -> ChangedRoles:
    """What would be in force with the whole role documents in `text` (YAML or JSON) for those published.

    Raises Invalid with all problems of the documents, each with its place, code and hint.
    """
    documents = _documents(text)
    layers = load_layers(connection, context.database.system, context.model.version)
    checked = check(layers, documents, context.model.application)
    own = [problem for problem in checked.problems if problem.path == PATH]
    if checked.application is None:
        _refuse([problem for problem in own if problem.severity == "error"] or checked.errors)
    assert checked.application is not None
    application = checked.application
    model = replace(context.model, application=application, rules_schema=application.schema, cache={})
    return ChangedRoles(model, tuple(document.name for document in documents), tuple(own))


def _documents(text: str) -> tuple[Document, ...]:
    parsed = parse_file(LOCAL, File(PATH, text))
    report = Report()
    report.extend(parsed.problems)
    names: set[str] = set()
    for document in parsed.documents:
        _check_document(document, names, report)
    if not parsed.documents and not report.problems:
        problem = Problem(PATH, 1, 1, "nothing_to_read", "there is no document of kind `role` here")
        report.extend([problem])
    if report.problems:
        _refuse(report.sorted())
    return parsed.documents


def _check_document(document: Document, names: set[str], report: Report) -> None:
    root = document.root
    if document.kind != _ROLE:
        hint = "hand in whole documents of kind `role`"
        report.error(root, "not_a_role", f"a document of kind `{document.kind}` is no role", hint)
    elif document.name == _ADMIN:
        report.error(root, "admin_is_built_in", f"`{_ADMIN}` may do everything; it cannot be changed")
    elif document.extends:
        hint = "write everything that the role is to say, without `extends`"
        report.error(root.get("extends") or root, "not_whole", "a change to a role is no whole role", hint)
    elif document.name in names:
        report.error(root, "defined_twice", f"the role `{document.name}` is defined a second time")
    names.add(document.name)


def _refuse(problems: list[Problem] | tuple[Problem, ...]) -> None:
    told = [FieldError("role", one.code, _words(one), line=one.line, column=one.column) for one in problems]
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    message = f"The role cannot be published like this: {told[0].message}{more}. Nothing was compared."
    raise Invalid(
        message,
        code="bad_role",
        errors=told,
        details={"problems": [problem.as_json() for problem in problems]},
    )


def _words(problem: Problem) -> str:
    return f"{problem.message} ({problem.hint})" if problem.hint else problem.message
