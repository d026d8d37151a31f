"""What in a rule file runs as a job: it is checked like all else, and waits for a platform that runs jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fieldstone_rules.rule_files.declarations import (
    Assignment,
    Declaration,
    Do,
    Moment,
    RuleFile,
    Schedule,
    Score,
    Sla,
    Trigger,
)
from fieldstone_rules.rule_files.dependencies import parts

_DECLARATIONS: Mapping[type, str] = {
    Schedule: "schedule",
    Assignment: "assignment",
    Score: "score",
    Sla: "SLA",
}
_SENDING = frozenset({"email", "webhook"})


@dataclass(frozen=True)
class Job:
    """Something that needs the job engine. what: in words. declaration: the name of the rule it is in."""

    line: int
    declaration: str
    what: str


def jobs(file: RuleFile) -> Iterator[Job]:
    """Every declaration of a file that needs the job engine, each once."""
    for declaration in file.declarations:
        line, what = _need(declaration)
        if what:
            yield Job(line, declaration.name, what)


def _need(declaration: Declaration) -> tuple[int, str]:
    """(line, what) of the first thing in a declaration that needs jobs; what is empty where nothing does."""
    name = f"`{declaration.name}`"
    if type(declaration) in _DECLARATIONS:
        return declaration.line, f"the {_DECLARATIONS[type(declaration)]} {name}"
    if isinstance(declaration, Trigger) and declaration.moment is Moment.COMMIT:
        return declaration.line, f"the trigger {name}, which runs after the commit"
    for part in parts(declaration):
        if isinstance(part, Do) and part.action in _SENDING:
            return part.line, f"the action `{part.action}` in {name}"
    return declaration.line, ""
