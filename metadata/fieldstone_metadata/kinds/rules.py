"""Rule files: checked all together, every problem at its place, and what this version does not run yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from fieldstone_metadata.declarations import Origin
from fieldstone_metadata.documents import Document
from fieldstone_metadata.lookups import Lookup
from fieldstone_metadata.nodes import Node
from fieldstone_metadata.problems import ERROR, Problem
from fieldstone_metadata.suggestions import did_you_mean
from fieldstone_metadata.workspace import Workspace, origin_of
from fieldstone_metadata.world import World
from fieldstone_rules import Problem as RuleProblem
from fieldstone_rules.checking.context import UserFunction
from fieldstone_rules.rule_files import RuleFiles, parts
from fieldstone_rules.rule_files.course import Course, FileCheck
from fieldstone_rules.rule_files.declarations import (
    Declaration,
    Do,
    Event,
    RuleFile,
    Sla,
    Trigger,
)
from fieldstone_rules.spans import line_and_column
from fieldstone_rules.tree import Constant

KIND = "rules"
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_SHARE = "share"


def read_rules(workspace: Workspace, world: World) -> RuleFiles:
    """The rule files of an application; their functions can be called before the files are checked."""
    sources = {name: str(document.root.plain("text")) for name, document in _documents(workspace).items()}
    return RuleFiles(sources, world, _Following(workspace))


class _Following(Course):
    """What of an earlier check is still right of a rule file is taken over."""

    def __init__(self, workspace: Workspace) -> None:
        self._building = workspace.building
        self._roots = {name: document.root for name, document in _documents(workspace).items()}
        self._asked: dict[str, set[Lookup]] = {}

    def kept(self, file: str) -> FileCheck | None:
        """What was found of a file without functions. Those with functions are read for the sake of them."""
        part = self._building.kept((KIND, file), (self._roots[file],))
        found: FileCheck | None = part.result if part is not None else None
        return found if found is not None and not found.file.functions else None

    def file(self, file: str, check: Callable[[], FileCheck]) -> FileCheck:
        """A file is a part; what it depends on is what is looked up while it is checked."""
        return self._building.part((KIND, file), (self._roots[file],), check)

    def function(self, full_name: str, find: Callable[[], UserFunction]) -> UserFunction:
        """Whoever uses a function depends on all that was looked up when it was checked, and on its file."""
        lookups = self._building.lookups
        if full_name not in self._asked:
            with lookups.heard() as heard:
                found = find()
            self._asked[full_name] = {*heard, (KIND, full_name.partition(".")[0])}
        else:
            found = find()
        lookups.note(*self._asked[full_name])
        return found


def rule_origins(workspace: Workspace) -> Mapping[str, Origin]:
    """Where the rule files stand, by name."""
    return {name: origin_of(document.root) for name, document in _documents(workspace).items()}


def build_rules(files: RuleFiles, workspace: Workspace) -> Mapping[str, RuleFile]:
    """The declarations of all rule files by the names of the files; what is wrong is reported."""
    checked = files.check()
    silenced = workspace.silenced | files.lost
    for name, document in _documents(workspace).items():
        source = document.root.source
        found = [
            problem for problem in checked.problems[name] if not _is_echo(problem, source.text, silenced)
        ]
        workspace.report.extend(_in_file(problem, document.root) for problem in found)
        if name in checked.files:
            sources = (checked.files[name], document.root)
            workspace.building.part(
                ("beside rules", name), sources, partial(_check_beside, *sources, workspace)
            )
    return checked.files


def _check_beside(file: RuleFile, root: Node, workspace: Workspace) -> None:
    """What the language itself knows nothing of."""
    _refuse_later(file, root, workspace)
    _check_shares(file, root, workspace)
    _check_calendars(file, root, workspace)


def _check_shares(file: RuleFile, root: Node, workspace: Workspace) -> None:
    """Reports rules that share records of an entity that no role may share: such shares are not looked at."""
    for part in (found for declaration in file.declarations for found in parts(declaration)):
        if not isinstance(part, Do) or part.action != _SHARE:
            continue
        closed = [name for name in part.arguments["record"].type.entities if not _is_shared(name, workspace)]
        if closed:
            message = f"records of `{closed[0]}` cannot be shared: no role has `share` for it"
            source = root.source
            workspace.report.extend(
                [
                    Problem(
                        source.path, part.line, 1, "not_shareable", message, _SHARE_HINT, ERROR, source.layer
                    )
                ]
            )


_SHARE_HINT = "add `share: true`, or a condition, to what a role may do with it"


def _is_shared(entity: str, workspace: Workspace) -> bool:
    """Whether some role says which records of an entity may be shared."""
    roles = workspace.of_kind("role").values()
    grants = ((role.root.plain("entities") or {}).get(entity) for role in roles)
    return any(isinstance(grant, dict) and grant.get(_SHARE, False) is not False for grant in grants)


def _check_calendars(file: RuleFile, root: Node, workspace: Workspace) -> None:
    """Reports an SLA that names a calendar which is not there."""
    known = workspace.of_kind("calendar")
    for sla in (found for found in file.declarations if isinstance(found, Sla)):
        named = sla.calendar.tree if sla.calendar is not None else None
        if isinstance(named, Constant) and named.value not in (None, *known, *workspace.silenced):
            line, column = line_and_column(file.source, named.span.start)
            message = f"there is no calendar `{named.value}`"
            hint, source = did_you_mean(str(named.value), known), root.source
            place = (source.path, line, column)
            workspace.report.extend([Problem(*place, "unknown_calendar", message, hint, ERROR, source.layer)])


def _documents(workspace: Workspace) -> Mapping[str, Document]:
    return workspace.of_kind(KIND)


def _is_echo(problem: RuleProblem, text: str, silenced: set[str] | frozenset[str]) -> bool:
    """Whether a problem follows from another that is reported where it arises."""
    if problem.code in ("syntax", "too_long", "too_complex"):
        return False
    lines = text.split("\n")
    line = lines[problem.line - 1] if problem.line <= len(lines) else ""
    if problem.code == "unknown_name":
        line = line[problem.column - 1 : problem.end_column - 1]
    return problem.code == "broken_formula" or bool(set(_WORD.findall(line)) & silenced)


def _in_file(problem: RuleProblem, root: Node) -> Problem:
    message = problem.message[:1].lower() + problem.message[1:].removesuffix(".")
    source = root.source
    place = (source.path, problem.line, problem.column)
    return Problem(*place, problem.code, message, problem.hint, problem.severity, source.layer)


# ---- what does not run yet


def _refuse_later(file: RuleFile, root: Node, workspace: Workspace) -> None:
    for declaration in file.declarations:
        for line, what in _not_yet(declaration, workspace):
            message = f"{what} are not supported yet"
            source = root.source
            workspace.report.extend(
                [Problem(source.path, line, 1, "not_supported_yet", message, None, ERROR, source.layer)]
            )


def _not_yet(declaration: Declaration, workspace: Workspace) -> Iterator[tuple[int, str]]:
    """(line, what) of everything in a declaration that is checked but not run."""
    if isinstance(declaration, Trigger):
        yield from _trigger_not_yet(declaration, workspace)


def _trigger_not_yet(trigger: Trigger, workspace: Workspace) -> Iterator[tuple[int, str]]:
    deleting = any(occasion.event is Event.DELETE for occasion in trigger.occasions)
    if deleting and _goes_with_others(trigger.entity, workspace):
        yield trigger.line, "triggers on the deletion of records that are deleted with others"


def _goes_with_others(entity: str, workspace: Workspace) -> bool:
    """Whether records go as a part of another save: inside others, with others, or as links of others."""
    shape = workspace.entities[entity]
    return bool(shape.links) or any(field.cascades for field in shape.fields.values())
